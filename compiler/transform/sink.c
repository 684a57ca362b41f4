/* sink: cheap elementwise work runs where its readers are. A value that one region computes and another reads is stored
 * and loaded; where it costs less to compute it beside its reader, from what is loaded there anyway, the reader gets a
 * node of its own for it, which runs in its region. (No simplify may follow: it shares equal nodes.)
 *
 * before:   region frames   %3 = mul %g, %g          after:   region scan   %8 = mul %g, %g  beside %9
 *                           %4 = sub 1, %3                                  %9 = sub 1, %8   beside %5
 *           region scan     %5 = mul %d, %4                                 %5 = mul %d, %9
 *                           %6 = mul %d, %g                                 %6 = mul %d, %g
 *
 * This is also what keeps memory of training small: what the adjoint can compute again from values that it reads anyway
 * is not kept for every frame of a window.
 *
 * A row that is looked up, and read unit by unit in the region that looks it up, is not copied for that: readers take
 * it from the table. (A scan would wait for rows that a frames region fetches beside each other.) */
#include "analysis/passes.h"
#include "analysis/uses.h"
#include "base/arena.h"
#include "base/machine.h"
#include "graph/graph.h"
#include "transform/transform.h"

struct sinking {
    struct graph *graph;
    struct arena *scratch;
    struct components components;
    struct passes passes;
    struct uses uses;
    int count;    /* of the nodes that these are about */
    int load;     /* operations that take as long as a load, or a store */
    int *place;   /* by node: one in whose region it runs */
    int capacity; /* of place */
    bool *loaded; /* by node: one that has sunk loads it, so that it must be stored */
    int *again;   /* by node: the node that computes it again for later passes, or NO_NODE */
};

/* True if nodes run in one region. */
static bool is_one_region(const struct sinking *sinking, int a, int b)
{
    a = sinking->place[a];
    b = sinking->place[b];
    int one = sinking->components.of[a], other = sinking->components.of[b];
    const struct component *component = sinking->components.component;
    return sinking->passes.of[a] == sinking->passes.of[b] &&
           (component[one].cyclic || component[other].cyclic ? one == other
                                                             : component[one].stage == component[other].stage);
}

static bool is_one_pass(const struct sinking *sinking, int a, int b)
{
    return sinking->passes.of[sinking->place[a]] == sinking->passes.of[sinking->place[b]];
}

static int node_cost(const struct node *node)
{
    int flops = op_info(node->op)->flops;
    return flops ? flops : 1;
}

static bool node_is_cheap(const struct sinking *sinking, const struct node *node)
{
    return op_info(node->op)->class == OP_CLASS_ELEMENTWISE && node->time == TIME_FRAME &&
           node_cost(node) <= 2 * sinking->load;
}

/* True if a reader could have the value in a register: it needs the unit at hand, at the same frame. */
static bool use_is_by_units(const struct sinking *sinking, const struct use *use)
{
    const struct node *reader = use->reader < 0 ? NULL : sinking->graph->nodes[use->reader];
    return reader && !use->init && !use->edge->delay && reader->time == TIME_FRAME &&
           !edge_needs_all_units(sinking->graph, reader, use->edge) &&
           node_units(reader) == node_units(sinking->graph->nodes[use->edge->node]);
}

/* ---- the cost of an operand where a reader is ---- */

static bool node_has_frames(const struct graph *graph, const struct node *node)
{
    return node->time == TIME_FRAME || node_gathers_frames(graph, node);
}

enum { MANY_USES = 256 }; /* of a value: no more of them are looked through */

/* Sets *there if a node of the reader's region loads the operand, *kept if one of its pass does. */
static void find_loads(const struct sinking *sinking, const struct edge *edge, int reader, bool *there, bool *kept)
{
    int begin = sinking->uses.begin[edge->node], end = sinking->uses.begin[edge->node + 1];
    for (int u = begin; u < end && u < begin + MANY_USES && !*there; u++) {
        const struct use *use = &sinking->uses.use[u];
        const struct node *other = use->reader < 0 ? NULL : sinking->graph->nodes[use->reader];
        if (!other || use->init || use->edge->node != edge->node || !node_has_frames(sinking->graph, other))
            continue;
        *there |= use->edge->delay == edge->delay && !edge_needs_all_units(sinking->graph, other, use->edge) &&
                  is_one_region(sinking, use->reader, reader);
        *kept |= is_one_pass(sinking, use->reader, reader) && !is_one_region(sinking, use->reader, edge->node);
    }
}

/* True if an operand of the node before this one is the same. */
static bool operand_is_repeated(const struct node *node, int k)
{
    for (int before = 0; before < k; before++)
        if (edge_equal(&node->edges[before], &node->edges[k]))
            return true;
    return false;
}

/* Returns the operations that operand k of a node costs beside `reader`, more than `most` if it is not to be had for
 * them. Sets *again if it is computed there. Each turn of the recursion takes one operation from `most`. */
static int operand_cost(const struct sinking *sinking, const struct node *node, int k, int reader, int most,
                        bool *again)
{
    const struct edge *edge = &node->edges[k];
    const struct node *source = sinking->graph->nodes[edge->node];
    bool there = source->time != TIME_FRAME, kept = op_info(source->op)->class == OP_CLASS_LEAF;
    *again = false;
    if (!source->sunk && edge->node < sinking->count && !there) {
        there = !edge->delay && !kept && is_one_region(sinking, edge->node, reader);
        find_loads(sinking, edge, reader, &there, &kept);
    }
    if (there)
        return 0;
    int load = kept ? sinking->load : most + 1;
    if (edge->delay || !node_is_cheap(sinking, source) || node_units(source) != node_units(node) || most <= 0)
        return load;
    int cost = node_cost(source);
    for (int i = 0; i < source->count && cost <= most && cost < load; i++) {
        bool operand_again;
        if (!operand_is_repeated(source, i))
            cost += operand_cost(sinking, source, i, reader, most - cost, &operand_again);
    }
    *again = cost <= most && cost < load;
    return *again ? cost : load;
}

/* ---- the readers of a value ---- */

enum { READERS_MOST = 8 };

struct readers {
    const struct use *use[READERS_MOST];
    int count;
    bool fit;  /* they are no more than that, and all read unit by unit */
    bool stay; /* the value is also read where it is computed, or for all units */
};

/* Collects readers in other regions. */
static struct readers find_readers(const struct sinking *sinking, int id)
{
    struct readers readers = {.fit = !sinking->loaded[id]};
    for (int u = sinking->uses.begin[id]; u < sinking->uses.begin[id + 1] && readers.fit; u++) {
        const struct use *use = &sinking->uses.use[u];
        if (use->edge->node != id) /* it has a node of its own already */
            continue;
        if (!use_is_by_units(sinking, use) || readers.count == READERS_MOST)
            readers.fit = false;
        else if (is_one_region(sinking, use->reader, id))
            readers.stay = true;
        else
            readers.use[readers.count++] = use;
    }
    return readers;
}

/* THE cost test: a value is stored once and loaded in each region that reads it, or computed for each reader from
 * operands of which some may have to be loaded. */
static bool sinking_is_cheaper(const struct sinking *sinking, int id, const struct readers *readers)
{
    const struct node *node = sinking->graph->nodes[id];
    int saved = sinking->load, spent = readers->stay ? 0 : -node_cost(node);
    for (int r = 0; r < readers->count; r++) {
        bool seen = false;
        for (int before = 0; before < r; before++)
            seen |= is_one_region(sinking, readers->use[before]->reader, readers->use[r]->reader);
        saved += seen ? 0 : sinking->load;
    }
    for (int r = 0; r < readers->count; r++) {
        spent += node_cost(node);
        for (int k = 0; k < node->count; k++) {
            bool again;
            if (!operand_is_repeated(node, k))
                spent += operand_cost(sinking, node, k, readers->use[r]->reader, saved - spent, &again);
        }
    }
    return spent <= saved;
}

/* ---- sinking ---- */

/* Places a node that sinks in the region of a node there. */
static void place_node(struct sinking *sinking, int id, int there)
{
    sinking->graph->nodes[id]->sunk = true;
    if (id < sinking->count) {
        sinking->place[id] = sinking->place[there];
        return;
    }
    int count = id;
    ARENA_PUSH(sinking->scratch, sinking->place, count, sinking->capacity, sinking->place[there]);
}

/* Gives the reader of an edge a node of its own for the value, in the region of the node `there`. */
static void compute_again(struct sinking *sinking, struct edge *edge, int there);

/* Computes operands of a node that sinks beside it, where that is the cheaper way, and loads the others. */
static void sink_operands(struct sinking *sinking, int id, int there)
{
    struct node *node = sinking->graph->nodes[id];
    for (int k = 0; k < node->count; k++) {
        bool again;
        operand_cost(sinking, node, k, there, sinking->load * (READERS_MOST + 2), &again);
        if (again)
            compute_again(sinking, &node->edges[k], there);
        else if (node->edges[k].node < sinking->count)
            sinking->loaded[node->edges[k].node] = true;
    }
}

static void compute_again(struct sinking *sinking, struct edge *edge, int there)
{
    struct graph *graph = sinking->graph;
    const struct node *node = graph->nodes[edge->node];
    struct node *again = graph_add_node(graph, node->op, node->shape, node->time, node->count, node);
    for (int k = 0; k < node->count; k++)
        again->edges[k] = node->edges[k];
    edge->node = graph->node_count - 1;
    place_node(sinking, edge->node, there);
    sink_operands(sinking, edge->node, there);
}

static void sink_value(struct sinking *sinking, int id)
{
    struct readers readers = find_readers(sinking, id);
    if (!readers.fit || !readers.count || !sinking_is_cheaper(sinking, id, &readers))
        return;
    for (int r = readers.stay ? 0 : 1; r < readers.count; r++)
        compute_again(sinking, readers.use[r]->edge, readers.use[r]->reader);
    if (!readers.stay) { /* it keeps its name beside the first */
        sink_operands(sinking, id, readers.use[0]->reader);
        place_node(sinking, id, readers.use[0]->reader);
    }
}

static struct sinking find_places(struct graph *graph, const struct machine *machine, struct arena *scratch)
{
    struct sinking sinking = {.graph = graph,
                              .scratch = scratch,
                              .components = find_components(graph, scratch, scratch),
                              .uses = find_uses(graph, scratch),
                              .count = graph->node_count,
                              .load = machine_operations_to_load(machine),
                              .capacity = graph->node_count};
    sinking.passes = find_passes(graph, &sinking.components, &sinking.uses, scratch, scratch);
    sinking.place = ARENA_ARRAY(scratch, int, sinking.count + 1);
    sinking.again = ARENA_ARRAY(scratch, int, sinking.count + 1);
    sinking.loaded = ARENA_ARRAY(scratch, bool, sinking.count + 1);
    for (int i = 0; i < sinking.count; i++) {
        sinking.place[i] = i;
        sinking.again[i] = NO_NODE;
    }
    return sinking;
}

/* ---- later passes ---- */

static bool use_is_of_later_pass(const struct sinking *sinking, int id, const struct use *use)
{
    return use->reader >= 0 && node_has_frames(sinking->graph, sinking->graph->nodes[use->reader]) &&
           sinking->passes.of[use->reader] > sinking->passes.of[id];
}

/* True if a later pass reads the value. Sets *kept if it is kept for all frames in any case: for an output, or because
 * it is read at another frame there. */
static bool later_pass_reads(const struct sinking *sinking, int id, bool *kept)
{
    bool reads = false;
    for (int u = sinking->uses.begin[id]; u < sinking->uses.begin[id + 1]; u++) {
        const struct use *use = &sinking->uses.use[u];
        bool later = use_is_of_later_pass(sinking, id, use);
        reads |= later && !use->init;
        *kept |= use->reader < 0 || (later && (use->init || use->edge->delay));
    }
    return reads;
}

/* True if an operand is there in later passes anyway. */
static bool operand_is_there(const struct sinking *sinking, const struct edge *edge)
{
    const struct node *source = sinking->graph->nodes[edge->node];
    bool kept = false;
    if (source->time == TIME_STATIC || op_info(source->op)->class == OP_CLASS_LEAF)
        return true;
    if (edge->node >= sinking->count) /* made for this pass, and perhaps no other */
        return false;
    if (sinking->again[edge->node] != NO_NODE)
        return !edge->delay;
    return later_pass_reads(sinking, edge->node, &kept);
}

/* Gives the readers of later passes a node of their own for a cheap value, of operands that are there anyway: so that
 * it is not kept for all frames, which takes memory, and far more time to fetch than to compute. */
static void sink_into_later_passes(struct sinking *sinking, int id)
{
    struct graph *graph = sinking->graph;
    const struct node *node = graph->nodes[id];
    bool kept = false;
    if (!node_is_cheap(sinking, node) || !later_pass_reads(sinking, id, &kept) || kept)
        return;
    for (int k = 0; k < node->count; k++)
        if (!operand_is_there(sinking, &node->edges[k]))
            return;
    struct node *again = graph_add_node(graph, node->op, node->shape, node->time, node->count, node);
    for (int k = 0; k < node->count; k++) {
        again->edges[k] = node->edges[k];
        if (sinking->again[node->edges[k].node] != NO_NODE) /* a node of before, as operand_is_there says */
            again->edges[k].node = sinking->again[node->edges[k].node];
    }
    sinking->again[id] = graph->node_count - 1;
    for (int u = sinking->uses.begin[id]; u < sinking->uses.begin[id + 1]; u++)
        if (use_is_of_later_pass(sinking, id, &sinking->uses.use[u]))
            sinking->uses.use[u].edge->node = sinking->again[id];
}

/* ---- rows of tables ---- */

enum { WIDEST_LANES = 16 };

/* True if a node is a row of plain numbers, whole vectors on any machine. Vectors of others would reach into the next
 * row. */
static bool is_row_of_vectors(const struct graph *graph, const struct node *node)
{
    if (node->op != OP_embed || node->time != TIME_FRAME || node->edges[1].delay || node_units(node) % WIDEST_LANES)
        return false;
    const struct node *table = graph->nodes[node->edges[0].node];
    return table->op != OP_round && (table->op != OP_view || graph->nodes[table->edges[0].node]->op != OP_round);
}

/* Lets readers have rows by units, where all of them can and one of them runs in the same region; not in training,
 * whose adjoints read rows as they are. */
static void read_rows_by_units(struct graph *graph, const struct machine *machine, struct arena *scratch)
{
    const struct sinking sinking = find_places(graph, machine, scratch);
    for (int i = 0; i < sinking.count && !graph->trains; i++) {
        bool by_units = is_row_of_vectors(graph, graph->nodes[i]), near = false;
        for (int u = sinking.uses.begin[i]; u < sinking.uses.begin[i + 1] && by_units; u++) {
            by_units = use_is_by_units(&sinking, &sinking.uses.use[u]);
            near |= by_units && is_one_region(&sinking, sinking.uses.use[u].reader, i);
        }
        graph->nodes[i]->by_units = by_units && near;
    }
}

/* ---- the stage ---- */

void sink(struct graph *graph, const struct machine *machine, struct arena *scratch)
{
    struct sinking sinking = find_places(graph, machine, scratch);
    for (int i = 0; i < sinking.count; i++)
        sink_into_later_passes(&sinking, i);
    graph_sweep(graph);
    sinking = find_places(graph, machine, scratch);
    for (int i = sinking.count - 1; i >= 0; i--) /* readers first, so that it is known where they run */
        if (node_is_cheap(&sinking, graph->nodes[i]))
            sink_value(&sinking, i);
    graph_sweep(graph);
    read_rows_by_units(graph, machine, scratch);
}

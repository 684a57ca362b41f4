/* Verifies regions: their nodes, their order, and that operands are computed before they are read. */
#include <limits.h>

#include "base/arena.h"
#include "base/map.h"
#include "schedule/verify.h"

/* ---- nodes ---- */

static const char *verify_members(struct verifying *verifying, int index)
{
    const struct region *region = &verifying->schedule->regions[index];
    for (int i = 0; i < region->node_count; i++) {
        int id = region->nodes[i];
        if (id < 0 || id >= verifying->graph->node_count)
            return arena_printf(verifying->scratch, "region %s has node %%%d, which is not there", region->name, id);
        if (verifying->in_region[id] != NOT_PLACED)
            return arena_printf(verifying->scratch, "%%%d is in a region twice, or in two of them", id);
        if (verifying->schedule->region_of[id] != index)
            return arena_printf(verifying->scratch, "region %s has %%%d, which is said to be elsewhere", region->name,
                                id);
        verifying->in_region[id] = i;
    }
    return NULL;
}

static const char *verify_partition(struct verifying *verifying)
{
    const struct schedule *schedule = verifying->schedule;
    const char *wrong = NULL;
    for (int r = 0; r < schedule->region_count && !wrong; r++)
        wrong = verify_members(verifying, r);
    for (int i = 0; i < verifying->graph->node_count && !wrong; i++) {
        bool leaf = op_info(verifying->graph->nodes[i]->op)->class == OP_CLASS_LEAF;
        if (leaf != (verifying->in_region[i] == NOT_PLACED) || (leaf && schedule->region_of[i] != -1))
            wrong = arena_printf(verifying->scratch, leaf ? "leaf %%%d is in a region" : "%%%d is in no region", i);
    }
    return wrong;
}

/* True if a region of this kind may compute a node: by its time, and whether it is in a cycle. */
static bool region_fits_node(const struct verifying *verifying, const struct region *region, int id)
{
    const struct graph *graph = verifying->graph;
    const struct node *node = graph->nodes[id];
    const struct components *components = &verifying->schedule->components;
    const struct component *component = &components->component[components->of[id]];
    bool by_frames = node->time == TIME_FRAME || node_gathers_frames(graph, node);
    switch (region->kind) {
    case REGION_STATIC:
        return node->time == TIME_STATIC;
    case REGION_LATE:
        return node->time == TIME_CALL && !op_is_over_time(node->op);
    case REGION_SEQUENCE:
        return !by_frames && (node->time == TIME_SEQUENCE || op_is_over_time(node->op));
    case REGION_FRAMES:
        return by_frames && !component->cyclic;
    case REGION_ELEMENTWISE_SCAN:
    case REGION_SCAN:
        return by_frames && component->cyclic && component->node_count == region->node_count &&
               components->of[id] == components->of[region->nodes[0]] && component->reversed == region->reversed &&
               (component->elementwise || region->kind == REGION_SCAN);
    }
    return false;
}

/* ---- order ---- */

/* Returns the moment of a region: regions of one moment run together, those of a lower one before. Blocks of a pass run
 * through all its regions in turn. */
static int moment_of_region(const struct region *region)
{
    switch (region->kind) {
    case REGION_STATIC:
        return -1;
    case REGION_SEQUENCE:
        return 2 * region->pass;
    case REGION_FRAMES:
    case REGION_SCAN:
    case REGION_ELEMENTWISE_SCAN:
        return 2 * region->pass + 1;
    case REGION_LATE:
        return INT_MAX;
    }
    return INT_MAX;
}

static const char *verify_region(const struct verifying *verifying, int index, struct map *names)
{
    const struct schedule *schedule = verifying->schedule;
    const struct region *region = &schedule->regions[index], *before = index ? region - 1 : NULL;
    struct arena *scratch = verifying->scratch;
    if (!region->name || map_get(names, region->name))
        return arena_printf(scratch, "region %d has no name of its own", index);
    map_put(names, region->name, schedule->regions);
    if (!region->node_count)
        return arena_printf(scratch, "region %s is empty", region->name);
    if (before && moment_of_region(before) > moment_of_region(region))
        return arena_printf(scratch, "region %s runs before %s, which precedes it", region->name, before->name);
    if (region->pass < 0 || region->pass > schedule->passes.count - region_has_frames(region))
        return arena_printf(scratch, "region %s is of pass %d, which is not there", region->name, region->pass);
    bool scan = region->kind == REGION_SCAN || region->kind == REGION_ELEMENTWISE_SCAN;
    if (scan && region->reversed != pass_is_backward(region->pass))
        return arena_printf(scratch, "region %s runs against its pass", region->name);
    if (region->group < 1 || (region->group > 1 && region->kind != REGION_SCAN))
        return arena_printf(scratch, "region %s runs %d frames at a time", region->name, region->group);
    for (int i = 0; i < region->node_count; i++) {
        int id = region->nodes[i];
        if (!region_fits_node(verifying, region, id) ||
            ((region->kind == REGION_SEQUENCE || region_has_frames(region)) && schedule->passes.of[id] != region->pass))
            return arena_printf(scratch, "%%%d does not belong in region %s", id, region->name);
    }
    return NULL;
}

/* ---- reads ---- */

/* True if a read within a region is of a node computed before. */
static bool is_read_behind(const struct verifying *verifying, const struct region *region, int reader,
                           const struct edge *edge)
{
    bool before = verifying->in_region[edge->node] < verifying->in_region[reader];
    bool scan = region->kind == REGION_SCAN || region->kind == REGION_ELEMENTWISE_SCAN;
    if (!scan || !edge->delay) /* in other regions all frames of a node come before all of the next */
        return before && !node_waits_for_pass(verifying->graph, verifying->graph->nodes[edge->node]);
    int distance = region->reversed ? -edge->delay : edge->delay;
    return distance >= region->group;
}

/* Returns the last pass of losses. All losses are complete before the first gradient, which a call that only wants the
 * loss skips. */
static int last_pass_of_losses(const struct verifying *verifying)
{
    int last = -1;
    for (int i = 0; i < verifying->graph->node_count; i++)
        if (verifying->graph->nodes[i]->op == OP_seed && verifying->schedule->passes.of[i] > last)
            last = verifying->schedule->passes.of[i];
    return last;
}

static const char *verify_edge(const struct verifying *verifying, int reader, const struct edge *edge, int losses)
{
    const struct schedule *schedule = verifying->schedule;
    const struct node *source = verifying->graph->nodes[edge->node];
    if (op_info(source->op)->class == OP_CLASS_LEAF)
        return NULL;
    int here = schedule->region_of[reader], there = schedule->region_of[edge->node];
    const struct region *region = &schedule->regions[here], *from = &schedule->regions[there];
    int now = moment_of_region(region), then = moment_of_region(from);
    bool fits = here == there ? is_read_behind(verifying, region, reader, edge) : there < here;
    if (here != there && now == then && region_has_frames(region))
        fits &= !node_waits_for_pass(verifying->graph, source) &&
                (pass_is_backward(region->pass) ? edge->delay <= 0 : edge->delay >= 0);
    if (!fits)
        return arena_printf(verifying->scratch, "%%%d reads %%%d before it is there", reader, edge->node);
    if (source->op == OP_seed && region->kind != REGION_LATE && region->pass <= losses)
        return arena_printf(verifying->scratch, "%%%d is a gradient, but there are losses behind it", reader);
    return NULL;
}

/* Verifies that an initial value is computed before the pass in which it is read. */
static const char *verify_init(const struct verifying *verifying, int reader, const struct edge *edge)
{
    const struct node *init = edge->init == NO_NODE ? NULL : verifying->graph->nodes[edge->init];
    if (!init || init->time != TIME_SEQUENCE || op_info(init->op)->class == OP_CLASS_LEAF)
        return NULL;
    const struct schedule *schedule = verifying->schedule;
    int there = schedule->passes.of[edge->init] + node_waits_for_pass(verifying->graph, init);
    if (there > schedule->regions[schedule->region_of[reader]].pass)
        return arena_printf(verifying->scratch, "%%%d begins with %%%d before it is there", reader, edge->init);
    return NULL;
}

const char *verify_regions(struct verifying *verifying)
{
    const struct schedule *schedule = verifying->schedule;
    const struct graph *graph = verifying->graph;
    struct map names;
    map_init(&names, verifying->scratch);
    const char *wrong = verify_partition(verifying);
    for (int r = 0; r < schedule->region_count && !wrong; r++)
        wrong = verify_region(verifying, r, &names);
    int losses = last_pass_of_losses(verifying);
    for (int i = 0; i < graph->node_count && !wrong; i++)
        for (int k = 0; k < graph->nodes[i]->count && !wrong; k++) {
            wrong = verify_edge(verifying, i, &graph->nodes[i]->edges[k], losses);
            if (!wrong)
                wrong = verify_init(verifying, i, &graph->nodes[i]->edges[k]);
        }
    return wrong;
}

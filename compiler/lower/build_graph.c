#include "lower/lower.h"

#include "base/arena.h"
#include "base/diag.h"
#include "graph/graph.h"
#include "lower/counts.h"
#include "lower/parameters.h"
#include "lower/predictions.h"
#include "lower/sizes.h"
#include "sema/program.h"

/* Each value becomes a node before any term is read, because terms may read values that come later: an equation starts
 * as a copy without its operand, which simplify takes out again. */
struct lowering {
    struct arena *arena;
    const struct program *program;
    struct graph *graph;
    struct diagnostics *diag;
    int *node_of;                       /* by value id */
    const struct node_origin **origins; /* likewise */
    const struct node_origin *origin;   /* of the equation in hand */
    struct span equation;               /* the whole of it */
    bool trains;
    bool targets; /* losses and their targets are lowered */
    int dropouts; /* of the program so far: each draws numbers of its own */
};

static struct edge lower_term(struct lowering *lowering, const struct term *term);

static int lower_to_node(struct lowering *lowering, const struct term *term);

static struct node *add_node(struct lowering *lowering, enum op op, const struct term *term, int count)
{
    struct node *node = graph_add_node(lowering->graph, op, term->shape, term->time, count, NULL);
    node->origin = lowering->origin;
    node->equation = lowering->equation;
    return node;
}

/* A part of a static value: strides into its source. A part of a part, or of a transpose, is again a view; simplify
 * composes them. */
static struct edge lower_static_part(struct lowering *lowering, const struct term *term)
{
    int source = lower_to_node(lowering, term->args[0]);
    const struct shape *shape = &term->args[0]->shape;
    struct node *node = add_node(lowering, OP_view, term, 1);
    int id = lowering->graph->node_count - 1, rank = 0;
    long stride = 1;
    long strides[SHAPE_MAX_RANK];
    for (int i = shape->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= shape->dim[i];
        node->view.offset += term->begin[i] * strides[i];
    }
    for (int i = 0; i < shape->rank; i++)
        if (!term->drop[i])
            node->view.stride[rank++] = strides[i] * term->step[i];
    node->edges[0] = edge_to(lowering->graph, source);
    return edge_to(lowering->graph, id);
}

static struct edge lower_transpose(struct lowering *lowering, const struct term *term)
{
    int source = lower_to_node(lowering, term->args[0]);
    struct node *node = add_node(lowering, OP_view, term, 1);
    int id = lowering->graph->node_count - 1;
    node->view.stride[0] = 1;
    node->view.stride[1] = term->args[0]->shape.dim[1];
    node->edges[0] = edge_to(lowering->graph, source);
    return edge_to(lowering->graph, id);
}

/* `Z @ x` with Z of [k, r, c]: the k products one after the other are one product with [k*r, c]. */
static int flatten_weight(struct lowering *lowering, int weight, const struct term *like)
{
    struct graph *graph = lowering->graph;
    struct shape shape = graph->nodes[weight]->shape;
    if (shape.rank != 3)
        return weight;
    struct shape flat = {2, {shape.dim[0] * shape.dim[1], shape.dim[2]}};
    struct node *node = add_node(lowering, OP_view, like, 1);
    node->shape = flat;
    node->time = TIME_STATIC;
    node->view.stride[0] = shape.dim[2];
    node->view.stride[1] = 1;
    node->edges[0] = edge_to(graph, weight);
    return graph->node_count - 1;
}

static struct edge last_node(const struct lowering *lowering)
{
    return edge_to(lowering->graph, lowering->graph->node_count - 1);
}

static struct edge add_operation(struct lowering *lowering, enum op op, const struct term *term, struct edge a,
                                 struct edge b)
{
    struct node *node = add_node(lowering, op, term, 2);
    node->edges[0] = a;
    node->edges[1] = b;
    return last_node(lowering);
}

/* Inverted dropout: units that are kept are scaled up. Outside training it is the identity. */
static struct edge lower_dropout(struct lowering *lowering, const struct term *term)
{
    struct edge operand = lower_term(lowering, term->args[0]);
    if (!lowering->trains)
        return operand;
    struct node *keep = add_node(lowering, OP_keep, term, 0);
    if (term->count > 2 && term->time == TIME_FRAME) /* once */
        keep->time = TIME_SEQUENCE;
    keep->number = term->args[1]->number;
    keep->dropout = lowering->dropouts++;
    return add_operation(lowering, OP_mul, term, operand, last_node(lowering));
}

/* cross_entropy(logits, id): the id as a number, which is -1 out of range. */
static struct edge lower_cross_entropy(struct lowering *lowering, const struct term *term)
{
    struct edge logits = lower_term(lowering, term->args[0]), input = lower_term(lowering, term->args[1]);
    struct node *id = add_node(lowering, OP_id, term->args[1], 1);
    id->edges[0] = input;
    return add_operation(lowering, OP_cross_entropy, term, logits, last_node(lowering));
}

/* Means over units: mse(x, y) of (x - y)^2, binary_cross_entropy(x, y) of softplus(x) - x y, which is
 * -y log s(x) - (1 - y) log(1 - s(x)). */
static struct edge lower_mean_loss(struct lowering *lowering, const struct term *term)
{
    struct edge x = lower_term(lowering, term->args[0]), y = lower_term(lowering, term->args[1]), terms;
    struct term unit = *term;
    unit.shape = term->args[0]->shape;
    if (term->op == OP_mse) {
        struct edge difference = add_operation(lowering, OP_sub, &unit, x, y);
        terms = add_operation(lowering, OP_mul, &unit, difference, difference);
    } else {
        add_node(lowering, OP_softplus, &unit, 1)->edges[0] = x;
        struct edge softplus = last_node(lowering);
        terms = add_operation(lowering, OP_sub, &unit, softplus, add_operation(lowering, OP_mul, &unit, x, y));
    }
    if (shape_size(&unit.shape) == 1)
        return terms;
    add_node(lowering, OP_mean, term, 1)->edges[0] = terms;
    return last_node(lowering);
}

static struct edge add_columns(struct lowering *lowering, int matrix, int begin, int end, const struct term *like)
{
    const struct shape shape = lowering->graph->nodes[matrix]->shape;
    struct node *node = add_node(lowering, OP_view, like, 1);
    node->shape = (struct shape){2, {shape.dim[0], end - begin}};
    node->time = TIME_STATIC;
    node->view = (struct view){begin, {shape.dim[1], 1}};
    node->edges[0] = edge_to(lowering->graph, matrix);
    return last_node(lowering);
}

/* A z + summand: in training with all columns of A; else with the first, then a node that adds the others to the
 * largest units. */
static struct edge lower_refined_product(struct lowering *lowering, const struct term *term)
{
    int matrix = lower_term(lowering, term->args[0]).node, columns = term->args[0]->shape.dim[1];
    int first = lowering->trains ? columns : term->preview;
    struct edge z = lower_term(lowering, term->args[1]), head = z, tail = z;
    struct term product = *term;
    product.time = term->args[1]->time;
    head.length = first;
    struct edge weights = add_columns(lowering, matrix, 0, first, term);
    struct edge sum = add_operation(lowering, OP_product, &product, weights, head);
    if (term->count > 2)
        sum = add_operation(lowering, OP_add, term, sum, lower_term(lowering, term->args[2]));
    if (first == columns)
        return sum;
    tail.begin = first;
    tail.length = columns - first;
    weights = add_columns(lowering, matrix, first, columns, term);
    struct node *refine = add_node(lowering, OP_refine, term, 3);
    refine->refined = term->refine;
    refine->edges[0] = weights;
    refine->edges[1] = tail;
    refine->edges[2] = sum;
    return last_node(lowering);
}

typedef struct edge special_lowering(struct lowering *lowering, const struct term *term);

/* Operations that become something other than a node of their own. */
static special_lowering *const special_lowerings[OP_COUNT] = {[OP_transpose] = lower_transpose,
                                                              [OP_dropout] = lower_dropout,
                                                              [OP_refined_product] = lower_refined_product,
                                                              [OP_cross_entropy] = lower_cross_entropy,
                                                              [OP_mse] = lower_mean_loss,
                                                              [OP_binary_cross_entropy] = lower_mean_loss};

static struct edge lower_operation(struct lowering *lowering, const struct term *term)
{
    if (special_lowerings[term->op])
        return special_lowerings[term->op](lowering, term);
    if (term->op == OP_stop_gradient && !lowering->trains)
        return lower_term(lowering, term->args[0]);
    struct edge *edges = ARENA_ARRAY(lowering->arena, struct edge, term->count + 1);
    for (int i = 0; i < term->count; i++)
        edges[i] = lower_term(lowering, term->args[i]);
    if (term->op == OP_product)
        edges[0] = edge_to(lowering->graph, flatten_weight(lowering, edges[0].node, term));
    struct node *node = add_node(lowering, term->op, term, term->count);
    for (int i = 0; i < term->count; i++)
        node->edges[i] = edges[i];
    return edge_to(lowering->graph, lowering->graph->node_count - 1);
}

static struct edge lower_delay(struct lowering *lowering, const struct term *term)
{
    struct edge edge = edge_to(lowering->graph, lowering->node_of[term->value->id]);
    edge.delay = term->delay;
    const struct term *init = term->reads_init ? value_init(term->value) : NULL;
    if (init)
        edge.init = lower_to_node(lowering, init);
    return edge;
}

static struct edge lower_term(struct lowering *lowering, const struct term *term)
{
    switch (term->kind) {
    case TERM_NUMBER:
        return edge_to(lowering->graph, graph_add_number(lowering->graph, term->number));
    case TERM_VALUE:
        return edge_to(lowering->graph, lowering->node_of[term->value->id]);
    case TERM_DELAY:
        return lower_delay(lowering, term);
    case TERM_OP:
        return lower_operation(lowering, term);
    case TERM_PART:
        break;
    }
    if (term->args[0]->time == TIME_STATIC)
        return lower_static_part(lowering, term);
    struct edge edge = lower_term(lowering, term->args[0]);
    edge.begin += term->begin[0];
    edge.length = term->length[0];
    return edge;
}

/* Lowers a term to a node of its own: a delayed or partial read gets a copy. */
static int lower_to_node(struct lowering *lowering, const struct term *term)
{
    struct edge edge = lower_term(lowering, term);
    if (!edge.delay && edge_is_whole(lowering->graph, &edge))
        return edge.node;
    struct node *node = add_node(lowering, OP_copy, term, 1);
    node->edges[0] = edge;
    return lowering->graph->node_count - 1;
}

/* Adds what is read of a parameter with a storage. Training computes with the full numbers. */
static void add_rounded(struct lowering *lowering, const struct value *value)
{
    int parameter = lowering->node_of[value->id];
    if (value->storage == PRECISION_F32 || lowering->trains)
        return;
    struct graph *graph = lowering->graph;
    struct node *node = graph_add_node(graph, OP_round, value->shape, TIME_STATIC, 1, graph->nodes[parameter]);
    node->storage = (int)value->storage;
    node->edges[0] = edge_to(graph, parameter);
    lowering->node_of[value->id] = graph->node_count - 1;
}

static void add_leaves(struct lowering *lowering)
{
    const struct program *program = lowering->program;
    struct graph *graph = lowering->graph;
    graph->parameters = ARENA_ARRAY(lowering->arena, struct graph_parameter, program->parameter_count + 1);
    graph->input_count = program->input_count + (lowering->targets ? program->target_count : 0);
    graph->inputs = ARENA_ARRAY(lowering->arena, struct graph_input, graph->input_count + program->output_count + 1);
    graph->parameter_count = program->parameter_count;
    for (int i = 0; i < program->value_count; i++) {
        const struct value *value = program->values[i];
        static const enum op ops[] = {[VALUE_PARAMETER] = OP_parameter,
                                      [VALUE_INPUT] = OP_input,
                                      [VALUE_TARGET] = OP_input,
                                      [VALUE_EQUATION] = OP_copy};
        if (value->kind == VALUE_TARGET && !lowering->targets)
            continue;
        int count = value->kind == VALUE_EQUATION;
        struct node *node = graph_add_node(graph, ops[value->kind], value->shape, value->time, count, NULL);
        node->name = value->hidden ? NULL : value->name;
        node->origin = lowering->origins[i];
        node->equation = value->equation;
        lowering->node_of[i] = graph->node_count - 1;
    }
    for (int i = 0; i < program->parameter_count; i++) {
        graph->nodes[lowering->node_of[program->parameters[i]->id]]->parameter = i;
        lower_parameter(lowering->arena, program->parameters[i], &graph->parameters[i]);
        add_rounded(lowering, program->parameters[i]);
    }
    for (int i = 0; i < graph->input_count; i++) {
        bool target = i >= program->input_count;
        const struct value *value = target ? program->targets[i - program->input_count] : program->inputs[i];
        graph->nodes[lowering->node_of[value->id]]->input = i;
        graph->inputs[i] =
            (struct graph_input){.name = value->name,
                                 .shape = value->shape,
                                 .size_name = value->size_names[0],
                                 .time = value->time,
                                 .vocabulary = value->vocabulary,
                                 .labels = value->labels,
                                 .prediction = target ? find_prediction(program, value, lowering->arena) : -1,
                                 .probabilities = target && find_probabilities(program, value, lowering->arena)};
    }
    collect_sizes(lowering->arena, program, graph);
}

static void add_equations(struct lowering *lowering)
{
    for (int i = 0; i < lowering->program->value_count; i++) {
        const struct value *value = lowering->program->values[i];
        if (value->kind != VALUE_EQUATION || !value->term)
            continue;
        lowering->origin = lowering->origins[i];
        lowering->equation = value->equation;
        struct edge edge = lower_term(lowering, value->term);
        lowering->graph->nodes[lowering->node_of[i]]->edges[0] = edge;
    }
}

static const struct node_origin *origin_new(struct arena *arena, const char *path, const char *instance,
                                            const char *expression)
{
    struct node_origin *origin = ARENA_NEW(arena, struct node_origin);
    *origin = (struct node_origin){path, instance, expression};
    return origin;
}

static struct lowering lowering_new(struct arena *arena, const struct program *program, struct diagnostics *diag)
{
    struct lowering lowering = {.arena = arena, .program = program, .diag = diag};
    lowering.graph = graph_new(arena, program->source, program->name);
    lowering.node_of = ARENA_ARRAY(arena, int, program->value_count + 1);
    lowering.origins = ARENA_ARRAY(arena, const struct node_origin *, program->value_count + 1);
    for (int i = 0; i < program->value_count; i++) {
        const struct value *value = program->values[i];
        const char *expression = value->hidden ? source_excerpt(arena, program->source, value->span) : NULL;
        lowering.origins[i] = origin_new(arena, value->name, value->origin ? value->origin->path : "", expression);
    }
    return lowering;
}

static void add_losses(struct lowering *lowering)
{
    const struct program *program = lowering->program;
    struct graph *graph = lowering->graph;
    graph->output_count = program->loss_count;
    graph->outputs = ARENA_ARRAY(lowering->arena, struct graph_output, program->loss_count + 1);
    for (int i = 0; i < program->loss_count; i++) {
        const struct term *term = program->losses[i].term;
        lowering->origin = origin_new(lowering->arena, "loss", "", NULL);
        lowering->equation = program->losses[i].span;
        struct edge loss = lower_term(lowering, term), everywhere = edge_to(graph, graph_add_number(graph, 1));
        struct edge seed = add_operation(lowering, OP_seed, term, loss, everywhere);
        graph->nodes[seed.node]->loss = i;
        struct node *sum = graph->nodes[loss.node];
        if (sum->count && !sum->name)
            sum->name = program->loss_count > 1 ? arena_printf(lowering->arena, "loss_%d", i) : "loss";
        graph->outputs[i] =
            (struct graph_output){.name = "loss", .edge = seed, .shape = term->shape, .time = term->time, .input = -1};
    }
}

struct graph *build_training_graph(struct arena *arena, const struct program *program, struct diagnostics *diag)
{
    struct lowering lowering = lowering_new(arena, program, diag);
    lowering.trains = lowering.targets = true;
    lowering.graph->trains = true;
    lowering.graph->target_count = program->target_count;
    add_leaves(&lowering);
    add_equations(&lowering);
    add_losses(&lowering);
    graph_sweep(lowering.graph);
    lower_counts(lowering.graph, arena);
    graph_sweep(lowering.graph);
    return lowering.graph;
}

static void add_outputs(struct lowering *lowering)
{
    const struct program *program = lowering->program;
    struct graph *graph = lowering->graph;
    graph->output_count = program->output_count;
    graph->outputs = ARENA_ARRAY(lowering->arena, struct graph_output, program->output_count + 1);
    for (int i = 0; i < program->output_count; i++) {
        const struct output *output = &program->outputs[i];
        struct edge edge = edge_to(graph, lowering->node_of[output->value->id]);
        enum value_time time = output->value->time;
        if (time == TIME_STATIC) { /* given to the caller once per sequence */
            time = TIME_SEQUENCE;
            struct node *copy = graph_add_node(graph, OP_copy, output->value->shape, time, 1, graph->nodes[edge.node]);
            copy->edges[0] = edge;
            edge = edge_to(graph, graph->node_count - 1);
        }
        graph->outputs[i] = (struct graph_output){
            .name = output->name, .edge = edge, .shape = output->value->shape, .time = time, .input = -1};
    }
}

/* Declares for each output the input that gives its adjoint; differentiate adds the nodes that read it. */
static void add_adjoints(struct lowering *lowering)
{
    struct graph *graph = lowering->graph;
    for (int i = 0; i < graph->output_count; i++) {
        struct graph_output *output = &graph->outputs[i];
        output->forward = true;
        graph->inputs[graph->input_count++] =
            (struct graph_input){.name = arena_printf(lowering->arena, "d_%s", output->name),
                                 .shape = output->shape,
                                 .time = output->time,
                                 .prediction = -1};
        graph->target_count++;
    }
}

struct graph *build_adjoint_graph(struct arena *arena, const struct program *program, struct diagnostics *diag)
{
    struct lowering lowering = lowering_new(arena, program, diag);
    struct graph *graph = lowering.graph;
    lowering.trains = graph->trains = graph->of_outputs = true;
    add_leaves(&lowering);
    add_equations(&lowering);
    add_outputs(&lowering);
    add_adjoints(&lowering);
    graph_sweep(graph);
    return graph;
}

struct graph *build_graph(struct arena *arena, const struct program *program, struct diagnostics *diag)
{
    struct lowering lowering = lowering_new(arena, program, diag);
    add_leaves(&lowering);
    add_equations(&lowering);
    add_outputs(&lowering);
    struct graph *graph = lowering.graph;
    if (diag_error_count(diag))
        return NULL;
    graph_sweep(graph);
    return graph;
}

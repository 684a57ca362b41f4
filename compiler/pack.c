#include "pack.h"

#include "base/arena.h"
#include "emit/emit.h"
#include "schedule/access.h"
#include "static_values.h"

#define RNN_PLAIN_C
#include "rnn/stored.h"

struct packing {
    struct arena *arena;
    const struct schedule *schedule;
    const float **parameters; /* by parameter */
    const float **values;     /* by node; NULL: not static */
};

static const float *to_float(struct arena *arena, const double *numbers, long count)
{
    float *rounded = ARENA_ARRAY(arena, float, count + 1);
    for (long i = 0; i < count; i++)
        rounded[i] = (float)numbers[i];
    return rounded;
}

/* Returns the first number of a place in the parameters or in the packed weights. */
static const float *find_numbers(const struct packing *packing, const struct access *access)
{
    const bool given = access->place == PLACE_PARAMETERS;
    return (given ? packing->parameters : packing->values)[access->member] + access->view.offset;
}

/* Returns the numbers of the rows of a parameter, of which a row's storage has one scale. */
static int row_of_parameter(const struct packing *packing, const struct access *access)
{
    const struct shape *shape = &packing->schedule->graph->parameters[access->member].shape;
    return shape->rank ? shape->dim[shape->rank - 1] : 1;
}

static struct emit_member pack_table(const struct packing *packing, int id)
{
    const struct graph *graph = packing->schedule->graph;
    const struct node *node = graph->nodes[id];
    const int source = node->edges[0].node, rows = node->shape.dim[0], columns = node->shape.dim[1];
    const struct access from = access_of_edge(packing->schedule, NULL, &node->edges[0]);
    const rnn_storage storage = (rnn_storage)node->storage;
    const size_t size = RNN_STORED_TABLE(storage, rows, columns);
    unsigned char *bytes = ARENA_ARRAY(packing->arena, unsigned char, size + 1);
    const bool whole = access_is_contiguous(&from);
    rnn_stored_pack_rows(bytes, storage, find_numbers(packing, &from), whole ? columns : from.view.stride[0], rows,
                         columns, whole ? 0 : node_rows_begin(graph, source),
                         whole ? columns : row_of_parameter(packing, &from));
    return (struct emit_member){.bytes = bytes, .count = size};
}

static struct emit_member pack_panels(const struct packing *packing, const struct packed_matrix *panels)
{
    const struct graph *graph = packing->schedule->graph;
    const struct operand *operand = &panels->operand;
    const rnn_storage storage = (rnn_storage)operand->storage;
    const int rows = panels->kernel->panel_rows, part = operand->row_count, units = panels->kernel->units,
              k = operand->x.length, side = RNN_SIDE(rows, units);
    const size_t numbers = RNN_PACKED(rows, part, units, k), size = RNN_STORED(storage, rows, part, units, k);
    float *plain = storage == RNN_F32 ? ARENA_ARRAY(packing->arena, float, numbers + 1) : NULL;
    unsigned char *bytes = plain ? NULL : (void *)ARENA_ARRAY(packing->arena, uint32_t, size / 4 + 1);
    for (int row = 0; row < part; row++) {
        const struct edge *edge = &graph->nodes[operand->products[row]]->edges[0];
        const struct access weights = access_of_edge(packing->schedule, NULL, edge);
        const long *steps = weights.view.stride;
        const float *from = find_numbers(packing, &weights);
        if (plain) {
            rnn_pack_panels(plain, side, part, row, from, steps[0], steps[1], units, k);
            continue;
        }
        const rnn_stored_packing stored = {storage,
                                           storage == RNN_INT8 ? node_rows_begin(graph, edge->node) : 0,
                                           storage == RNN_INT8 ? row_of_parameter(packing, &weights) : 0,
                                           {0, 0, side, part, row, steps[0], steps[1], units, k}};
        rnn_stored_pack_panels(bytes, from, &stored);
    }
    return plain ? (struct emit_member){.numbers = plain, .count = numbers}
                 : (struct emit_member){.bytes = bytes, .count = size};
}

const struct emit_constants *pack_weights(struct arena *arena, const struct schedule *schedule, const double *weights)
{
    const struct graph *graph = schedule->graph;
    const double *const *values = static_values(arena, graph, weights);
    struct packing packing = {arena, schedule, ARENA_ARRAY(arena, const float *, graph->parameter_count + 1),
                              ARENA_ARRAY(arena, const float *, graph->node_count + 1)};
    for (int i = 0; i < graph->parameter_count; i++) {
        const long size = shape_size(&graph->parameters[i].shape);
        packing.parameters[i] = to_float(arena, weights, size);
        weights += size;
    }
    struct emit_member *statics = ARENA_ARRAY(arena, struct emit_member, graph->node_count + 1);
    const bool *read = statics_read_by_calls(schedule, arena);
    for (int i = 0; i < graph->node_count; i++) {
        if (schedule->buffers[i].storage != STORE_STATIC)
            continue;
        const size_t count = (size_t)node_units(graph->nodes[i]);
        packing.values[i] = to_float(arena, values[i], (long)count);
        if (!read[i])
            continue;
        statics[i] = value_is_stored_table(schedule, i)
                         ? pack_table(&packing, i)
                         : (struct emit_member){.numbers = packing.values[i], .count = count};
    }
    struct emit_member *panels = ARENA_ARRAY(arena, struct emit_member, schedule->panel_count + 1);
    for (int p = 0; p < schedule->panel_count; p++)
        panels[p] = pack_panels(&packing, &schedule->panels[p]);
    struct emit_constants *constants = ARENA_NEW(arena, struct emit_constants);
    *constants = (struct emit_constants){statics, panels};
    return constants;
}

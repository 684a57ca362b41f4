#include "embed.h"

#include <float.h>
#include <math.h>

#include "base/arena.h"
#include "base/text.h"
#include "emit/emit.h"
#include "graph/graph.h"
#include "rnn/weights.h"

/* Describes a network to the runtime as far as loading its weights goes: parameters as doubles, one after the other.
 */
static rnn_model describe(struct arena *arena, const struct graph *graph)
{
    rnn_tensor *parameters = ARENA_ARRAY(arena, rnn_tensor, graph->parameter_count + 1);
    size_t elements = 0;
    for (int i = 0; i < graph->parameter_count; i++) {
        const struct graph_parameter *parameter = &graph->parameters[i];
        parameters[i] = (rnn_tensor){.name = parameter->name, .rank = parameter->shape.rank, .offset = elements};
        for (int d = 0; d < parameter->shape.rank; d++)
            parameters[i].shape[d] = parameter->shape.dim[d];
        elements += (size_t)shape_size(&parameter->shape);
    }
    return (rnn_model){.name = graph->name,
                       .real_size = sizeof(double),
                       .fingerprint = emit_fingerprint(graph),
                       .parameters = parameters,
                       .parameter_count = graph->parameter_count,
                       .parameter_elements = elements};
}

/* Constants of C are finite, and the same file is compiled with float and with double. */
static const char *find_beyond_float(struct arena *arena, const rnn_model *model, const double *values,
                                     const char *path)
{
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *parameter = &model->parameters[i];
        size_t end = i + 1 < model->parameter_count ? parameter[1].offset : model->parameter_elements;
        for (size_t k = parameter->offset; k < end; k++)
            if (!(fabs(values[k]) <= FLT_MAX))
                return arena_printf(arena, "%s: element %zu of tensor '%s' is %g, which cannot be a constant of C",
                                    path, k - parameter->offset, parameter->name, values[k]);
    }
    return NULL;
}

/* Returns what `rnn` says of tensors that the network does not have; NULL where there are none. */
static const char *list_unused(struct arena *arena, const rnn_model *model, const char *path)
{
    enum { MOST = 8 };
    const char *names[MOST];
    rnn_error unseen;
    rnn_file *file = rnn_file_open(path, &unseen);
    const int count = file ? rnn_parameters_unused(model, file, names, MOST) : 0;
    struct text text;
    text_init(&text, arena);
    text_printf(&text, "not used, as '%s' has no parameter of the name:", model->name);
    for (int i = 0; i < count && i < MOST; i++)
        text_printf(&text, "%s '%s'", i ? "," : "", names[i]);
    if (count > MOST)
        text_printf(&text, " and %d more", count - MOST);
    text_printf(&text, " in '%s'", path);
    if (file)
        rnn_file_close(file);
    return count ? text.data : NULL;
}

const double *embed_weights(struct arena *arena, const struct graph *graph, const char *path, const char **unused,
                            const char **error)
{
    rnn_model model = describe(arena, graph);
    rnn_error problem;
    double *values = ARENA_ARRAY(arena, double, model.parameter_elements + 1);
    if (rnn_parameters_load(&model, values, path, &problem) != RNN_OK) {
        *error = arena_printf(arena, "%s", problem.text);
        return NULL;
    }
    *unused = list_unused(arena, &model, path);
    *error = find_beyond_float(arena, &model, values, path);
    return *error ? NULL : values;
}

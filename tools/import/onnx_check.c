/* Reference data of an ONNX file, run through the imported program.
 * https://github.com/onnx/onnx/blob/main/docs/OnnxBackendTest.md */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "data/file.h"
#include "import/onnx.h"
#include "import/onnx_graph.h"
#include "network/cache.h"
#include "network/network.h"
#include "network/session.h"

/* One set of data: the arrays of a folder, and the call that they are for. */
struct set {
    struct arena *arena;
    const char *path, *folder; /* of the model and of the data */
    struct onnx_network network;
    struct array *inputs, *outputs;
    int input_count, output_count;
    const rnn_model *model;
    int frames, streams; /* 0: not known yet */
    int *lengths;        /* [streams], or NULL */
};

static bool set_error(struct set *set, const struct onnx_port *port, const struct array *array, const char *problem,
                      const char **error)
{
    *error = arena_printf(set->arena, "'%s': the data of '%s' is %s, which %s", set->folder, port->name,
                          array_shape_text(set->arena, array), problem);
    return false;
}

/* ---- files ---- */

static bool read_tensor(struct arena *arena, const char *file, struct array *array, const char **error)
{
    struct text content;
    struct onnx_graph graph = {.arena = arena, .path = file};
    if (!file_read(arena, file, &content, error))
        return false;
    Onnx__TensorProto *proto = onnx__tensor_proto__unpack(NULL, content.length, (const uint8_t *)content.data);
    if (!proto) {
        *error = arena_printf(arena, "'%s' is no tensor of ONNX, or is not whole", file);
        return false;
    }
    const bool done = onnx_tensor(&graph, proto, "tensor", array, error);
    onnx__tensor_proto__free_unpacked(proto, NULL);
    return done;
}

static bool exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

/* The arrays of input_0.pb .. or output_0.pb .. in a folder. */
static bool read_arrays(struct set *set, const char *what, struct array **arrays, int *count, const char **error)
{
    int capacity = 0;
    *arrays = NULL;
    *count = 0;
    for (;;) {
        const char *file = arena_printf(set->arena, "%s/%s_%d.pb", set->folder, what, *count);
        struct array array;
        if (!exists(file))
            return true;
        if (!read_tensor(set->arena, file, &array, error))
            return false;
        ARENA_PUSH(set->arena, *arrays, *count, capacity, array);
    }
}

/* ---- places in arrays ---- */

/* Where an element of an array of ONNX's is in one of a network. */
struct place {
    long frame, stream, unit;
};

static struct place find_place(const struct onnx_port *port, const struct array *array, long i)
{
    struct place place = {0};
    long features = port->size / (port->directions ? port->directions : 1);
    for (int axis = array->rank - 1; axis >= 0; i /= array->shape[axis--]) {
        const long at = i % array->shape[axis];
        place.frame += port->axes[axis] == 'T' ? at : 0;
        place.stream += port->axes[axis] == 'N' ? at : 0;
        place.unit += port->axes[axis] == 'F' ? at : port->axes[axis] == 'D' ? at * features : 0;
    }
    return place;
}

static long element_of(const struct set *set, const rnn_tensor *tensor, struct place place)
{
    const long frame = tensor->time == RNN_TIME_FRAME ? place.frame : 0;
    return (frame * set->streams + place.stream) * tensor_units(tensor) + place.unit;
}

/* Compares an array's shape with the axes of its port; learns the number of frames and streams from the first. */
static bool check_shape(struct set *set, const struct onnx_port *port, const struct array *array, const char **error)
{
    bool fits = array->rank == (int)strlen(port->axes);
    for (int i = 0; fits && i < array->rank; i++) {
        const long length = array->shape[i];
        int *known = port->axes[i] == 'T' ? &set->frames : port->axes[i] == 'N' ? &set->streams : NULL;
        if (known) {
            fits = length > 0 && length < 1000000 && (!*known || *known == length);
            *known = fits ? (int)length : *known;
        } else {
            fits = length == (port->axes[i] == 'F'   ? port->size / port->directions
                              : port->axes[i] == 'D' ? port->directions
                                                     : 1);
        }
    }
    return fits || set_error(set, port, array,
                             arena_printf(set->arena, "does not fit the axes %s and %ld features of the program",
                                          port->axes, port->size),
                             error);
}

/* ---- a call ---- */

static const struct onnx_port *find_port(const struct onnx_port *ports, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (ports[i].program && strcmp(ports[i].program, name) == 0)
            return &ports[i];
    return NULL;
}

static bool check_data(struct set *set, const char **error)
{
    const struct onnx_network *network = &set->network;
    if (set->input_count != network->input_count || set->output_count != network->output_count) {
        *error = arena_printf(set->arena, "'%s' has %d inputs and %d outputs instead of %d and %d", set->folder,
                              set->input_count, set->output_count, network->input_count, network->output_count);
        return false;
    }
    for (int i = 0; i < network->input_count; i++) {
        const struct onnx_port *port = &network->inputs[i];
        if (port->role > ONNX_CONSTANT && !check_shape(set, port, &set->inputs[i], error))
            return false;
    }
    for (int i = 0; i < network->output_count; i++)
        if (!check_shape(set, &network->outputs[i], &set->outputs[i], error))
            return false;
    set->frames += set->frames == 0;
    set->streams += set->streams == 0;
    for (int i = 0; i < network->input_count; i++) {
        if (network->inputs[i].role != ONNX_LENGTH)
            continue;
        set->lengths = ARENA_ARRAY(set->arena, int, (size_t)set->streams);
        for (int b = 0; b < set->streams; b++) {
            const double length = set->inputs[i].data[b];
            if (!(length >= 0 && length <= set->frames))
                return set_error(set, &network->inputs[i], &set->inputs[i],
                                 "has a length of more frames than there are", error);
            set->lengths[b] = (int)length;
        }
    }
    return true;
}

static bool fill_input(struct set *set, const rnn_tensor *tensor, void **data, const char **error)
{
    const struct onnx_port *port = find_port(set->network.inputs, set->network.input_count, tensor->name);
    if (!port) {
        *error = arena_printf(set->arena, "'%s': the program has an input '%s' that the graph has not", set->path,
                              tensor->name);
        return false;
    }
    const struct array *array = &set->inputs[port - set->network.inputs];
    *data = tensor_new(set->arena, set->model, tensor, set->frames, set->streams);
    bool below = false;
    for (long i = 0; i < array_size(array); i++) {
        /* ONNX counts ids below 0 from the end; the language has -1 for none. */
        const bool from_end = port->role == ONNX_ID && array->data[i] < 0;
        const double x = array->data[i] + (from_end ? (double)port->vocabulary : 0);
        below = below || from_end;
        if (port->role == ONNX_ID && !(x >= 0 && x < (double)port->vocabulary))
            return set_error(set, port, array, "has ids that the table does not", error);
        tensor_set(set->model, tensor, *data, element_of(set, tensor, find_place(port, array, i)), x);
    }
    if (below)
        fprintf(stderr,
                "rnn: note: '%s': '%s' has ids below 0, which ONNX counts from the end of the table; the program was "
                "given them as ids of 0 and more, which it wants\n",
                set->path, tensor->name);
    return true;
}

/* The largest difference of an output, relative to expected values above 1; behind the ends of sequences nothing
 * counts. *at is where it is. */
static double largest_difference(const struct set *set, const struct onnx_port *port, const rnn_tensor *tensor,
                                 const void *data, const struct array *expected, long *at, double *got)
{
    double worst = -1;
    for (long i = 0; i < array_size(expected); i++) {
        const struct place place = find_place(port, expected, i);
        if (set->lengths && strchr(port->axes, 'T') && place.frame >= set->lengths[place.stream])
            continue;
        const double own = tensor_get(set->model, tensor, data, element_of(set, tensor, place));
        double difference = fabs(own - expected->data[i]) / fmax(1, fabs(expected->data[i]));
        if (own == expected->data[i] || (isnan(own) && isnan(expected->data[i])))
            difference = 0; /* infinity less infinity would be no number */
        if (difference > worst || isnan(difference)) {
            worst = isnan(difference) ? INFINITY : difference;
            *at = i;
            *got = own;
        }
    }
    return fmax(worst, 0);
}

static bool compare_outputs(struct set *set, void *const *outputs, const struct onnx_check *check, const char **error)
{
    double worst = 0;
    *error = NULL;
    for (int i = 0; i < set->model->output_count; i++) {
        const rnn_tensor *tensor = &set->model->outputs[i];
        const struct onnx_port *port = find_port(set->network.outputs, set->network.output_count, tensor->name);
        if (!port)
            continue;
        const struct array *expected = &set->outputs[port - set->network.outputs];
        long at = 0;
        double got = 0;
        const double difference = largest_difference(set, port, tensor, outputs[i], expected, &at, &got);
        if (!(difference <= check->tolerance) && !(difference <= worst))
            *error = arena_printf(set->arena, "'%s': output '%s' at %s is %.9g instead of %.9g", set->folder,
                                  port->name, array_place_text(set->arena, expected, at), got, expected->data[at]);
        worst = fmax(worst, difference);
    }
    const char *slash = strrchr(set->folder, '/');
    printf("%s: %d stream%s of %d frame%s, outputs at most %.2g apart\n", slash ? slash + 1 : set->folder, set->streams,
           set->streams == 1 ? "" : "s", set->frames, set->frames == 1 ? "" : "s", worst);
    return !*error;
}

static bool call(struct set *set, struct session *session, const struct onnx_check *check, const char **error)
{
    const rnn_model *model = set->model;
    void **inputs = ARENA_ARRAY(set->arena, void *, (size_t)model->input_count + 1);
    void **outputs = ARENA_ARRAY(set->arena, void *, (size_t)model->output_count + 1);
    for (int i = 0; i < model->input_count; i++)
        if (!fill_input(set, &model->inputs[i], &inputs[i], error))
            return false;
    for (int i = 0; i < model->output_count; i++)
        outputs[i] = tensor_new(set->arena, model, &model->outputs[i], set->frames, set->streams);
    const rnn_status status = model->run(session->packed, session->state, session->work, set->frames, set->lengths,
                                         (const void *const *)inputs, outputs);
    *error = rnn_status_text(status);
    return status == RNN_OK && compare_outputs(set, outputs, check, error);
}

/* Builds the program in a folder, and runs it. */
static bool run_in(struct set *set, const char *folder, const struct onnx_check *check, const char **error)
{
    struct network_options options = network_options_new(set->arena);
    const char *weights = arena_printf(set->arena, "%s/net.safetensors", folder);
    struct session session;
    options.path = arena_printf(set->arena, "%s/net.rnn", folder);
    if (!file_write(set->arena, options.path, set->network.program, strlen(set->network.program), error) ||
        !arrays_write(set->arena, weights, set->network.weights, set->network.weight_count, error))
        return false;
    set->model = network_open(&options, error);
    if (!set->model || !check_data(set, error) || !session_open(&session, set->model, set->frames, set->streams, error))
        return false;
    const bool done = session_load(set->arena, &session, weights, true, error) &&
                      session_pack(set->arena, &session, error) && call(set, &session, check, error);
    session_close(&session);
    return done;
}

static bool check_set(struct arena *arena, const char *path, const char *folder, const struct onnx_check *check,
                      const char **error)
{
    struct set set = {.arena = arena, .path = path, .folder = folder};
    struct cache cache;
    if (!read_arrays(&set, "input", &set.inputs, &set.input_count, error) ||
        !read_arrays(&set, "output", &set.outputs, &set.output_count, error) ||
        !onnx_import(arena, path, set.inputs, set.input_count, &set.network, error) ||
        !cache_open(arena, &cache, error))
        return false;
    const char *build = cache_begin(arena, &cache, error);
    if (!build)
        return false;
    const bool done = run_in(&set, build, check, error);
    cache_end(arena, build);
    return done;
}

bool onnx_check(struct arena *arena, const char *path, const struct onnx_check *check, const char **error)
{
    const char *slash = strrchr(path, '/');
    const char *folder = check->folder ? check->folder
                         : slash       ? arena_printf(arena, "%.*s", (int)(slash - path), path)
                                       : ".";
    if (exists(arena_printf(arena, "%s/input_0.pb", folder)))
        return check_set(arena, path, folder, check, error);
    for (int i = 0;; i++) {
        const char *set = arena_printf(arena, "%s/test_data_set_%d", folder, i);
        if (!exists(set)) {
            *error = arena_printf(arena,
                                  "'%s' has no reference data: no input_0.pb, and no test_data_set_0; name another "
                                  "folder, --check=FOLDER",
                                  folder);
            return i > 0;
        }
        if (!check_set(arena, path, set, check, error))
            return false;
    }
}

/* The descriptor of a network, rnn_model, for tools that do not know its names. */
#include "emit/calls.h"

/* Returns FNV-1a over names and shapes. */
unsigned long long emit_fingerprint(const struct graph *graph)
{
    unsigned long long hash = 14695981039346656037ull;
    for (int i = 0; i < graph->parameter_count; i++) {
        const struct graph_parameter *parameter = &graph->parameters[i];
        for (const char *c = parameter->name; *c; c++)
            hash = (hash ^ (unsigned char)*c) * 1099511628211ull;
        for (int d = 0; d < parameter->shape.rank; d++)
            for (int shift = 0; shift < 32; shift += 8)
                hash = (hash ^ ((unsigned)parameter->shape.dim[d] >> shift & 255)) * 1099511628211ull;
        hash = (hash ^ 255) * 1099511628211ull;
    }
    return hash;
}

static const char *shape_initializer(const struct emitter *emitter, const struct shape *shape)
{
    struct text text;
    text_init(&text, emitter->arena);
    text_printf(&text, "%d, {", shape->rank);
    for (int d = 0; d < SHAPE_MAX_RANK; d++)
        text_printf(&text, d ? ", %d" : "%d", d < shape->rank ? shape->dim[d] : 0);
    text_puts(&text, "}");
    return text.data;
}

static const char *time_constant(enum value_time time)
{
    return time == TIME_FRAME ? "RNN_TIME_FRAME" : "RNN_TIME_SEQUENCE";
}

void write_input_tensor(struct emitter *emitter, const struct graph_input *input)
{
    text_printf(emitter->out, "    {\"%s\", %s, %s, %s, %d, 0, RNN_START_CONSTANT, 0, NULL, 0, 0},\n", input->name,
                input->labels       ? "RNN_TYPE_LABELS"
                : input->vocabulary ? "RNN_TYPE_ID"
                                    : "RNN_TYPE_REAL",
                time_constant(input->time), shape_initializer(emitter, &input->shape), input->vocabulary);
}

static const char *start_constant(enum start_kind start)
{
    static const char *const starts[] = {
#define X(id) "RNN_START_" #id,
        START_KINDS(X)
#undef X
    };
    return starts[start];
}

static void write_part_starts(struct emitter *emitter, int index)
{
    const struct graph_parameter *parameter = &emitter->graph->parameters[index];
    if (!parameter->part_count)
        return;
    text_printf(emitter->out, "static const rnn_start_part %s_parts_%d[] = { /* of %s */\n", emitter->prefix, index,
                parameter->name);
    for (int i = 0; i < parameter->part_count; i++) {
        const struct graph_part_start *part = &parameter->parts[i];
        const int *b = part->begin, *n = part->length;
        text_printf(emitter->out, "    {{%d, %d, %d}, {%d, %d, %d}, %s, %.17g},\n", b[0], b[1], b[2], n[0], n[1], n[2],
                    start_constant(part->start), part->number);
    }
    text_puts(emitter->out, "};\n");
}

static void write_tensors(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    struct text *out = emitter->out;
    if (graph->parameter_count + graph->input_count + graph->output_count)
        text_puts(
            out, "/* Name, type, time, rank, shape, size of the vocabulary, offset, start value with its number, parts "
                 "with other start values and their count, whether it is fixed (see rnn_tensor). */\n");
    for (int i = 0; i < graph->parameter_count; i++)
        write_part_starts(emitter, i);
    if (graph->parameter_count)
        text_printf(out, "static const rnn_tensor %s_parameters[] = {\n", emitter->prefix);
    for (int i = 0; i < graph->parameter_count; i++) {
        const struct graph_parameter *parameter = &graph->parameters[i];
        text_printf(out,
                    "    {\"%s\", RNN_TYPE_REAL, RNN_TIME_STATIC, %s, 0,\n     offsetof(%s_params, %s) / "
                    "sizeof(rnn_real), %s, %.17g, %s, %d, %d},\n",
                    parameter->name, shape_initializer(emitter, &parameter->shape), emitter->prefix,
                    emitter->parameters[i], start_constant(parameter->start), parameter->start_number,
                    parameter->part_count ? arena_printf(emitter->arena, "%s_parts_%d", emitter->prefix, i) : "NULL",
                    parameter->part_count, parameter->fixed);
    }
    text_puts(out, graph->parameter_count ? "};\n" : "");
    if (graph->input_count)
        text_printf(out, "static const rnn_tensor %s_inputs[] = {\n", emitter->prefix);
    for (int i = 0; i < graph->input_count; i++)
        write_input_tensor(emitter, &graph->inputs[i]);
    text_puts(out, graph->input_count ? "};\n" : "");
    if (graph->output_count)
        text_printf(out, "static const rnn_tensor %s_outputs[] = {\n", emitter->prefix);
    for (int i = 0; i < graph->output_count; i++)
        text_printf(out, "    {\"%s\", RNN_TYPE_REAL, %s, %s, 0, 0, RNN_START_CONSTANT, 0, NULL, 0, 0},\n",
                    graph->outputs[i].name, time_constant(graph->outputs[i].time),
                    shape_initializer(emitter, &graph->outputs[i].shape));
    text_puts(out, graph->output_count ? "};\n\n" : "\n");
}

/* Writes a call through arrays of addresses. Casts are for C++. */
static void write_generic_call(struct emitter *emitter, enum call_kind call)
{
    static const char *const heads[] = {
        "static rnn_status $_step_any(const void *packed, void *state",
        "static rnn_status $_run_any(const void *packed, void *state, void *work, int frames, const int *lengths"};
    static const char *const calls[] = {
        "    return $_step((const $_packed *)packed, ($_state *)state",
        "    return $_run((const $_packed *)packed, ($_state *)state, ($_work *)work, frames, lengths"};
    write_named(emitter, heads[call]);
    text_puts(emitter->out, ",\n    const void *const inputs[], void *const outputs[])\n{\n");
    write_generic_check(emitter);
    write_named(emitter, calls[call]);
    write_generic_arguments(emitter, call);
    text_puts(emitter->out, ");\n}\n\n");
}

static void write_generic_calls(struct emitter *emitter)
{
    write_pattern(emitter, "/* The calls above, through arrays of addresses where they take inputs and outputs. */\n"
                           "static rnn_status $_pack_any(const void *params, void *packed)\n{\n"
                           "    return $_pack((const $_params *)params, ($_packed *)packed);\n}\n\n"
                           "static rnn_status $_state_copy_any(const void *packed, void *to, int to_first, const void "
                           "*from,\n    int from_first, int count)\n{\n"
                           "    return $_state_copy((const $_packed *)packed, ($_state *)to, to_first, (const $_state "
                           "*)from,\n        from_first, count);\n}\n\n");
    for (int i = 0; i < emitter->schedule->plan_count; i++)
        write_generic_call(emitter, emitter->schedule->plans[i].call);
    write_generic_some(emitter);
}

/* Returns an address for the descriptor: of the network's own part, or NULL if it has none. */
static const char *own(const struct emitter *emitter, bool there, const char *part)
{
    return there ? arena_printf(emitter->arena, "%s%s", emitter->prefix, part) : "NULL";
}

/* Returns how many numbers the parameters take. */
static const char *elements(const struct emitter *emitter)
{
    return emitter->variants ? arena_printf(emitter->arena, "sizeof(%s) / sizeof(rnn_real)", emitter->parameters_type)
                             : arena_printf(emitter->arena, "%ldu", schedule_parameters(emitter->schedule));
}

/* Writes a member that is the address of another descriptor, or NULL. */
static void write_part(struct emitter *emitter, const char *member, const void *there, const char *name)
{
    text_printf(emitter->out, "    .%s = ", member);
    if (there)
        text_printf(emitter->out, "&%s_%s,\n", emitter->prefix, name);
    else
        text_puts(emitter->out, "NULL,\n");
}

/* Writes all members, in their order, as C++ requires. */
void emit_descriptor(struct emitter *emitter, const struct emit_derivatives *derivatives)
{
    const struct graph *graph = emitter->graph;
    struct text *out = emitter->out;
    const bool chooses = emitter->target && emitter->target->levels; /* dispatch.c has written its calls */
    text_puts(out, "/* ==== the descriptor, for tools that know no names ==== */\n\n");
    write_tensors(emitter);
    if (!chooses)
        write_generic_calls(emitter);
    text_printf(out,
                "const rnn_model %s_model = {\n    .name = \"%s\",\n    .target = %s,\n"
                "    .real_size = sizeof(rnn_real),\n    .fingerprint = UINT64_C(0x%llx),\n",
                emitter->prefix, graph->name,
                emitter->target ? arena_printf(emitter->arena, "\"%s\"", emitter->target->name) : "NULL",
                emit_fingerprint(graph));
    text_printf(out, "    .parameters = %s,\n    .inputs = %s,\n    .outputs = %s,\n",
                own(emitter, graph->parameter_count, "_parameters"), own(emitter, graph->input_count, "_inputs"),
                own(emitter, graph->output_count, "_outputs"));
    text_printf(out,
                "    .parameter_count = %d,\n    .input_count = %d,\n    .output_count = %d,\n"
                "    .parameter_elements = %s,\n    .flops = %.0f,\n",
                graph->parameter_count, graph->input_count, graph->output_count, elements(emitter),
                schedule_flops(emitter->schedule));
    write_costs(emitter->schedule, out);
    write_pattern(emitter,
                  "    .block_frames = $_BLOCK_FRAMES,\n    .alignment = %s,\n"
                  "    .packed_size = $_packed_size,\n    .state_size = $_state_size,\n    .work_size = $_work_size,\n"
                  "    .pack = $_pack_any,\n    .state_init = $_state_init_any,\n    .reset = $_reset_any,\n"
                  "    .state_copy = $_state_copy_any,\n",
                  chooses ? "64" : "RNN_VECTOR_BYTES");
    const bool steps = plan_of_call(emitter->schedule, CALL_STEP);
    text_printf(out, "    .step = %s,\n    .step_some = %s,\n    .run = %s_run_any,\n",
                own(emitter, steps, "_step_any"), own(emitter, steps, "_step_some_any"), emitter->prefix);
    write_part(emitter, "training", derivatives->training, "train");
    write_part(emitter, "vjp", derivatives->vjp, "vjp_part");
    write_part(emitter, "variants", emitter->variants, "variants");
    text_puts(out, "    .alloc = rnn_alloc,\n    .free = rnn_free,\n    .status_text = rnn_status_text,\n};\n");
}

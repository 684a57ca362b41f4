/* --self-test: a main that compares what the network gives with what has been recorded. */
#include <string.h>

#include "emit/calls.h"

enum { NUMBERS_A_LINE = 8 };

/* Writes an array of numbers, or ids; its name is that of an argument. */
static void write_array(struct emitter *emitter, const char *type, const char *name, const char *what,
                        const double *numbers, long count)
{
    write_pattern(emitter, "static const %s $_test_%s%s[] = {", type, what, name);
    for (long k = 0; k < count; k++) {
        text_puts(emitter->out, k % NUMBERS_A_LINE ? " " : "\n    ");
        if (strcmp(type, "int32_t") == 0)
            text_printf(emitter->out, "%.0f,", numbers[k]);
        else
            text_printf(emitter->out, "%s,", emit_number(emitter->arena, numbers[k]));
    }
    text_puts(emitter->out, "\n};\n");
}

static long count_of(const struct emitter *emitter, const struct shape *shape, enum value_time time)
{
    return shape_size(shape) * (time == TIME_FRAME ? emitter->record->frames : 1);
}

static void write_arrays(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    const struct emit_record *record = emitter->record;
    for (int i = 0; i < graph->input_count; i++)
        write_array(emitter, input_type(&graph->inputs[i]), emitter->arguments[i], "input_", record->inputs[i],
                    count_of(emitter, &graph->inputs[i].shape, graph->inputs[i].time));
    for (int i = 0; i < graph->output_count; i++) {
        const struct graph_output *output = &graph->outputs[i];
        const long count = count_of(emitter, &output->shape, output->time);
        const char *name = emitter->arguments[graph->input_count + i];
        write_array(emitter, "rnn_real", name, "expected_", record->outputs[i], count);
        write_pattern(emitter, "static rnn_real $_test_given_%s[%ld];\n", name, count);
    }
    write_pattern(emitter,
                  "static RNN_ALIGNED int64_t $_test_state[$_STATE_BYTES(1) / 8];\n"
                  "static RNN_ALIGNED int64_t $_test_work[$_WORK_BYTES(%d, 1) / 8];\n",
                  record->frames);
    if (!emitter->constants)
        write_pattern(emitter, "static struct $_packed $_test_packed;\n");
    text_puts(emitter->out, "\n");
}

static const char *const comparison =
    "/* True if a number is farther from the expected one than float's arithmetic can be. */\n"
    "static int $_test_differs(const rnn_real *given, const rnn_real *expected, int count, rnn_real tolerance)\n{\n"
    "    int differs = 0;\n"
    "    for (int i = 0; i < count; i++)\n"
    "        differs |= !(given[i] - expected[i] <= tolerance && expected[i] - given[i] <= tolerance);\n"
    "    return differs;\n}\n\n";

/* Writes the arguments of a call for inputs and outputs: at frame t, or (NULL) all frames. */
static void write_data(struct emitter *emitter, const char *t)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->input_count + graph->output_count; i++) {
        const bool in = i < graph->input_count;
        const struct shape *shape = in ? &graph->inputs[i].shape : &graph->outputs[i - graph->input_count].shape;
        const enum value_time time = in ? graph->inputs[i].time : graph->outputs[i - graph->input_count].time;
        write_pattern(emitter, ", $_test_%s%s", in ? "input_" : "given_", emitter->arguments[i]);
        if (t && time == TIME_FRAME)
            text_printf(emitter->out, " + %s * %ld", t, shape_size(shape));
    }
    text_puts(emitter->out, ")");
}

/* Writes the comparison of all outputs; `status`: what main returns where one differs. */
static void write_comparisons(struct emitter *emitter, int status)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->output_count; i++) {
        const char *name = emitter->arguments[graph->input_count + i];
        write_pattern(emitter,
                      "    if ($_test_differs($_test_given_%s, $_test_expected_%s, %ld, %s))\n        return %d;\n",
                      name, name, count_of(emitter, &graph->outputs[i].shape, graph->outputs[i].time),
                      emit_number(emitter->arena, emitter->record->tolerances[i]), status);
    }
}

void emit_self_test(struct emitter *emitter)
{
    const int frames = emitter->record->frames;
    const char *packed =
        arena_printf(emitter->arena, emitter->constants ? "%s_weights" : "%s_test_packed", emitter->prefix);
    write_pattern(emitter,
                  "\n/* ==== self-test: %d frames of random inputs, and what the equations give for them in double "
                  "==== */\n\n",
                  frames);
    write_arrays(emitter);
    write_pattern(emitter, comparison);
    write_pattern(
        emitter,
        "/* Returns 0 if all is well; 1: the weights could not be packed; 2, 3: all frames at once failed, or "
        "differ; 4, 5: frame by frame. */\n"
        "int main(void)\n{\n"
        "    $_state *const state = ($_state *)(void *)$_test_state;\n"
        "    $_work *const work = ($_work *)(void *)$_test_work;\n"
        "    if (sizeof $_test_state != $_state_size(1) || sizeof $_test_work != $_work_size(%d, 1)%s)\n"
        "        return 1;\n"
        "    if ($_state_init(state, 1) != RNN_OK ||\n        $_run(&%s, state, work, %d, NULL",
        frames,
        emitter->constants ? ""
                           : arena_printf(emitter->arena, " ||\n        %s_pack(&%s_weights, &%s) != RNN_OK",
                                          emitter->prefix, emitter->prefix, packed),
        packed, frames);
    write_data(emitter, NULL);
    text_puts(emitter->out, " != RNN_OK)\n        return 2;\n");
    write_comparisons(emitter, 3);
    if (plan_of_call(emitter->schedule, CALL_STEP)) {
        write_pattern(emitter,
                      "    if ($_reset(state, NULL) != RNN_OK)\n        return 4;\n"
                      "    for (int t = 0; t < %d; t++)\n        if ($_step(&%s, state",
                      frames, packed);
        write_data(emitter, "t");
        text_puts(emitter->out, " != RNN_OK)\n            return 4;\n");
        write_comparisons(emitter, 5);
    }
    text_puts(emitter->out, "    return 0;\n}\n");
}

/* The beginnings of calls: their memory, where values lie in it, and the state. */
#include "emit/writing.h"

static void write_step_head(struct writing *writing)
{
    write_pattern(writing->emitter, "    struct $_values values;\n"
                                    "    $_place_state(&values, state, streams);\n"
                                    "    values.ages = rnn_ages(state);\n"
                                    "    const rnn_flush_state flush = rnn_flush_begin();\n");
}

void write_past(struct writing *writing)
{
    if (!writing->plan->carries)
        return;
    write_pattern(writing->emitter, "    struct $_values past;\n    $_place_state(&past, state, streams);\n");
    if (scans_keep(writing->emitter->schedule))
        text_puts(writing->emitter->out, "    values.kept = lengths ? &past : NULL;\n    past.kept = NULL;\n");
}

static void write_run_head(struct writing *writing)
{
    write_pattern(writing->emitter,
                  "    rnn_call call = rnn_begin_call(work, state, frames, lengths, $_BLOCK_FRAMES, 0);\n");
    write_wave(writing);
    write_pattern(writing->emitter,
                  "    struct $_values values;\n%s"
                  "    $_place(&values, (rnn_real *)call.memory, call.block_columns, call.whole, (size_t)streams%s);\n"
                  "    values.ages = call.ages;\n",
                  writing->plan->whole ? "    memset(&values, 0, sizeof values);\n" : "",
                  has_rings(writing->emitter->schedule) ? ", 0" : "");
    write_past(writing);
    text_puts(writing->emitter->out, "    const rnn_flush_state flush = rnn_flush_begin();\n");
}

static void write_grad_head(struct writing *writing)
{
    write_pattern(writing->emitter,
                  "    const int frames = window->frames, *const lengths = window->lengths;\n"
                  "    rnn_call call = rnn_begin_call(work, state, frames, lengths, $_BLOCK_FRAMES, 1);\n");
    write_wave(writing);
    write_pattern(
        writing->emitter,
        "    rnn_loss_sum *const sums = $_sums(work, streams);\n"
        "    struct $_packed *const packed = $_packed_of(work, streams);\n"
        "    rnn_real *const memory = $_values_of(work, streams);\n"
        "    rnn_loss losses[$_LOSSES];\n"
        "    struct $_values values;\n"
        "    memset(&values, 0, sizeof values);\n"
        "    values.ages = call.ages;\n"
        "    values.left = call.left;\n"
        "    values.window = window;\n"
        "    values.sums = sums;\n"
        "    values.gradient = gradient;\n"
        "    rnn_real *const late =\n"
        "        rnn_behind(memory, $_place(&values, memory, call.block_columns, call.whole, (size_t)streams));\n"
        "    const size_t late_numbers = $_place_late(&values, late, frames);\n"
        "    memset(sums, 0, $_LOSSES * sizeof *sums);\n");
    write_past(writing);
    text_puts(writing->emitter->out, "    const rnn_flush_state flush = rnn_flush_begin();\n");
}

void write_head(struct writing *writing)
{
    switch (writing->plan->call) {
    case CALL_STEP:
        write_step_head(writing);
        break;
    case CALL_RUN:
        write_run_head(writing);
        break;
    case CALL_GRAD:
        write_grad_head(writing);
        if (writing->plan->carries)
            write_line(writing, "const int advance = window->advance ? window->advance : frames;");
        break;
    }
}

/* `_run`: blocks of frames, pass after pass. */
#include "emit/calls.h"

#include <string.h>

/* Values overwritten in place: where a stream that ends keeps its past. */
static void write_kept(struct emitter *emitter)
{
    for (int i = 0; i < emitter->graph->node_count; i++)
        if (emitter->schedule->buffers[i].in_place)
            text_printf(emitter->out, "    values.%s_kept_ = past.%s;\n", emitter->buffers[i], emitter->buffers[i]);
}

/* What has been gathered goes with the past. */
static void write_gathered(struct emitter *emitter, const char *to, const char *from)
{
    for (int i = 0; i < emitter->graph->node_count; i++)
        if (node_gathers(emitter->graph->nodes[i]))
            text_printf(emitter->out,
                        "    memcpy(%s.%s_so_far_, %s.%s_so_far_, (size_t)streams * %s * sizeof(rnn_real));\n", to,
                        emitter->buffers[i], from, emitter->buffers[i],
                        gathered_numbers(emitter->arena, emitter->graph->nodes[i]));
}

/* After the run: pasts back into the state. With lengths, every stream has kept its own as it ended, but for
 * elementwise scans, which stop by themselves. */
static void write_give_back(struct emitter *emitter)
{
    const struct schedule *schedule = emitter->schedule;
    write_pattern(emitter, "    if (!lengths)\n        $_take(&past, &values, streams);\n");
    bool opened = false;
    for (int i = 0; i < emitter->graph->node_count; i++) {
        if (!schedule->buffers[i].in_place || schedule->regions[schedule->region_of[i]].kind != REGION_ELEMENTWISE_SCAN)
            continue;
        if (!opened)
            text_puts(emitter->out, "    else {\n");
        opened = true;
        int units = node_units(emitter->graph->nodes[i]);
        text_printf(emitter->out,
                    "        memcpy(past.%s, values.%s, (size_t)streams * RNN_PAD(%d) * sizeof(rnn_real));\n",
                    emitter->buffers[i], emitter->buffers[i], units);
    }
    if (opened)
        text_puts(emitter->out, "    }\n");
    write_gathered(emitter, "past", "values");
}

static void write_run_head(struct emitter *emitter)
{
    write_pattern(
        emitter,
        "rnn_status $_run(const $_packed *packed, $_state *state, $_work *work, int frames, const int *lengths");
    write_arguments(emitter);
    write_pattern(emitter, "    if (!packed || !rnn_is_aligned(packed) || !$_state_is_begun(state) || !work || "
                           "!rnn_is_aligned(work) || frames < 0)\n"
                           "        return RNN_ERROR_ARGUMENT;\n");
    text_puts(emitter->out, "    const int streams = state->streams;\n"
                            "    if (rnn_check_lengths(lengths, frames, streams) != RNN_OK)\n"
                            "        return RNN_ERROR_LENGTH;\n");
    write_checks(emitter, "lengths", "frames");
    write_pattern(
        emitter,
        "    const int most = $_block_frames(frames, streams);\n"
        "    int64_t *const ages = (int64_t *)work;     /* of each stream: frames before the block */\n"
        "    int *const ends = (int *)(ages + streams); /* of each stream: frames within it */\n"
        "    struct $_values values;\n"
        "    $_place(&values, (rnn_real *)((char *)work + $_work_head(streams)), rnn_columns(most, streams), "
        "rnn_columns(frames, streams),\n"
        "        (size_t)streams);\n"
        "    values.ages = ages;\n");
}

/* The frames of each stream in the block at hand, and before it. */
static const char *const block_ends = "        for (int stream = 0; stream < streams; stream++) {\n"
                                      "            const int length = lengths ? lengths[stream] : frames;\n"
                                      "            ends[stream] = RNN_MAX(0, RNN_MIN(count, length - done));\n"
                                      "            ages[stream] = @RNN_MIN(done, length);\n"
                                      "        }\n";

static void write_block_ends(struct emitter *emitter, const char *age)
{
    const char *at = strchr(block_ends, '@');
    text_append(emitter->out, block_ends, (size_t)(at - block_ends));
    text_puts(emitter->out, age);
    text_puts(emitter->out, at + 1);
}

/* The frames of each stream after the last block. */
static void write_final_ages(struct emitter *emitter)
{
    text_puts(emitter->out, "    for (int stream = 0; stream < streams; stream++)\n"
                            "        ages[stream] = lengths ? lengths[stream] : frames;\n");
}

void write_run(struct emitter *emitter)
{
    write_run_head(emitter);
    write_pattern(emitter, "    struct $_values past;\n    $_place_state(&past, state);\n");
    write_kept(emitter);
    text_puts(emitter->out, "    const rnn_flush_state flush = rnn_flush_begin();\n");
    write_whole_inputs(emitter);
    write_sequence_regions(emitter, 0);
    write_pattern(emitter,
                  "    $_start_streams(packed, state, &past, &values);\n    $_take(&values, &past, streams);\n");
    write_gathered(emitter, "values", "past");
    text_puts(emitter->out, "    for (int done = 0, count; done < frames; done += count) {\n"
                            "        count = RNN_MIN(most, frames - done);\n");
    write_block_ends(emitter, "state->ages[stream] + ");
    write_block_inputs(emitter, 0);
    write_pattern(emitter, "        $_pass_0(packed, &values, count, streams, lengths ? ends : NULL);\n");
    write_block_outputs(emitter, 0);
    write_pattern(emitter, "        for (int stream = 0; lengths && stream < streams; stream++)\n"
                           "            if (lengths[stream] > done && lengths[stream] <= done + count)\n"
                           "                $_keep(&past, &values, ends[stream], streams, stream);\n"
                           "        $_carry(&values, count, streams);\n    }\n");
    write_give_back(emitter);
    write_pattern(emitter, "    $_grow_older(state, lengths, frames);\n");
    write_pattern(emitter,
                  "    memcpy(ages, state->ages, (size_t)streams * sizeof *ages);\n    $_finish_0(&values, streams);\n");
    write_sequence_regions(emitter, 1);
    write_sequence_outputs(emitter);
    text_puts(emitter->out, "    rnn_flush_end(flush);\n    return RNN_OK;\n}\n\n");
}

/* A program that needs the future: every call is a whole sequence, run through as often as it takes. */
static void write_whole_pass(struct emitter *emitter, int pass)
{
    struct text *out = emitter->out;
    bool backward = pass_is_backward(pass);
    write_sequence_regions(emitter, pass);
    text_printf(out,
                "    for (int stream = 0; stream < streams; stream++)\n"
                "        %s_start_%d(packed, &whole, &whole, frames, lengths ? lengths[stream] : frames, streams, stream);\n",
                emitter->prefix, pass);
    if (backward)
        text_puts(out, "    for (int done = frames, count; done > 0;) { /* backward */\n"
                       "        count = RNN_MIN(most, done);\n        done -= count;\n");
    else
        text_puts(out, "    for (int done = 0, count; done < frames; done += count) {\n"
                       "        count = RNN_MIN(most, frames - done);\n");
    write_block_ends(emitter, "");
    text_printf(out, "        %s_at(&values, &whole, done, streams);\n", emitter->prefix);
    write_block_inputs(emitter, pass);
    text_printf(out, "        %s_pass_%d(packed, &values, count, streams, lengths ? ends : NULL);\n", emitter->prefix,
                pass);
    write_block_outputs(emitter, pass);
    text_puts(out, "    }\n");
    write_final_ages(emitter);
    text_printf(out, "    %s_at(&values, &whole, 0, streams);\n    %s_finish_%d(&values, streams);\n", emitter->prefix,
                emitter->prefix, pass);
}

void write_whole_run(struct emitter *emitter)
{
    write_run_head(emitter);
    text_puts(emitter->out, "    const rnn_flush_state flush = rnn_flush_begin();\n");
    write_whole_inputs(emitter);
    write_pattern(emitter, "    const struct $_values whole = values;\n");
    for (int pass = 0; pass < emitter->schedule->passes.count; pass++)
        write_whole_pass(emitter, pass);
    write_sequence_regions(emitter, emitter->schedule->passes.count);
    write_sequence_outputs(emitter);
    text_puts(emitter->out, "    rnn_flush_end(flush);\n    return RNN_OK;\n}\n\n");
}

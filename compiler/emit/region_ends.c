/* Streams that are shorter than a call: what a region does with their values at their ends. */
#include "emit/region.h"

void write_ends(struct emitter *emitter, const struct region *region)
{
    bool shared = region_is_shared(region), any = false;
    for (int i = 0; i < region->node_count; i++) {
        int id = region->nodes[i];
        if (!value_is_kept_by_scan(emitter->schedule, id))
            continue;
        use_variables(emitter, VAR_values | VAR_streams | VAR_ends);
        text_printf(emitter->out,
                    "%s            rnn_keep_ended(values->kept->%s, values->%s, RNN_PAD(%s), ends, t, %s);\n",
                    shared && any ? ""
                    : shared      ? "        if (ends) {\n"
                                  : "        if (ends)\n",
                    emitter->buffers[id], emitter->buffers[id], value_size(emitter, id),
                    shared ? "share.columns.first, share.columns.end" : "0, streams");
        any = true;
    }
    if (any && shared)
        text_puts(emitter->out, "            rnn_meet(&share);\n        }\n");
}

void write_frames_not_begun(struct emitter *emitter, const struct region *region)
{
    bool any = false, shared = region_is_shared(region);
    for (int i = 0; i < region->node_count; i++) {
        int id = region->nodes[i];
        const char *units = value_size(emitter, id);
        const struct buffer *buffer = &emitter->schedule->buffers[id];
        if (!ends_with_block(emitter->schedule, id))
            continue;
        if (!any)
            text_printf(emitter->out,
                        "        for (int stream = %s; ends && stream < %s; stream++)\n"
                        "            if (ends[stream] < t + %s) {\n",
                        shared ? "share.columns.first" : "0", shared ? "share.columns.end" : "streams",
                        region->group > 1 ? "count" : "1");
        any = true;
        use_variables(emitter, VAR_values | VAR_streams | VAR_ends | (buffer->in_place ? 0 : VAR_frame));
        if (region->group > 1)
            text_printf(emitter->out,
                        "                rnn_start_future(values->%s + frame * RNN_PAD(%s), RNN_MIN(count, t + count - "
                        "ends[stream]),\n"
                        "                                 RNN_PAD(%s), %s, %s, RNN_MAX(0, ends[stream] - t), streams, "
                        "stream);\n",
                        emitter->buffers[id], units, units, units, initial_value(emitter, id));
        else
            text_printf(emitter->out,
                        "                rnn_start_past(values->%s + %s * RNN_PAD(%s), 1, RNN_PAD(%s), %s, %s, "
                        "streams, stream);\n",
                        emitter->buffers[id], buffer->in_place ? "(ptrdiff_t)streams" : "(frame + streams)", units,
                        units, units, initial_value(emitter, id));
    }
    text_puts(emitter->out, any ? "            }\n" : "");
    if (any && shared)
        text_puts(emitter->out, "        if (ends)\n            rnn_meet(&share);\n");
}

/* Writes initial values to the frames of a block behind those of each stream, for a value. */
static void write_node_after_end(struct emitter *emitter, int id)
{
    const struct buffer *buffer = &emitter->schedule->buffers[id];
    if (!ends_with_block(emitter->schedule, id) || buffer->storage != STORE_SEQUENCE)
        return;
    const char *units = value_size(emitter, id);
    use_variables(emitter, VAR_values | VAR_frames | VAR_streams | VAR_ends);
    text_printf(emitter->out,
                "    for (int stream = 0; ends && stream < streams; stream++)\n"
                "        rnn_start_future(values->%s, frames - ends[stream], RNN_PAD(%s), %s, %s, ends[stream],\n"
                "                         streams, stream);\n",
                emitter->buffers[id], units, units, initial_value(emitter, id));
}

void write_frames_after_end(struct emitter *emitter, const struct region *region, const struct kernel *kernel)
{
    struct text text, *out = emitter->out;
    text_init(&text, emitter->arena);
    emitter->out = &text;
    for (int i = 0; i < kernel->accumulator_count; i++)
        write_node_after_end(emitter, kernel->accumulators[i].result);
    for (int i = 0; i < kernel->node_count; i++)
        write_node_after_end(emitter, kernel->nodes[i]);
    emitter->out = out;
    if (!text.length)
        return;
    if (region_is_shared(region)) {
        use_variables(emitter, VAR_share);
        text_puts(out, "    rnn_barrier(&share);\n    if (share.thread == 0) {\n");
    }
    text_append(out, text.data, text.length);
    if (region_is_shared(region))
        text_puts(out, "    }\n    rnn_barrier(&share);\n");
}

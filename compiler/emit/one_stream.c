/* A frame of one stream: scans whose kernels are all products have a function for it, where all numbers are constant.
 * It goes through the panels to and fro, from call to call, so that each finds in the first-level cache what the one
 * before read last; and does so at once with the frames region in front of it, if that has the same panels. It does
 * neither where weights are many (see frame_reads_forward). */
#include "emit/emitter.h"

enum { VARIABLES_OF_ONE = VAR_packed | VAR_values | VAR_frame | VAR_streams | VAR_panel | VAR_first | VAR_columns };

bool region_has_one_stream(const struct emitter *emitter, int index)
{
    const struct region *region = &emitter->schedule->regions[index];
    bool has = plan_of_call(emitter->schedule, CALL_STEP) && region->kind == REGION_SCAN && region->group == 1;
    for (int k = 0; has && k < region->kernel_count; k++)
        has = region->kernels[k].kind == KERNEL_PANEL && !(emitter->kernel_uses[index][k] & ~VARIABLES_OF_ONE);
    return has;
}

bool one_stream_is_shared(const struct emitter *emitter, int index)
{
    const struct sharing *sharing = &emitter->schedule->regions[index].sharing;
    return sharing->fork_columns == 1 && sharing->row_streams == 1;
}

/* Writes the call of a function for one panel, which takes these variables. */
static void write_call_of_one(struct emitter *emitter, const char *indent, const char *name, unsigned uses)
{
    static const struct {
        enum variable_number variable;
        const char *argument;
    } arguments[] = {{NUMBER_packed, "packed"}, {NUMBER_values, "values"}, {NUMBER_frame, "0"},  {NUMBER_streams, "1"},
                     {NUMBER_panel, "panel"},   {NUMBER_first, "0"},       {NUMBER_columns, "1"}};
    const char *separator = "";
    text_printf(emitter->out, "%s%s(", indent, name);
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
        if (!(uses >> arguments[i].variable & 1))
            continue;
        text_printf(emitter->out, "%s%s", separator, arguments[i].argument);
        separator = ", ";
    }
    text_puts(emitter->out, ");\n");
}

static void write_kernel_of_one(struct emitter *emitter, int index, int k)
{
    const struct region *region = &emitter->schedule->regions[index];
    write_call_of_one(emitter, "        ", kernel_name(emitter, region, &region->kernels[k]),
                      emitter->kernel_uses[index][k]);
}

/* Writes the rounding of a kernel's column, if its weights are int8. */
static void write_rounding_of_one(struct emitter *emitter, int index, int k, bool shared)
{
    const struct region *region = &emitter->schedule->regions[index];
    const unsigned uses = emitter->rounding_uses[index][k];
    if (!uses)
        return;
    text_puts(emitter->out, shared ? "    if (share.thread == 0)\n" : "");
    write_call_of_one(emitter, shared ? "        " : "    ", rounding_name(emitter, region, &region->kernels[k]), uses);
    text_puts(emitter->out, shared ? "    rnn_meet(&share);\n" : "");
}

/* Writes the function that shares such a frame among threads. */
static void write_fork_of_one(struct emitter *emitter, const struct region *region)
{
    write_pattern(
        emitter,
        "static void $_%s_of_one(const struct $_packed *packed, const struct $_values *values, rnn_team *team)\n"
        "{\n    const rnn_split split = rnn_split_scan(team, 1, 1, 1, 0, 1, %d);\n",
        region->name, region->sharing.row_threads);
    write_threads(emitter,
                  arena_printf(emitter->arena, "%s_of_one_share(packed, values, rnn_share_of(&split))", region->name),
                  "rows of the weights");
    text_puts(emitter->out, "}\n\n");
}

void write_one_stream(struct emitter *emitter, int index)
{
    const struct region *region = &emitter->schedule->regions[index];
    const int joined = frames_joined(emitter->schedule, index);
    const bool turns = emitter->schedule->options.turn_panels && !frame_reads_forward(emitter->schedule),
               shared = one_stream_is_shared(emitter, index);
    const char *counter = turns ? "i" : "panel";
    struct text *out = emitter->out;
    text_printf(out, "/* A frame of one stream%s%s. */\n",
                joined == NO_REGION
                    ? ""
                    : arena_printf(emitter->arena, ", panel by panel with %s", emitter->schedule->regions[joined].name),
                turns ? "; every other frame goes through the panels backwards" : "");
    text_printf(out,
                "RNN_INLINE void %s_%s_of_one%s(const struct %s_packed *packed, const struct %s_values *values%s)\n{\n",
                emitter->prefix, region->name, shared ? "_share" : "", emitter->prefix, emitter->prefix,
                shared ? ",\n    rnn_share share" : "");
    if (turns)
        text_puts(out, "    const int back = (int)(values->ages[0] & 1);\n");
    for (int k = 0; k < region->kernel_count; k++) {
        const char *panels = arena_printf(emitter->arena, "RNN_PANELS(%d, %s)", region->kernels[k].panel_rows,
                                          kernel_size(emitter, &region->kernels[k]));
        if (shared && k > 0)
            text_puts(out, "    rnn_meet(&share);\n");
        if (joined != NO_REGION)
            write_rounding_of_one(emitter, joined, 0, shared);
        write_rounding_of_one(emitter, index, k, shared);
        text_puts(out, "    RNN_UNROLL_PART(1)\n");
        write_panels_head(emitter, shared ? region : NULL, "    ", counter, panels);
        if (turns)
            text_printf(out, "        const int panel = back ? %s : i;\n",
                        last_panels(emitter, shared ? region : NULL, panels));
        if (joined != NO_REGION)
            write_kernel_of_one(emitter, joined, 0);
        write_kernel_of_one(emitter, index, k);
        text_puts(out, "    }\n");
    }
    text_puts(out, "}\n\n");
    if (shared)
        write_fork_of_one(emitter, region);
}

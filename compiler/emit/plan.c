/* Entry points: the steps of their plans. */
#include <string.h>

#include "emit/writing.h"

/* True if threads share any of the regions of some steps. */
static bool steps_share_regions(const struct emitter *emitter, const struct plan *plan, int begin, int end)
{
    bool shared = false;
    for (int i = begin; i < end; i++) {
        const struct step *step = &plan->steps[i];
        shared |= step->kind == STEP_REGION && region_is_shared(&emitter->schedule->regions[step->region]);
    }
    return shared;
}

bool plan_shares_regions(const struct emitter *emitter, const struct plan *plan)
{
    return steps_share_regions(emitter, plan, 0, plan->step_count);
}

/* Writes what the threads of a call share, if any of its regions is shared. */
static void write_team(struct writing *writing)
{
    if (!steps_share_regions(writing->emitter, writing->plan, writing->begin, writing->end))
        return;
    write_line(writing, "rnn_team team = rnn_begin_team();");
    writing->team = true;
}

/* Returns the last argument of a region's function. */
static const char *team_argument(const struct region *region) { return region_is_shared(region) ? ", &team" : ""; }

static const char *frames_of_block(const struct writing *writing) { return writing->one_frame ? "1" : "call.count"; }

/* ---- loops ---- */

static void open_blocks(struct writing *writing, const struct step *step)
{
    if (step->section != NO_SECTION)
        open_section(writing, step->section);
    else
        write_line(writing,
                   step->backward ? "rnn_begin_pass(&call, RNN_BACKWARD);" : "rnn_begin_pass(&call, RNN_FORWARD);");
    write_line(writing, "while (rnn_next_block(&call)) {");
    writing->indent += 4;
    if (step->section != NO_SECTION)
        write_waits_of_block(writing, step->section);
    if (writing->plan->call == CALL_GRAD)
        write_line(writing, "values.done = call.begin;");
    if (values_move_with_blocks(writing->emitter))
        write_line(writing, "$_at(&values, &whole, call.column);");
}

static void close_blocks(struct writing *writing, const struct step *step)
{
    if (step->section != NO_SECTION)
        write_line(writing, "rnn_pass_on(&wave, &call);");
    writing->indent -= 4;
    write_line(writing, "}");
    if (step->section != NO_SECTION)
        close_section(writing, step->section);
    else if (values_move_with_blocks(writing->emitter))
        write_line(writing, "values = whole;");
}

/* Returns the condition on the streams of a step that is done stream by stream; else NULL. */
static const char *streams_of_step(const struct writing *writing, enum step_kind kind)
{
    const char *ages = writing->one_frame ? "values.ages" : "call.began";
    if (kind == STEP_START && writing->plan->whole)
        return "";
    if (kind == STEP_START || kind == STEP_TAKE)
        return arena_printf(writing->emitter->arena, "if (%s[stream] %s 0)", ages, kind == STEP_START ? "==" : ">");
    return kind == STEP_KEEP ? "if (end > 0)" : NULL;
}

/* Writes steps of one kind, stream by stream. */
static void write_stream_loop(struct writing *writing, const struct step *steps, int count)
{
    struct text *out = writing->emitter->out;
    const char *which = streams_of_step(writing, steps->kind);
    bool keeps = steps->kind == STEP_KEEP, braces = count > 1;
    write_line(writing, keeps               ? "for (int stream = 0; stream < streams; stream++) {"
                        : braces && !*which ? "for (int stream = 0; stream < streams; stream++) {"
                                            : "for (int stream = 0; stream < streams; stream++)");
    int indent = writing->indent;
    writing->indent += 4;
    if (keeps)
        write_line(writing, steps->scope == SCOPE_BLOCK
                                ? "const int end = rnn_end_in_block(&call, stream);"
                                : "const int end = RNN_MIN(advance, rnn_length(&call, stream));");
    if (*which) {
        text_printf(out, "%*s%s%s\n", writing->indent, "", which, braces ? " {" : "");
        writing->indent += 4;
    }
    for (int i = 0; i < count; i++) {
        text_printf(out, "%*s", writing->indent, "");
        write_step_call(writing->emitter, &steps[i], frames_of_block(writing));
    }
    if (*which && braces)
        text_printf(out, "%*s}\n", writing->indent - 4, "");
    writing->indent = indent;
    if (keeps || (braces && !*which))
        write_line(writing, "}");
}

/* ---- steps ---- */

/* Writes regions of a frame that one stream has a function for: a scan, and the frames region joined with it. */
static void write_region_of_frame(struct writing *writing, int scan)
{
    struct emitter *emitter = writing->emitter;
    const struct region *regions = emitter->schedule->regions;
    const int joined = frames_joined(emitter->schedule, scan);
    const char *name = regions[scan].name;
    const char *team = team_argument(&regions[scan]);
    write_pattern(emitter, "    if (streams == 1)\n        $_%s_of_one(packed, &values%s);\n    else%s\n", name,
                  one_stream_is_shared(emitter, scan) ? ", &team" : "", joined == NO_REGION ? "" : " {");
    if (joined != NO_REGION)
        write_pattern(emitter, "        $_%s(packed, &values, 1, streams, NULL%s);\n", regions[joined].name,
                      team_argument(&regions[joined]));
    write_pattern(emitter, "        $_%s(packed, &values, 1, streams, NULL%s);\n%s", name, team,
                  joined == NO_REGION ? "" : "    }\n");
}

/* True if a frames region is written with the scan behind it. */
static bool is_joined(const struct writing *writing, int region)
{
    const struct emitter *emitter = writing->emitter;
    return region + 1 < emitter->schedule->region_count && region_has_one_stream(emitter, region + 1) &&
           frames_joined(emitter->schedule, region + 1) == region;
}

static void write_region(struct writing *writing, const struct step *step)
{
    struct emitter *emitter = writing->emitter;
    const struct region *region = &emitter->schedule->regions[step->region];
    if (writing->one_frame && is_joined(writing, step->region))
        return;
    if (writing->one_frame && region_has_one_stream(emitter, step->region)) {
        write_region_of_frame(writing, step->region);
        return;
    }
    text_printf(emitter->out, "%*s", writing->indent, "");
    if (region->kind == REGION_LATE)
        write_pattern(emitter, "$_late(params, packed, &values);\n");
    else if (step->scope == SCOPE_BLOCK)
        write_pattern(emitter, "$_%s(packed, &values, %s, streams, %s%s);\n", region->name, frames_of_block(writing),
                      writing->one_frame ? "NULL" : "call.ends", team_argument(region));
    else
        write_pattern(emitter, "$_%s(packed, &values, 1, streams, NULL%s);\n", region->name, team_argument(region));
}

static void write_loss(struct writing *writing)
{
    const struct graph *graph = writing->emitter->graph;
    if (graph->of_outputs) /* it has none */
        return;
    write_line(writing, "status = rnn_finish_losses(window, sums, losses, $_LOSSES, loss);");
    write_line(writing, "if (status != RNN_OK) {");
    write_line(writing, "    rnn_flush_end(flush);");
    write_line(writing, "    return status;");
    write_line(writing, "}");
    write_line(writing, "if (gradient) { /* else only the loss is wanted */");
    writing->indent += 4;
    writing->gradient = true;
    for (int i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op == OP_seed)
            text_printf(writing->emitter->out, "%*srnn_scale_seed(&sums[%d], values.%s, %s, streams);\n",
                        writing->indent, "", graph->nodes[i]->loss, writing->emitter->buffers[i],
                        node_is_loss_of_frames(graph->nodes[i]) ? "frames" : "1");
}

/* Writes calls for the gradients that are complete: of a step of blocks in the last of them. */
static void write_tell(struct writing *writing, const struct step *step)
{
    int before = 0;
    for (const struct step *other = writing->plan->steps; other < step; other++)
        before += other->kind == STEP_TELL ? other->value_count : 0;
    if (step->scope == SCOPE_BLOCK)
        write_line(writing, "if (rnn_is_last_block(&call))");
    text_printf(writing->emitter->out, "%*s", writing->indent + (step->scope == SCOPE_BLOCK ? 4 : 0), "");
    write_pattern(writing->emitter, "rnn_tell_finished(window, &$_finished[%d], %d);\n", before, step->value_count);
}

static void write_clear(struct writing *writing)
{
    const struct emitter *emitter = writing->emitter;
    const int count = emitter->graph->parameter_count;
    int begun = 0;
    for (int i = 0; i < count; i++)
        begun += gradient_begins_with_products(emitter->schedule, i);
    if (count && !begun)
        write_line(writing, "memset(gradient, 0, sizeof *gradient);");
    for (int i = 0; i < count && begun; i++)
        if (!gradient_begins_with_products(emitter->schedule, i))
            text_printf(emitter->out, "%*smemset(gradient->%s, 0, sizeof gradient->%s);\n", writing->indent, "",
                        emitter->parameters[i], emitter->parameters[i]);
    write_line(writing, "memset(late, 0, late_numbers * sizeof *late);");
}

static void write_age(struct writing *writing)
{
    static const char *const lines[] = {"rnn_grow_older(rnn_ages(state), streams, NULL, 1);",
                                        "rnn_grow_older(rnn_ages(state), streams, lengths, frames);",
                                        "rnn_grow_older(rnn_ages(state), streams, lengths, advance);"};
    write_line(writing, lines[writing->plan->call]);
}

static void write_step(struct writing *writing, const struct step *step)
{
    struct emitter *emitter = writing->emitter;
    switch (step->kind) {
    case STEP_PACK:
        write_line(writing, pack_draws(emitter) ? "$_pack(params, packed, window);" : "$_pack(params, packed);");
        break;
    case STEP_INPUTS:
        write_inputs(emitter, step, writing->indent, writing->one_frame);
        break;
    case STEP_REGION:
        write_region(writing, step);
        break;
    case STEP_OUTPUTS:
        write_outputs(emitter, step, writing->indent, writing->one_frame);
        break;
    case STEP_CARRY:
    case STEP_FINISH:
        text_printf(emitter->out, "%*s", writing->indent, "");
        write_step_call(emitter, step, frames_of_block(writing));
        break;
    case STEP_AGE:
        write_age(writing);
        break;
    case STEP_LOSS:
        write_loss(writing);
        break;
    case STEP_CLEAR:
        write_clear(writing);
        break;
    case STEP_TELL:
        write_tell(writing, step);
        break;
    case STEP_START: /* stream by stream */
    case STEP_TAKE:
    case STEP_KEEP:
        break;
    }
}

/* ---- the whole ---- */

/* Returns the number of steps, from the first on, that are one loop over streams; 0 if it is none. */
static int count_of_stream_loop(const struct writing *writing, int first)
{
    const struct step *steps = writing->plan->steps;
    int count = 0;
    if (streams_of_step(writing, steps[first].kind))
        while (first + count < writing->end && steps[first + count].kind == steps[first].kind &&
               steps[first + count].section == steps[first].section)
            count++;
    return count;
}

static bool is_in_loop(const struct writing *writing, const struct step *step)
{
    return step->scope == SCOPE_BLOCK && !writing->one_frame;
}

/* True if a step of blocks is in the loop of the one before it, or behind it, at a distance of -1 or 1. */
static bool loop_goes_on(const struct writing *writing, int i, int distance)
{
    const struct step *steps = writing->plan->steps;
    const int other = i + distance;
    return other >= writing->begin && other < writing->end && steps[other].scope == SCOPE_BLOCK &&
           steps[other].pass == steps[i].pass && steps[other].section == steps[i].section;
}

static void close_gradient(struct writing *writing)
{
    writing->gradient = false;
    writing->indent -= 4;
    write_line(writing, "}");
}

static void write_steps(struct writing *writing)
{
    const struct plan *plan = writing->plan;
    bool placed =
        writing->one_frame || !(values_move_with_blocks(writing->emitter) || writing->emitter->schedule->section_count);
    for (int i = writing->begin, count; i < writing->end; i += count) {
        const struct step *step = &plan->steps[i];
        if (!placed && step->scope != SCOPE_CALL) {
            write_line(writing, "const struct $_values whole = values;");
            placed = true;
        }
        if (writing->gradient && !step->gradient)
            close_gradient(writing);
        if (is_in_loop(writing, step) && !loop_goes_on(writing, i, -1))
            open_blocks(writing, step);
        const int streams = count_of_stream_loop(writing, i);
        count = streams ? streams : 1;
        if (streams)
            write_stream_loop(writing, step, streams);
        else
            write_step(writing, step);
        if (is_in_loop(writing, step) && !loop_goes_on(writing, i + count - 1, 1))
            close_blocks(writing, step);
    }
    if (writing->gradient)
        close_gradient(writing);
}

void write_body(struct writing *writing)
{
    write_team(writing);
    write_steps(writing);
}

/* Writes _step, which checks its arguments, behind the function that does the rest. */
static void write_step_entry(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    write_frame_signature(emitter);
    text_puts(emitter->out, "\n{\n");
    write_head(writing);
    write_body(writing);
    write_unread_inputs(emitter, writing->plan);
    text_puts(emitter->out, "    rnn_flush_end(flush);\n}\n\n");
    write_signature(emitter, CALL_STEP);
    text_puts(emitter->out, "\n{\n");
    write_checks(emitter, CALL_STEP);
    text_puts(emitter->out, "    if (streams == 1)\n        ");
    write_frame_call(emitter, "1");
    text_puts(emitter->out, "    else\n        ");
    write_frame_call(emitter, "streams");
    text_puts(emitter->out, "    return RNN_OK;\n}\n\n");
}

void write_entry_point(struct emitter *emitter, const struct plan *plan)
{
    struct writing writing = {
        .emitter = emitter, .plan = plan, .end = plan->step_count, .one_frame = plan->call == CALL_STEP, .indent = 4};
    const bool parts = run_is_in_parts(emitter, plan);
    if (plan->call == CALL_STEP) {
        write_step_entry(&writing);
        return;
    }
    if (parts)
        write_part_signature(emitter);
    else
        write_signature(emitter, plan->call);
    text_puts(emitter->out, "\n{\n");
    if (parts)
        write_line(&writing, "const int streams = rnn_streams(state);");
    else
        write_checks(emitter, plan->call);
    write_head(&writing);
    write_body(&writing);
    if (parts)
        write_unread_inputs(emitter, plan);
    text_printf(emitter->out, "    rnn_flush_end(flush);\n%s}\n\n", parts ? "" : "    return RNN_OK;\n");
    if (parts)
        write_run_in_parts(emitter);
}

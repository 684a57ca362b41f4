/* What --train adds to a network: its loss and gradients, from a schedule of their own. */
#include <string.h>

#include "emit/calls.h"

/* Text with the training network's prefix for each `$` and the network's own for each `@`. */
static void write_text(struct emitter *emitter, const char *owner, const char *pattern)
{
    for (; *pattern; pattern++) {
        if (*pattern == '$')
            text_puts(emitter->out, emitter->prefix);
        else if (*pattern == '@')
            text_puts(emitter->out, owner);
        else
            text_append(emitter->out, pattern, 1);
    }
}

/* The input whose gradient an output is, or -1. */
static int input_of(const struct emitter *emitter, int output) { return emitter->graph->outputs[output].input; }

static int count_losses(const struct emitter *emitter)
{
    int count = 0;
    for (int i = 0; i < emitter->graph->output_count; i++)
        count += emitter->graph->nodes[emitter->graph->outputs[i].edge.node]->op == OP_seed;
    return count;
}

/* ---- declarations ---- */

static void write_grad_arguments(struct emitter *emitter, const char *owner)
{
    const struct graph *graph = emitter->graph;
    write_text(emitter, owner,
               "rnn_status @_grad(const @_params *params, $_state *state, $_work *work, const rnn_window *window");
    for (int i = 0; i < graph->input_count; i++)
        text_printf(emitter->out, ",\n    const %s *%s", input_type(&graph->inputs[i]), emitter->arguments[i]);
    write_text(emitter, owner, ",\n    double *loss, @_params *gradient");
    for (int i = 0; i < graph->output_count; i++)
        if (input_of(emitter, i) >= 0)
            text_printf(emitter->out, ",\n    rnn_real *%s", emitter->arguments[graph->input_count + i]);
    text_puts(emitter->out, ")");
}

void emit_training_declarations(struct emitter *emitter, const char *owner)
{
    const struct graph *graph = emitter->graph;
    write_text(emitter, owner,
               "#ifdef RNN_REAL_DOUBLE\n#define @_grad @_grad_double\n#endif\n\n"
               "typedef struct $_state $_state; /* the past of each stream, for training */\n"
               "typedef struct $_work $_work;   /* scratch of @_grad, packed weights among it */\n\n"
               "size_t $_state_size(int streams);\n"
               "size_t $_work_size(int frames, int streams);\n"
               "rnn_status $_state_init($_state *state, int streams); /* 1 or more */\n"
               "rnn_status $_reset($_state *state, const unsigned char *which_streams); /* [streams]; NULL: all */\n\n"
               "/* The loss of a window of frames (see rnn_window) and its gradient, which is overwritten; NULL: only "
               "the loss is wanted. Beside the inputs of @_run:\n");
    for (int i = graph->input_count - graph->target_count; i < graph->input_count; i++)
        write_shape(emitter, i, "target");
    for (int i = 0; i < graph->output_count; i++)
        if (input_of(emitter, i) >= 0)
            text_printf(emitter->out, " *   %s: out, the gradient of %s, like it; NULL: it is not wanted\n",
                        emitter->arguments[graph->input_count + i], emitter->arguments[input_of(emitter, i)]);
    text_puts(emitter->out, " */\n");
    write_grad_arguments(emitter, owner);
    text_puts(emitter->out, ";\n\n");
}

/* ---- memory ---- */

static void write_late_layout(struct emitter *emitter)
{
    struct text *out = emitter->out;
    text_puts(out, "/* The same for gradients of static values, from `memory` on, and scratch. */\n");
    open_function(emitter, VAR_frames);
    text_printf(out,
                "static size_t %s_place_late(struct %s_values *values, rnn_real *memory, int frames)\n{\n"
                "    size_t next = 0, scratch = 1;\n",
                emitter->prefix, emitter->prefix);
    for (int i = 0; i < emitter->graph->node_count; i++) {
        const struct node *node = emitter->graph->nodes[i];
        if (emitter->schedule->buffers[i].storage == STORE_LATE)
            text_printf(out, "    values->%s = rnn_place(memory, next);\n    next += RNN_PAD(%ldu);\n",
                        emitter->buffers[i], shape_size(&node->shape));
        if (node->op == OP_outer)
            text_printf(out, "    scratch = RNN_MAX(scratch, RNN_OUTER_SCRATCH(%d, %d));\n", node->shape.dim[0],
                        node->shape.dim[1]);
        if (node->op == OP_ctc) {
            use_variables(emitter, VAR_frames);
            text_printf(out, "    scratch = RNN_MAX(scratch, rnn_ctc_scratch(frames, %d, frames));\n",
                        node->edges[0].length);
        }
    }
    write_unused_parameters(emitter);
    text_puts(out, "    values->scratch = rnn_place(memory, next);\n    return next + scratch + RNN_LANES;\n}\n\n");
}

static const char *const size_functions =
    "/* Bytes of the work in front of its values: frames before a block, in it and left, of each stream; losses; packed "
    "weights. */\n"
    "static size_t $_work_head(int streams)\n{\n"
    "    return RNN_ROUND((size_t)RNN_MAX(streams, 0) * (sizeof(int64_t) + 2 * sizeof(int))) +\n"
    "           RNN_ROUND($_LOSSES * sizeof(rnn_loss_sum)) + RNN_ROUND(sizeof(struct $_packed));\n}\n\n"
    "static rnn_loss_sum *$_sums(void *work, int streams)\n{\n"
    "    return (rnn_loss_sum *)((char *)work + RNN_ROUND((size_t)streams * (sizeof(int64_t) + 2 * sizeof(int))));\n}\n\n"
    "size_t $_work_size(int frames, int streams)\n{\n"
    "    struct $_values values;\n"
    "    const size_t columns = rnn_columns(1, streams), whole = rnn_columns(frames, streams);\n"
    "    if (!rnn_columns_fit($_place(&values, NULL, 1, 1, 1), RNN_MAX(whole, columns)))\n        return SIZE_MAX;\n"
    "    return $_work_head(streams) +\n"
    "           RNN_ROUND($_place(&values, NULL, $_block_columns(frames, streams), whole, columns) * sizeof(rnn_real)) +\n"
    "           RNN_ROUND($_place_late(&values, NULL, RNN_MAX(frames, 0)) * sizeof(rnn_real));\n}\n\n";

/* ---- the call ---- */

static void write_given(struct emitter *emitter)
{
    for (int i = 0; i < emitter->graph->node_count; i++) {
        enum op op = emitter->graph->nodes[i]->op;
        if (op == OP_at_first || op == OP_at_last)
            text_printf(emitter->out, "    rnn_mark_ends(values.%s, %d, frames, streams, left);\n", emitter->buffers[i],
                        op == OP_at_last);
        if (op == OP_length)
            text_printf(emitter->out, "    rnn_mark_lengths(values.%s, streams, left);\n", emitter->buffers[i]);
    }
}

static void write_pass(struct emitter *emitter, int pass)
{
    struct text *out = emitter->out;
    text_printf(out,
                "    for (int stream = 0; stream < streams; stream++)\n"
                "        %s_start_%d(packed, &whole, &whole, frames, lengths ? lengths[stream] : frames, streams, stream);\n",
                emitter->prefix, pass);
    if (pass == 0 && emitter->graph->carries)
        text_printf(out,
                    "    for (int stream = 0; stream < streams; stream++)\n"
                    "        if (state->ages[stream] > 0)\n"
                    "            %s_keep(&whole, &past, 0, streams, stream);\n",
                    emitter->prefix);
    text_puts(out, pass_is_backward(pass) ? "    for (int done = frames, count; done > 0;) { /* backward */\n"
                                            "        count = RNN_MIN(most, done);\n        done -= count;\n"
                                          : "    for (int done = 0, count; done < frames; done += count) {\n"
                                            "        count = RNN_MIN(most, frames - done);\n");
    text_printf(out,
                "        for (int stream = 0; stream < streams; stream++) {\n"
                "            const int length = lengths ? lengths[stream] : frames;\n"
                "            ends[stream] = RNN_MAX(0, RNN_MIN(count, length - done));\n"
                "            left[stream] = length - done;\n"
                "            ages[stream] = %sRNN_MIN(done, length);\n"
                "        }\n"
                "        values.done = done;\n"
                "        %s_at(&values, &whole, done, streams);\n",
                emitter->graph->carries ? "state->ages[stream] + " : "", emitter->prefix);
    write_block_inputs(emitter, pass);
    text_printf(out,
                "        %s_pass_%d(packed, &values, count, streams, lengths ? ends : NULL);\n    }\n"
                "    for (int stream = 0; stream < streams; stream++)\n"
                "        ages[stream] = left[stream] = lengths ? lengths[stream] : frames;\n"
                "    values = whole;\n    %s_finish_%d(&values, streams);\n",
                emitter->prefix, pass, emitter->prefix, pass);
}

/* When all losses are there: 2 * p, after pass p - 1; 2 * p + 1, after what is done once before pass p. */
static int losses_done(const struct emitter *emitter)
{
    int done = 0;
    for (int i = 0; i < emitter->graph->output_count; i++) {
        int id = emitter->graph->outputs[i].edge.node, pass = emitter->schedule->passes.of[id];
        const struct node *node = emitter->graph->nodes[id];
        int at = node->time == TIME_FRAME ? 2 * (pass + 1) : 2 * pass + 1;
        if (node->op == OP_seed && at > done)
            done = at;
    }
    return done;
}

static void write_input_gradients(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    for (int i = 0; i < graph->output_count; i++) {
        if (input_of(emitter, i) < 0)
            continue;
        bool once = graph->outputs[i].time == TIME_SEQUENCE;
        const char *name = emitter->arguments[graph->input_count + i];
        write_output(emitter, i, "    ", name, once ? "streams" : "(ptrdiff_t)frames * streams");
        if (!once)
            text_printf(emitter->out,
                        "    if (%s && lengths)\n        rnn_clear_after_end(%s, %ld, lengths, frames, streams);\n",
                        name, name, shape_size(&graph->outputs[i].shape));
    }
}

static void write_end(struct emitter *emitter, const char *owner)
{
    if (emitter->graph->carries)
        write_text(
            emitter, owner,
            "    for (int stream = 0; stream < streams; stream++) {\n"
            "        const int end = lengths ? RNN_MIN(advance, lengths[stream]) : advance;\n"
            "        if (end > 0)\n"
            "            $_keep(&past, &whole, end, streams, stream);\n"
            "        state->ages[stream] += end;\n    }\n");
    text_puts(emitter->out, "    rnn_flush_end(flush);\n    return RNN_OK;\n}\n\n");
}

static void write_head(struct emitter *emitter, const char *owner)
{
    write_grad_arguments(emitter, owner);
    write_text(emitter, owner,
               "\n{\n    if (!params || !$_state_is_begun(state) || !work || !rnn_is_aligned(work) || !window || !loss)\n"
               "        return RNN_ERROR_ARGUMENT;\n"
               "    const int frames = window->frames, streams = state->streams, *const lengths = window->lengths;\n");
    text_puts(
        emitter->out,
        emitter->graph->carries
            ? "    const int advance = window->advance ? window->advance : frames;\n"
              "    if (frames < 1 || advance < 1 || advance > frames || window->loss_from < 0 || window->loss_from > frames)\n"
              "        return RNN_ERROR_ARGUMENT;\n"
            : "    if (frames < 1 || (window->advance && window->advance != frames) || window->loss_from) /* whole sequences "
              "only */\n"
              "        return RNN_ERROR_ARGUMENT;\n");
    text_puts(emitter->out, "    if (rnn_check_lengths(lengths, frames, streams) != RNN_OK)\n"
                            "        return RNN_ERROR_LENGTH;\n");
    write_checks(emitter, "lengths", "frames");
    write_text(
        emitter, owner,
        "    const int most = $_block_frames(frames, streams);\n"
        "    int64_t *const ages = (int64_t *)work; /* of each stream: frames before the block */\n"
        "    int *const ends = (int *)(ages + streams), *const left = ends + streams;\n"
        "    rnn_loss_sum *const sums = $_sums(work, streams);\n"
        "    struct $_packed *const packed = (struct $_packed *)((char *)sums + RNN_ROUND($_LOSSES * sizeof *sums));\n"
        "    char *next = (char *)work + $_work_head(streams);\n"
        "    double total = 0;\n"
        "    struct $_values values;\n"
        "    values.ages = ages;\n    values.left = left;\n    values.done = 0;\n    values.window = window;\n"
        "    values.sums = sums;\n    values.loss = &total;\n    values.gradient = gradient;\n"
        "    next += RNN_ROUND($_place(&values, (rnn_real *)next, rnn_columns(most, streams), rnn_columns(frames, "
        "streams),\n"
        "        (size_t)streams) * sizeof(rnn_real));\n"
        "    const size_t late = $_place_late(&values, (rnn_real *)next, frames);\n"
        "    const rnn_flush_state flush = rnn_flush_begin();\n"
        "    $_pack(params, packed");
    text_puts(emitter->out, pack_draws(emitter) ? ", window);\n" : ");\n");
    write_text(emitter, owner,
               "    memset(sums, 0, $_LOSSES * sizeof *sums);\n"
               "    for (int stream = 0; stream < streams; stream++) {\n"
               "        left[stream] = lengths ? lengths[stream] : frames;\n"
               "        ages[stream] = state->ages[stream];\n"
               "    }\n");
    if (emitter->graph->carries)
        write_text(emitter, owner,
                   "    struct $_values past;\n    $_place_state(&past, state);\n");
    write_whole_inputs(emitter);
    write_given(emitter);
    write_text(emitter, owner, "    const struct $_values whole = values;\n");
}

static void write_losses_done(struct emitter *emitter, int at)
{
    if (losses_done(emitter) == at)
        text_printf(emitter->out,
                    "    *loss = total;\n    if (!gradient)\n        goto end; /* only the loss is wanted */\n%s"
                    "    memset(next, 0, late * sizeof(rnn_real));\n",
                    emitter->graph->parameter_count ? "    memset(gradient, 0, sizeof *gradient);\n" : "");
}

static void write_grad(struct emitter *emitter, const char *owner)
{
    int passes = emitter->schedule->passes.count;
    write_head(emitter, owner);
    for (int pass = 0; pass <= passes; pass++) {
        write_losses_done(emitter, 2 * pass);
        write_sequence_regions(emitter, pass);
        write_losses_done(emitter, 2 * pass + 1);
        if (pass < passes)
            write_pass(emitter, pass);
    }
    const struct region *last = &emitter->schedule->regions[emitter->schedule->region_count - 1];
    if (last->kind == REGION_LATE && last->kernel_count)
        write_text(emitter, owner, "    $_late(params, packed, &values);\n");
    write_input_gradients(emitter);
    text_puts(emitter->out, "end:\n");
    write_end(emitter, owner);
}

/* Values of the network, and how its losses end; or gradients; in the order in which they are computed. */
static void write_fault_search(struct emitter *emitter, bool of_gradients)
{
    const struct schedule *schedule = emitter->schedule;
    for (int r = 0; r < schedule->region_count; r++)
        for (int i = 0; i < schedule->regions[r].node_count; i++) {
            const char *region = schedule->regions[r].name;
            int id = schedule->regions[r].nodes[i];
            const struct node *node = emitter->graph->nodes[id];
            const char *name = node->name ? node->name : node->origin ? node->origin->path : region;
            if ((schedule->passes.of[id] >= losses_done(emitter) / 2) != of_gradients && node->op != OP_seed)
                continue;
            if (node->op == OP_seed && !of_gradients)
                text_printf(emitter->out, "    rnn_find_loss_fault(fault, \"%s\", \"%s\", &sums[%d]);\n", region,
                            emitter->buffers[id], node->loss);
            if (schedule->buffers[id].storage != STORE_SEQUENCE || node->op == OP_ctc_slope || node->op == OP_seed)
                continue;
            text_printf(emitter->out,
                        "    %s(fault, \"%s\", \"%s%s\", values.%s, %d, RNN_PAD(%d), %sstreams, window->lengths);\n",
                        of_gradients ? "rnn_find_gradient_fault" : "rnn_find_fault", region,
                        of_gradients ? "the gradient of " : "", name, emitter->buffers[id], node_units(node),
                        node_units(node), of_gradients ? "frames, " : "");
        }
}

static const char *const losses =
    "static rnn_status $_losses(const void *state, void *work, rnn_loss *losses)\n{\n"
    "    if (!$_state_is_begun((const $_state *)state) || !work || !rnn_is_aligned(work) || !losses)\n"
    "        return RNN_ERROR_ARGUMENT;\n"
    "    const rnn_loss_sum *const sums = $_sums(work, ((const $_state *)state)->streams);\n"
    "    for (int i = 0; i < $_LOSSES; i++) {\n"
    "        losses[i].sum = sums[i].sum;\n        losses[i].count = sums[i].count;\n    }\n"
    "    return RNN_OK;\n}\n\n";

static void write_find_fault(struct emitter *emitter, const char *owner)
{
    write_text(
        emitter, owner,
        "static int $_find_fault(const void *state, void *work, const rnn_window *window, rnn_fault *fault)\n{\n"
        "    if (!$_state_is_begun((const $_state *)state) || !work || !rnn_is_aligned(work) || !window || window->frames < 1 || !fault)\n"
        "        return 0;\n"
        "    const int frames = window->frames, streams = ((const $_state *)state)->streams;\n"
        "    const rnn_loss_sum *const sums = $_sums(work, streams);\n"
        "    struct $_values values;\n"
        "    $_place(&values, (rnn_real *)((char *)work + $_work_head(streams)),\n"
        "        rnn_columns($_block_frames(frames, streams), streams), rnn_columns(frames, streams), (size_t)streams);\n"
        "    int losses = 0; /* whether one of them is not finite: else no value is at fault */\n"
        "    for (int i = 0; i < $_LOSSES; i++)\n"
        "        losses |= sums[i].fault_frame;\n"
        "    memset(fault, 0, sizeof *fault);\n"
        "    fault->frame = losses ? frames : 0;\n");
    write_fault_search(emitter, false);
    text_puts(emitter->out, "    if (losses && fault->frame < frames)\n        return 1;\n    fault->frame = -1;\n");
    write_fault_search(emitter, true);
    text_puts(emitter->out, "    return fault->frame >= 0;\n}\n\n");
}

/* ---- the descriptor ---- */

static void write_any(struct emitter *emitter, const char *owner)
{
    const struct graph *graph = emitter->graph;
    struct text *out = emitter->out;
    int inputs = graph->input_count - graph->target_count;
    write_text(emitter, owner,
               "static rnn_status $_state_init_any(void *state, int streams) { return $_state_init(($_state *)state, streams); }\n"
               "static rnn_status $_reset_any(void *state, const unsigned char *which_streams)\n{\n"
               "    return $_reset(($_state *)state, which_streams);\n}\n"
               "static rnn_status $_grad_any(const void *params, void *state, void *work, const rnn_window *window,\n"
               "    const void *const inputs[], const void *const targets[], double *loss, void *gradient,\n"
               "    void *const input_gradients[])\n{\n");
    text_printf(out, "%s%s    (void)input_gradients;\n", inputs ? "" : "    (void)inputs;\n",
                graph->target_count ? "" : "    (void)targets;\n");
    write_text(emitter, owner, 
               "    const rnn_status status = @_grad((const @_params *)params, ($_state *)state, ($_work *)work, window");
    for (int i = 0; i < graph->input_count; i++)
        text_printf(out, ",\n        (const %s *)%s[%d]", input_type(&graph->inputs[i]), i < inputs ? "inputs" : "targets",
                    i < inputs ? i : i - inputs);
    write_text(emitter, owner, ",\n        loss, (@_params *)gradient");
    for (int i = 0; i < graph->output_count; i++)
        if (input_of(emitter, i) >= 0)
            text_printf(out, ",\n        (rnn_real *)(input_gradients ? input_gradients[%d] : NULL)", input_of(emitter, i));
    text_puts(out, ");\n");
    for (int i = 0; i < inputs && graph->by_inputs; i++) {
        bool used = graph->inputs[i].vocabulary > 0;
        for (int k = 0; k < graph->output_count; k++)
            used |= input_of(emitter, k) == i;
        if (!used) /* no loss depends on it */
            text_printf(out,
                        "    if (status == RNN_OK && input_gradients && input_gradients[%d])\n"
                        "        memset(input_gradients[%d], 0, (size_t)%s((%s_state *)state)->streams * %ld * "
                        "sizeof(rnn_real));\n",
                        i, i, graph->inputs[i].time == TIME_FRAME ? "window->frames * " : "", emitter->prefix,
                        shape_size(&graph->inputs[i].shape));
    }
    text_puts(out, "    return status;\n}\n\n");
}

static void write_targets(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    if (!graph->target_count)
        return;
    text_printf(emitter->out, "static const rnn_tensor %s_targets[] = {\n", emitter->prefix);
    for (int i = graph->input_count - graph->target_count; i < graph->input_count; i++)
        write_input_tensor(emitter, &graph->inputs[i]);
    text_printf(emitter->out, "};\nstatic const int %s_predictions[] = {", emitter->prefix);
    for (int i = graph->input_count - graph->target_count; i < graph->input_count; i++)
        text_printf(emitter->out, "%d%s", graph->inputs[i].prediction, i + 1 < graph->input_count ? ", " : "");
    text_puts(emitter->out, "};\n\n");
}

void emit_training(struct emitter *emitter, const char *owner)
{
    const struct graph *graph = emitter->graph;
    text_printf(emitter->out, "enum { %s_BLOCK_FRAMES = %d, %s_LOSSES = %d };\n\n", emitter->prefix,
                emitter->schedule->block_frames, emitter->prefix, count_losses(emitter));
    write_text(emitter, owner,
               "typedef struct $_packed $_packed; /* weights as the kernels of @_grad read them */\n\n");
    emit_packed_struct(emitter);
    emit_values(emitter);
    write_late_layout(emitter);
    emit_regions(emitter);
    emit_pack(emitter);
    emitter->region = NULL;
    write_state_functions(emitter, graph->carries);
    write_text(emitter, owner, size_functions);
    write_grad(emitter, owner);
    write_text(emitter, owner, losses);
    write_find_fault(emitter, owner);
    write_targets(emitter);
    write_any(emitter, owner);
    const char *prefix = emitter->prefix;
    text_printf(emitter->out, "static const rnn_training %s = {\n", prefix);
    if (graph->target_count)
        text_printf(emitter->out, "    .targets = %s_targets,\n    .predictions = %s_predictions,\n", prefix, prefix);
    else
        text_puts(emitter->out, "    .targets = NULL,\n    .predictions = NULL,\n");
    text_printf(emitter->out,
                "    .target_count = %d,\n    .loss_count = %d,\n    .whole_sequences = %d,\n    .input_gradients = %d,\n",
                graph->target_count, count_losses(emitter), !graph->carries, graph->by_inputs);
    write_text(emitter, owner,
               "    .state_size = $_state_size,\n    .work_size = $_work_size,\n    .state_init = $_state_init_any,\n"
               "    .reset = $_reset_any,\n    .grad = $_grad_any,\n"
               "    .losses = $_losses,\n    .find_fault = $_find_fault,\n};\n\n");
}

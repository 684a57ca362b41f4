/* rnn run: a network on data from files, or writing text. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "command/commands.h"
#include "network/network.h"
#include "network/program.h"
#include "network/session.h"
#include "run/results.h"
#include "run/sample.h"
#include "table/feed.h"

struct run_options {
    struct network_options network;
    struct feed_options feed;
    const char *lengths;           /* --lengths, as an --input */
    const char *variant;           /* of network.variants; NULL: the fastest */
    bool by_steps;                 /* --step */
    struct result_options results; /* --output, --decode */
    struct sample_options sample;  /* --sample */
};

enum {
    KEY_LENGTHS = 768,
    KEY_STEP,
    KEY_VARIANTS,
    KEY_VARIANT,
    KEY_DECODE,
    KEY_BEAM,
    KEY_SAMPLE,
    KEY_FROM,
    KEY_PRIME,
    KEY_TEMPERATURE
};

static const struct argp_option options_table[] = {
    {"output", 'o', "[NAME=]FILE", 0,
     "Where an output goes: .npy, .csv or .safetensors. NAME may be left out where there is only one; a .safetensors "
     "FILE without NAME receives all outputs",
     3},
    {"lengths", KEY_LENGTHS, "FILE", 0,
     "How many frames each sequence has, one whole number a sequence (default: all), as --input lengths=FILE", 3},
    {"step", KEY_STEP, NULL, 0, "Run frame by frame, as in real time, instead of all frames in one call", 3},
    {"variants", KEY_VARIANTS, "FORM,FORM,...", 0,
     "Compile the network in several forms, as dense,f16,svd:64, and take the one that is fastest here by the cost "
     "model, of those whose arrays the weights have, see rnnc --help",
     3},
    {"variant", KEY_VARIANT, "FORM", 0, "Take this one of --variants", 3},
    {NULL, 0, NULL, 0, "Labels, from an output that was trained with the loss ctc:", 4},
    {"decode", KEY_DECODE, "[NAME=]FILE", 0,
     "Where the labels go that an output spells: a line, or row, for each stream, with 0 behind the last label", 4},
    {"beam", KEY_BEAM, "W", 0,
     "Look for the likeliest labels with a beam of W prefixes (default: those of the likeliest path)", 4},
    {NULL, 0, NULL, 0, "Or text that the network writes, with weights that rnn train found on a text:", 5},
    {"sample", KEY_SAMPLE, "N", 0, "Write N characters to standard output; --seed gives others", 5},
    {"from", KEY_FROM, "NAME", 0, "The output that they are drawn from, where several have a unit for each character",
     5},
    {"prime", KEY_PRIME, "TEXT", 0, "Begin after this text", 5},
    {"temperature", KEY_TEMPERATURE, "T", 0,
     "Below 1 likely characters become likelier, 0 is always the likeliest (default 1)", 5},
    {0},
};

static const char documentation[] =
    "Run a network on data from files, or let it write text.\v"
    "Shapes. In a file an input has the axes [sequences, frames, units], as data for rnn train has; one that is given "
    "once a sequence has [sequences, units]. The axis of units is left out for ids and scalars, that of sequences "
    "where there is one: [frames, units]. An array `lengths` [sequences] in a file, or --lengths, says how many frames "
    "of each sequence count; [rows, units] is then one sequence after the other. With --frames-first the axes are "
    "[frames, sequences, units]. Where files of two axes hold several sequences, --streams says how many: of [rows, "
    "units] each has a part of the rows, and with --frames-first [frames, sequences * units] has them side by side. "
    "Outputs have the same axes, and zeros behind the ends of sequences. In a .csv file a line has the units of a "
    "frame, or of a sequence that has them once, or all frames of a sequence where there is one unit.\n\n"
    "The compiled network is kept in $XDG_CACHE_HOME/rnnc or ~/.cache/rnnc.\n\n"
    "Exit status: 0 done, 1 the program or the data is wrong, 2 the command line is wrong.";

/* Checks that no result overwrites another one or an input. */
static void check_files(const struct run_options *options, struct argp_state *state)
{
    const struct feed_options *feed = &options->feed;
    struct argument_files files = {.arena = feed->arena};
    program_reads(&options->network, &files);
    argument_reads(&files, "--weights", feed->weights);
    for (int i = 0; i < feed->inputs.count; i++)
        argument_reads(&files, feed->inputs.items[i] == options->lengths ? "--lengths" : "--input",
                       named_file_split(feed->arena, feed->inputs.items[i]).path);
    for (int i = 0; i < options->results.count; i++) {
        const struct result_request *request = &options->results.requests[i];
        argument_writes(&files, request->labels ? "--decode" : "--output",
                        named_file_split(feed->arena, request->argument).path, state);
    }
}

/* Checks that the options either run data through the network or sample text from it. */
static void check_options(void *to, struct argp_state *state)
{
    struct run_options *options = to;
    const struct feed_options *feed = &options->feed;
    bool writes = options->sample.count > 0;
    options->sample.seed = feed->has_seed ? feed->seed : 1;
    options->sample.variant = options->variant;
    if (!writes && !options->results.count)
        argp_error(state, "where should the outputs go? Give --output FILE");
    if (options->results.beam && !options->results.decodes)
        argp_error(state, "--beam needs --decode FILE");
    if (options->variant && !options->network.variants)
        argp_error(state, "--variant takes one of several forms: give these with --variants, or one alone with --form");
    if (options->by_steps && options->lengths)
        argp_error(state, "--step gives every stream all frames, --lengths does not");
    if (writes && (options->results.count || feed->inputs.count || options->lengths))
        argp_error(state, "--sample takes no data: its input is what it writes, its output is text");
    if (writes && !feed->weights)
        argp_error(state, "--sample needs --weights FILE, whose vocabulary it writes with");
    if (!writes && feed->weights && feed->has_seed)
        argp_error(state, "--weights FILE reads the weights, --seed N draws them: give one of them");
    if (!writes && options->sample.prime)
        argp_error(state, "--prime needs --sample N");
    if (!writes && options->sample.from)
        argp_error(state, "--from needs --sample N");
    if (!writes && options->sample.temperature >= 0)
        argp_error(state, "--temperature needs --sample N");
    if (options->sample.temperature < 0)
        options->sample.temperature = 1;
    check_files(options, state);
}

static const struct argument_field fields[] = {
    {KEY_BEAM, ARGUMENT_COUNT, offsetof(struct run_options, results.beam)},
    {KEY_STEP, ARGUMENT_FLAG, offsetof(struct run_options, by_steps)},
    {KEY_VARIANT, ARGUMENT_TEXT, offsetof(struct run_options, variant)},
    {KEY_SAMPLE, ARGUMENT_COUNT, offsetof(struct run_options, sample.count)},
    {KEY_FROM, ARGUMENT_TEXT, offsetof(struct run_options, sample.from)},
    {KEY_PRIME, ARGUMENT_TEXT, offsetof(struct run_options, sample.prime)},
    {KEY_TEMPERATURE, ARGUMENT_NON_NEGATIVE, offsetof(struct run_options, sample.temperature)},
    {0},
};

static bool take_option(int key, char *argument, void *to, struct argp_state *state)
{
    struct run_options *options = to;
    switch (key) {
    case KEY_VARIANTS:
        network_set_variants(&options->network, argument, state);
        return true;
    case 'o':
    case KEY_DECODE:
        results_request(options->feed.arena, &options->results, argument, key == KEY_DECODE);
        return true;
    case KEY_LENGTHS:
        options->lengths = arena_printf(options->feed.arena, "lengths=%s", argument);
        words_push(&options->feed.inputs, options->lengths);
        return true;
    default:
        return false;
    }
}

static const struct command_line command_line = {
    .options = options_table,
    .fields = fields,
    .doc = documentation,
    .parts = {{&network_argp, offsetof(struct run_options, network)}, {&feed_argp, offsetof(struct run_options, feed)}},
    .take = take_option,
    .check = check_options};

/* A run: the network, its data, and the files that its outputs go to. */
struct run {
    const struct run_options *options;
    struct arena *arena;
    const rnn_model *model;
    struct feed feed;
    void **inputs; /* as rnn_model.run takes them */
    struct results results;
};

/* Sets the number of frames and streams if no input says it. */
static bool complete_feed(struct run *run, const char **error)
{
    bool needs_frames = false;
    for (int i = 0; i < run->model->output_count; i++)
        needs_frames |= run->model->outputs[i].time == RNN_TIME_FRAME;
    if (!run->feed.frames && needs_frames) {
        *error = "no input says how many frames there are: give --frames";
        return false;
    }
    run->feed.frames += run->feed.frames == 0;
    run->feed.streams += run->feed.streams == 0;
    return true;
}

static bool prepare_inputs(struct run *run, const char **error)
{
    const rnn_model *model = run->model;
    if (!feed_read(&run->options->feed, model, &run->feed, error))
        return false;
    for (int i = 0; i < model->input_count; i++) {
        if (!feed_has(&run->feed, i)) {
            *error = arena_printf(run->arena, "no data for input '%s': give --input %s=FILE", model->inputs[i].name,
                                  model->inputs[i].name);
            return false;
        }
    }
    if (!complete_feed(run, error))
        return false;
    run->inputs = ARENA_ARRAY(run->arena, void *, model->input_count + 1);
    for (int i = 0; i < model->input_count; i++) {
        run->inputs[i] = tensor_new(run->arena, model, &model->inputs[i], run->feed.frames, run->feed.streams);
        feed_fill(&run->feed, i, run->feed.frames, run->feed.streams, run->inputs[i]);
    }
    return true;
}

/* Refuses lengths with --step, as all streams take the same steps. */
static bool check_lengths(const struct run *run, const char **error)
{
    for (int b = 0; run->options->by_steps && run->feed.lengths && b < run->feed.streams; b++)
        if (run->feed.lengths[b] != run->feed.frames) {
            *error = "--step gives every stream all frames, but the data has sequences of different lengths";
            return false;
        }
    return true;
}

/* Frame t of a tensor. */
static void *frame_of(const struct run *run, const rnn_tensor *tensor, void *data, int t)
{
    return data ? tensor_at(run->model, tensor, data, t, run->feed.streams) : NULL;
}

static rnn_status run_by_steps(const struct run *run, const struct session *session)
{
    const rnn_model *model = run->model;
    const void **inputs = ARENA_ARRAY(run->arena, const void *, model->input_count + 1);
    void **outputs = ARENA_ARRAY(run->arena, void *, model->output_count + 1);
    rnn_status status = RNN_OK;
    for (int t = 0; t < run->feed.frames && status == RNN_OK; t++) {
        for (int i = 0; i < model->input_count; i++)
            inputs[i] = frame_of(run, &model->inputs[i], run->inputs[i], t);
        for (int i = 0; i < model->output_count; i++)
            outputs[i] = frame_of(run, &model->outputs[i], run->results.outputs[i], t);
        status = model->step(session->packed, session->state, inputs, outputs);
    }
    return status;
}

static bool call_network(struct run *run, const char **error)
{
    const struct feed_options *feed = &run->options->feed;
    struct session session;
    if (!session_open(&session, run->model, run->feed.frames, run->feed.streams, error))
        return false;
    bool done = true;
    if (feed->weights)
        done = session_load(run->arena, &session, feed->weights, feed->strict, error);
    else
        session_draw(&session, feed->seed);
    if (done && session_choose(run->arena, &session, run->options->variant, feed->weights, error) &&
        session_pack(run->arena, &session, error)) {
        rnn_status status =
            run->options->by_steps
                ? run_by_steps(run, &session)
                : run->model->run(session.packed, session.state, session.work, run->feed.frames, run->feed.lengths,
                                  (const void *const *)run->inputs, run->results.outputs);
        done = status == RNN_OK;
        *error = rnn_status_text(status);
    } else {
        done = false;
    }
    session_close(&session);
    return done;
}

static bool run_network(struct run *run, const char **error)
{
    const struct run_options *options = run->options;
    run->model = network_open(&options->network, error);
    if (!run->model)
        return false;
    if (options->sample.count)
        return sample_text(run->arena, run->model, &options->feed, &options->sample, error);
    if (!options->feed.weights && !options->feed.has_seed && run->model->parameter_count) {
        *error = "the network has weights: give --weights FILE, or --seed N to draw them";
        return false;
    }
    if (options->by_steps && !run->model->step) {
        *error = "the network needs whole sequences: it cannot run with --step";
        return false;
    }
    return prepare_inputs(run, error) && check_lengths(run, error) &&
           results_prepare(run->arena, &run->results, &options->results, run->model, &run->feed, error) &&
           call_network(run, error) && results_write(run->arena, &run->results, error);
}

int command_run(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct run_options options = {.network = network_options_new(arena),
                                  .feed = feed_options_new(arena),
                                  .sample.temperature = -1 /* not given */};
    command_line_parse(&command_line, argc, argv, &options);
    struct run run = {.options = &options, .arena = arena};
    const char *error = NULL;
    int status = run_network(&run, &error) ? 0 : print_error(error);
    arena_free(arena);
    return status;
}

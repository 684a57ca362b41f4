#include "train/train_options.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/text.h"
#include "command/argument.h"
#include "table/feed.h"

enum {
    KEY_VALID = 512,
    KEY_VALID_DATA,
    KEY_BYTES,
    KEY_SKIP,
    KEY_FRAMES_FIRST,
    KEY_STREAMS,
    KEY_PIECE,
    KEY_WINDOW,
    KEY_ADVANCE,
    KEY_EPOCHS,
    KEY_PATIENCE,
    KEY_STRICT,
    KEY_SEED,
    KEY_OPTIMIZER,
    KEY_RATE,
    KEY_MOMENTUM,
    KEY_WEIGHT_DECAY,
    KEY_SCHEDULE,
    KEY_CLIP,
    KEY_CLIP_VALUE,
    KEY_LOG,
    KEY_SVG,
    KEY_CHECKPOINT,
    KEY_CHECKPOINT_EVERY,
    KEY_RESUME
};

static const struct argp_option options_table[] = {
    {NULL, 0, NULL, 0, "The data:", 2},
    {"data", 'd', "[NAME=]FILE", 0,
     "What to learn from: text (which may be compressed by gzip), or arrays by the names of inputs and targets in .npz "
     "or .safetensors files, or in .csv files whose first line names the columns (x,y or x.0,x.1,y), or NAME=FILE for "
     ".npy and other .csv files. May be given several times",
     2},
    {"frames-first", KEY_FRAMES_FIRST, NULL, 0, "Axes are [frames, sequences, units], not [sequences, frames, units]",
     2},
    {"bytes", KEY_BYTES, NULL, 0, "Text: learn bytes, not characters", 2},
    {"skip-unalignable", KEY_SKIP, NULL, 0,
     "Leave out sequences with too few frames for their labels, and say how many there are; else they are an error", 2},
    {"valid", KEY_VALID, "FRACTION", 0,
     "Validate with the last part of the data, for example 0.1, and learn from the rest", 2},
    {"valid-data", KEY_VALID_DATA, "[NAME=]FILE", 0, "Validate with this, given as --data is", 2},
    {NULL, 0, NULL, 0, "The training:", 3},
    {"epochs", KEY_EPOCHS, "N", 0, "How often to go through the data (default 10)", 3},
    {"patience", KEY_PATIENCE, "N", 0,
     "End after N epochs in which the loss of the validation was no smaller than the smallest before", 3},
    {"streams", KEY_STREAMS, "B", 0,
     "How many sequences a step learns from; a text or series is cut into so many streams (default 32)", 3},
    {"piece", KEY_PIECE, "N", 0,
     "Cut a text or series into sequences of N frames instead, of which the last has what is left; they are shuffled "
     "and begin from the start states (default 64 for a network that needs whole sequences)",
     3},
    {"window", KEY_WINDOW, "H", 0,
     "How many frames a step goes back (default: 64 in a text or series, else the whole sequence). The state goes on "
     "from window to window. Not for a network that needs whole sequences",
     3},
    {"advance", KEY_ADVANCE, "H'", 0, "How many frames further the next window begins (default H)", 3},
    {"weights", 'w', "FILE", 0, "Start from these weights", 3},
    {"strict", KEY_STRICT, NULL, 0, "Refuse weights files with tensors that the network does not have", 3},
    {"seed", KEY_SEED, "N", 0, "For start values, the order of sequences, and dropout (default 1)", 3},
    {"optimizer", KEY_OPTIMIZER, "NAME[,NUMBER=VALUE...]", 0, "Default adam; see below", 3},
    {"rate", KEY_RATE, "A", 0, "Learning rate (default: the optimizer's)", 3},
    {"momentum", KEY_MOMENTUM, "M", 0, "Momentum of sgd, nesterov and rmsprop", 3},
    {"weight-decay", KEY_WEIGHT_DECAY, "L", 0, "Pull weights towards 0", 3},
    {"schedule", KEY_SCHEDULE, "NAME[,NUMBER=VALUE...]", 0, "How the rate changes (default constant); see below", 3},
    {"clip", KEY_CLIP, "NORM", 0, "Scale gradients with a greater norm down to it", 3},
    {"clip-value", KEY_CLIP_VALUE, "X", 0, "Limit every element of a gradient to -X .. X", 3},
    {NULL, 0, NULL, 0, "The results:", 4},
    {"out", 'o', "FILE", 0,
     "Where the weights go, a .safetensors file, written after each epoch. With a validation, those that were best in "
     "it are kept beside it: w.best.safetensors for w.safetensors",
     4},
    {"log", KEY_LOG, "FILE", 0, "A .csv file with a line for each step", 4},
    {"svg", KEY_SVG, "FILE", 0, "A picture of the loss over the steps", 4},
    {"checkpoint", KEY_CHECKPOINT, "FILE", 0, "Keep everything that it takes to go on in this file", 4},
    {"checkpoint-every", KEY_CHECKPOINT_EVERY, "N", 0, "Write it every N steps and after each epoch (default 1000)", 4},
    {"resume", KEY_RESUME, NULL, 0,
     "Go on from the checkpoint, without --weights; from the beginning if there is none yet", 4},
    {"quiet", 'q', NULL, 0, "Say nothing but errors", 4},
    {0},
};

static const char documentation[] =
    "Train a network: find weights with a small loss."
    "\v"
    "Text is for networks with one input and one target that are both index[V]: the target is the next character. The "
    "vocabulary is kept in the weights file. Text and arrays of one long series are cut into --streams streams of the "
    "same length, or one frame more; a network whose states grow over a whole stream may be at a loss without them, "
    "and wants --piece.\n\n"
    "Arrays have the axes [sequences, frames, units], with an array `lengths` [sequences] where not all frames "
    "count; [sequences, units] for what is given once a sequence; or [rows, units], which with `lengths` is one "
    "sequence after the other; where there are no `lengths`, the rows are a series that may be cut, or a single "
    "sequence if the network has labels or anything else that is given once a sequence. Axes of units are left out for "
    "ids and scalars. Labels are "
    "[sequences, most], 1 or more each, as 0 is the blank; an array NAME.lengths says how many there are, or rows are "
    "padded at their ends with 0 or -1. Labels need a frame each, and one between two that are the same. Arrays of "
    "other names are not used.\n\n"
    "A loss that is not finite ends the training with a sentence that says where; a checkpoint is then kept as it was. "
    "SIGINT and SIGTERM end it after the step, with all files written.\n\n"
    "Exit status: 0 done, 1 the program or the data is wrong or the training failed, 2 the command line is wrong, 130 "
    "or "
    "143 after a signal.";

static double parse_fraction(const char *argument, struct argp_state *state)
{
    double fraction = argument_positive(state, "--valid", argument);
    if (fraction >= 1)
        argp_error(state, "--valid needs a number between 0 and 1, not '%s'", argument);
    return fraction;
}

/* ---- optimizer and schedule ---- */

static void push(struct arena *arena, struct words *words, const char *word)
{
    ARENA_PUSH(arena, words->items, words->count, words->capacity, word);
}

/* adam,beta1=0.8 -> the name, and settings. */
static const char *split_choice(struct arena *arena, const char *argument, struct words *settings)
{
    size_t length = strcspn(argument, ",");
    const char *name = arena_copy_string(arena, argument, length);
    for (const char *next = argument + length; *next; next += length) {
        next++;
        length = strcspn(next, ",");
        push(arena, settings, arena_copy_string(arena, next, length));
    }
    return name;
}

/* Sets what NAME=VALUE says, through rnn_optimizer_set or rnn_schedule_set. */
static void apply_settings(struct arena *arena, const struct words *settings, struct argp_state *state,
                           struct train_options *options, bool of_schedule)
{
    for (int i = 0; i < settings->count; i++) {
        const char *setting = settings->items[i], *equals = strchr(setting, '=');
        char *end = NULL;
        double value = equals ? strtod(equals + 1, &end) : 0;
        if (!equals || end == equals + 1 || *end)
            argp_error(state, "'%s' should be NAME=NUMBER", setting);
        const char *name = arena_copy_string(arena, setting, (size_t)(equals - setting));
        rnn_error reason;
        rnn_status status = of_schedule ? rnn_schedule_set(&options->schedule, name, value, &reason)
                                        : rnn_optimizer_set(&options->optimizer, name, value, &reason);
        if (status)
            argp_error(state, "%s", reason.text);
        if (of_schedule && strcmp(name, "period") == 0)
            options->whole_period = false;
    }
}

/* "adam, sgd, ..." */
static const char *list_names(struct arena *arena, const char *(*name)(int), int count)
{
    const char *names = name(0);
    for (int i = 1; i < count; i++)
        names = arena_printf(arena, "%s, %s", names, name(i));
    return names;
}

static const char *name_optimizer(int i) { return rnn_optimizers[i].name; }
static const char *name_schedule(int i) { return rnn_schedules[i].name; }

static void choose_optimizer(struct train_options *options, struct argp_state *state)
{
    const rnn_optimizer *optimizer = rnn_optimizer_find(options->optimizer_name);
    const rnn_schedule *schedule = rnn_schedule_find(options->schedule_name);
    if (!optimizer)
        argp_error(state, "there is no optimizer '%s'; there are %s", options->optimizer_name,
                   list_names(options->network.arena, name_optimizer, RNN_OPTIMIZERS));
    if (!schedule)
        argp_error(state, "there is no schedule '%s'; there are %s", options->schedule_name,
                   list_names(options->network.arena, name_schedule, RNN_SCHEDULES));
    options->optimizer = optimizer->defaults;
    options->schedule = schedule->defaults;
    options->whole_period = schedule->defaults.kind == RNN_SCHEDULE_COSINE;
    apply_settings(options->network.arena, &options->optimizer_settings, state, options, false);
    apply_settings(options->network.arena, &options->schedule_settings, state, options, true);
}

static void write_choices(FILE *out)
{
    fputs("Optimizers, with their numbers in rnn/optimizer.h (--optimizer adam,beta1=0.8):\n", out);
    for (int i = 0; i < RNN_OPTIMIZERS; i++)
        fprintf(out, "  %-10s %s\n", rnn_optimizers[i].name, rnn_optimizers[i].text);
    fputs("Schedules (--schedule step,period=500,warm_up=100):\n", out);
    for (int i = 0; i < RNN_SCHEDULES; i++)
        fprintf(out, "  %-10s %s\n", rnn_schedules[i].name, rnn_schedules[i].text);
    fputs("The period of cosine is the whole training unless given.\n\n", out);
}

static char *list_choices(int key, const char *text, void *input)
{
    (void)input;
    return argument_help(key, text, write_choices);
}

/* ---- the line ---- */

static void add_data(struct argument_files *files, const char *option, const struct words *data)
{
    for (int i = 0; i < data->count; i++)
        argument_reads(files, option, named_file_split(files->arena, data->items[i]).path);
}

/* A result overwrites neither another one nor what is read; but weights may be made better where they are. */
static void check_files(const struct train_options *options, struct argp_state *state)
{
    struct argument_files files = {.arena = options->network.arena};
    argument_reads(&files, "the program", options->network.path);
    add_data(&files, "--data", &options->data);
    add_data(&files, "--valid-data", &options->valid_data);
    argument_writes(&files, "--out", options->out, state);
    argument_writes(&files, "the best weights of --out", options->best, state);
    argument_reads(&files, "--weights", options->weights);
    argument_writes(&files, "--checkpoint", options->checkpoint, state);
    argument_writes(&files, "--log", options->log, state);
    argument_writes(&files, "--svg", options->svg, state);
}

/* w.safetensors -> w.best.safetensors; NULL for what is not a regular file, such as /dev/null. */
static const char *name_best(struct arena *arena, const char *out)
{
    static const char ending[] = ".safetensors";
    struct stat status;
    size_t length = strlen(out), kept = length;
    if (stat(out, &status) == 0 && !S_ISREG(status.st_mode))
        return NULL;
    if (length > sizeof ending - 1 && strcmp(out + length - (sizeof ending - 1), ending) == 0)
        kept = length - (sizeof ending - 1);
    return arena_printf(arena, "%.*s.best%s", (int)kept, out, out + kept);
}

static void check_options(struct train_options *options, struct argp_state *state)
{
    bool validates = options->held_out > 0 || options->valid_data.count;
    if (!options->data.count)
        argp_error(state, "what should it learn from? Give --data FILE");
    if (options->held_out > 0 && options->valid_data.count)
        argp_error(state, "--valid takes a part of --data, --valid-data other files: give one of them");
    if (options->advance && !options->window)
        argp_error(state, "--advance needs --window");
    if (options->advance > options->window)
        argp_error(state, "--advance %d is more than --window %d: frames between would be skipped", options->advance,
                   options->window);
    if (options->strict && !options->weights)
        argp_error(state, "--strict is about --weights FILE, which is not given");
    if (options->resume && !options->checkpoint)
        argp_error(state, "--resume needs --checkpoint FILE");
    if (!options->out && !options->checkpoint)
        argp_error(state, "where should the weights go? Give --out FILE");
    if (options->patience && !validates)
        argp_error(state, "--patience needs a validation: give --valid or --valid-data");
    options->best = options->out && validates ? name_best(options->network.arena, options->out) : NULL;
    check_files(options, state);
    choose_optimizer(options, state);
}

static bool parse_optimizer(int key, char *argument, struct train_options *options)
{
    struct arena *arena = options->network.arena;
    switch (key) {
    case KEY_OPTIMIZER:
        options->optimizer_name = split_choice(arena, argument, &options->optimizer_settings);
        return true;
    case KEY_RATE:
        push(arena, &options->optimizer_settings, arena_printf(arena, "rate=%s", argument));
        return true;
    case KEY_MOMENTUM:
        push(arena, &options->optimizer_settings, arena_printf(arena, "momentum=%s", argument));
        return true;
    case KEY_WEIGHT_DECAY:
        push(arena, &options->optimizer_settings, arena_printf(arena, "weight_decay=%s", argument));
        return true;
    case KEY_SCHEDULE:
        options->schedule_name = split_choice(arena, argument, &options->schedule_settings);
        return true;
    default:
        return false;
    }
}

static bool parse_data(int key, char *argument, struct train_options *options, struct argp_state *state)
{
    switch (key) {
    case 'd':
        push(options->network.arena, &options->data, argument);
        return true;
    case KEY_VALID_DATA:
        push(options->network.arena, &options->valid_data, argument);
        return true;
    case KEY_VALID:
        options->held_out = parse_fraction(argument, state);
        return true;
    case KEY_BYTES:
        options->bytes = true;
        return true;
    case KEY_SKIP:
        options->skips = true;
        return true;
    case KEY_FRAMES_FIRST:
        options->frames_first = true;
        return true;
    default:
        return false;
    }
}

static bool parse_result(int key, char *argument, struct train_options *options, struct argp_state *state)
{
    switch (key) {
    case 'o':
        options->out = argument;
        return true;
    case KEY_LOG:
        options->log = argument;
        return true;
    case KEY_SVG:
        options->svg = argument;
        return true;
    case KEY_CHECKPOINT:
        options->checkpoint = argument;
        return true;
    case KEY_CHECKPOINT_EVERY:
        options->checkpoint_every = argument_count(state, "--checkpoint-every", argument);
        return true;
    case KEY_RESUME:
        options->resume = true;
        return true;
    case 'q':
        options->quiet = true;
        return true;
    default:
        return false;
    }
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct train_options *options = state->input;
    if (parse_data(key, argument, options, state) || parse_optimizer(key, argument, options) ||
        parse_result(key, argument, options, state))
        return 0;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->network;
        return 0;
    case KEY_STREAMS:
        options->streams = argument_count(state, "--streams", argument);
        return 0;
    case KEY_PIECE:
        options->piece = argument_count(state, "--piece", argument);
        return 0;
    case KEY_WINDOW:
        options->window = argument_count(state, "--window", argument);
        return 0;
    case KEY_ADVANCE:
        options->advance = argument_count(state, "--advance", argument);
        return 0;
    case KEY_PATIENCE:
        options->patience = argument_count(state, "--patience", argument);
        return 0;
    case KEY_EPOCHS:
        options->epochs = argument_count(state, "--epochs", argument);
        return 0;
    case KEY_SEED:
        options->seed = argument_seed(state, "--seed", argument);
        return 0;
    case KEY_CLIP:
        options->clip = argument_positive(state, "--clip", argument);
        return 0;
    case KEY_CLIP_VALUE:
        options->clip_value = argument_positive(state, "--clip-value", argument);
        return 0;
    case 'w':
        options->weights = argument;
        return 0;
    case KEY_STRICT:
        options->strict = true;
        return 0;
    case ARGP_KEY_END:
        check_options(options, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void train_options_parse(struct arena *arena, int argc, char **argv, struct train_options *options)
{
    *options = (struct train_options){
        .network = {.arena = arena, .training = true},
        .streams = 32,
        .epochs = 10,
        .clip = INFINITY,
        .clip_value = INFINITY,
        .seed = 1,
        .checkpoint_every = 1000,
        .optimizer_name = "adam",
        .schedule_name = "constant",
    };
    static const struct argp_child children[] = {{&network_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {.options = options_table,
                                     .parser = parse_option,
                                     .args_doc = "FILE.rnn",
                                     .doc = documentation,
                                     .children = children,
                                     .help_filter = list_choices};
    argp_parse(&argp, argc, argv, 0, NULL, options);
}

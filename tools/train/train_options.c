#include "train/train_options.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/text.h"
#include "network/program.h"
#include "train/methods.h"

enum {
    KEY_VALID = 512,
    KEY_VALID_DATA,
    KEY_BYTES,
    KEY_SKIP,
    KEY_FRAMES_FIRST,
    KEY_STREAMS,
    KEY_RANKS,
    KEY_COMPRESS,
    KEY_LINK,
    KEY_NO_OVERLAP,
    KEY_COMPRESS_AFTER,
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
    KEY_RESUME,
    KEY_LOW_RANK_AFTER
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
     "End after N epochs in which the loss of the validation was not below the smallest before", 3},
    {"streams", KEY_STREAMS, "B", 0,
     "How many sequences a step learns from; a text or series is cut into so many streams (default 32)", 3},
    {"ranks", KEY_RANKS, "P", 0,
     "Share the streams of a step out to P processes on this machine, which mpirun starts. On several machines, start "
     "`rnn train` by mpirun or srun instead",
     3},
    {"compress", KEY_COMPRESS, "HOW", 0,
     "What processes send of a gradient: none (all of it, the default), f16 (in half precision), powersgd:R (of each "
     "matrix two factors of R columns, with error feedback), or auto (for each parameter what takes the least time, "
     "with an R of 1, 2 or 4; auto:R with this one)",
     3},
    {"link", KEY_LINK, "BANDWIDTH,LATENCY", 0,
     "Of each process, for --compress auto: as 10Gb/s,20us (b: bits, B: bytes; k, M, G, T; s, ms, us, ns). Else both "
     "are measured at the start",
     3},
    {"no-overlap", KEY_NO_OVERLAP, NULL, 0,
     "Send nothing while gradients are still computed; else those of later layers are on their way then", 3},
    {"compress-after", KEY_COMPRESS_AFTER, "N", 0,
     "How many steps all is sent before powersgd or auto begin (default 100)", 3},
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
    {"schedule", KEY_SCHEDULE, "NAME[,NUMBER=VALUE...]", 0, "How the rate changes (default: constant), see below", 3},
    {"clip", KEY_CLIP, "NORM", 0, "Scale gradients with a greater norm down to it", 3},
    {"clip-value", KEY_CLIP_VALUE, "X", 0, "Limit every element of a gradient to -X .. X", 3},
    {"low-rank-after", KEY_LOW_RANK_AFTER, "N", 0,
     "After N epochs put low-rank factors in place of matrices and go on with these: as --form says from then on, or "
     "of ranks from the stable ranks of the matrices, in steps of 16, where that makes them smaller. The program with "
     "the forms is written beside --out, as w.low_rank.rnn for w.safetensors, and the dense weights as "
     "w.dense.safetensors",
     3},
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
    "Train a network: find weights with a small loss.\v"
    "Text is for networks with one input and one target that are both index[V]: the target is the next character. The "
    "vocabulary is kept in the weights file. Text and arrays of one long series are cut into --streams streams of the "
    "same length, or one frame more; a network whose states grow over a whole stream may be at a loss without them, "
    "and wants --piece.\n\n"
    "Arrays have the axes [sequences, frames, units], with an array `lengths` [sequences] where not all frames count; "
    "[sequences, units] for what is given once a sequence; or [rows, units], which with `lengths` is one sequence "
    "after the other; where there are no `lengths`, the rows are a series that may be cut, or a single sequence if the "
    "network has labels or anything else that is given once a sequence. Axes of units are left out for ids and "
    "scalars. Labels are [sequences, most], 1 or more each, as 0 is the blank; an array NAME.lengths says how many "
    "there are, or rows are padded at their ends with 0 or -1. Labels need a frame each, and one between two that are "
    "the same. Arrays of other names are not used.\n\n"
    "A loss that is not finite ends the training with a sentence that says where; a checkpoint is then kept as it was. "
    "SIGINT, SIGTERM and, but for nohup, SIGHUP end it after the step, with all files written.\n\n"
    "Exit status: 0 done, 1 the program or the data is wrong or the training failed, 2 the command line is wrong, 128 "
    "and its number after a signal. With several processes it is the launcher's, which is that of the first process "
    "that failed; mpirun that gets a signal itself has its own.";

static double parse_fraction(const char *argument, struct argp_state *state)
{
    double fraction = argument_positive(state, "--valid", argument);
    if (fraction >= 1)
        argp_error(state, "--valid needs a number between 0 and 1, not '%s'", argument);
    return fraction;
}

static void add_data(struct argument_files *files, const char *option, const struct words *data)
{
    for (int i = 0; i < data->count; i++)
        argument_reads(files, option, named_file_split(files->arena, data->items[i]).path);
}

/* Checks that no result overwrites another one or an input, except that weights may be improved in place. */
static void check_files(const struct train_options *options, struct argp_state *state)
{
    struct argument_files files = {.arena = options->network.arena};
    program_reads(&options->network, &files);
    add_data(&files, "--data", &options->data);
    add_data(&files, "--valid-data", &options->valid_data);
    argument_writes(&files, "--out", options->out, state);
    argument_writes(&files, "the best weights of --out", options->best, state);
    argument_writes(&files, "the program beside --out", options->low_rank, state);
    argument_reads(&files, "--weights", options->weights);
    argument_writes(&files, "the dense weights of --out", options->dense, state);
    argument_writes(&files, "--checkpoint", options->checkpoint, state);
    argument_writes(&files, "--log", options->log, state);
    argument_writes(&files, "--svg", options->svg, state);
}

/* w.safetensors, ".best.safetensors" -> w.best.safetensors; NULL for anything but a regular file, as /dev/null. */
static const char *name_beside(struct arena *arena, const char *out, const char *ending)
{
    static const char usual[] = ".safetensors";
    struct stat status;
    size_t length = strlen(out), kept = length;
    if (stat(out, &status) == 0 && !S_ISREG(status.st_mode))
        return NULL;
    if (length > sizeof usual - 1 && strcmp(out + length - (sizeof usual - 1), usual) == 0)
        kept = length - (sizeof usual - 1);
    return arena_printf(arena, "%.*s%s", (int)kept, out, ending);
}

/* Checks what belongs to --low-rank-after, and names its files. */
static void check_low_rank(struct train_options *options, struct argp_state *state)
{
    struct arena *arena = options->network.arena;
    if (!options->low_rank_after)
        return;
    options->forms = options->network.forms; /* which the network at first has not */
    options->network.forms = (struct form_options){.arena = arena};
    if (options->low_rank_after >= options->epochs)
        argp_error(state, "--low-rank-after %d leaves none of %d epoch%s for the factors: take less, or more --epochs",
                   options->low_rank_after, options->epochs, options->epochs == 1 ? "" : "s");
    options->low_rank = options->out ? name_beside(arena, options->out, ".low_rank.rnn") : NULL;
    options->dense = options->out ? name_beside(arena, options->out, ".dense.safetensors") : NULL;
    if (!options->low_rank)
        argp_error(state, "--low-rank-after writes the program that it makes beside --out, which has to be a file");
    if (options->network.path && strcmp(options->network.path, "-") == 0)
        argp_error(state, "--low-rank-after needs the program in a file, not from standard input");
}

static void check_options(void *to, struct argp_state *state)
{
    enum { MOST_RANKS = 256 };
    const int usual_after = 100; /* steps, of --compress-after */
    struct train_options *options = to;
    bool validates = options->held_out > 0 || options->valid_data.count;
    if (!options->data.count)
        argp_error(state, "what should it learn from? Give --data FILE");
    if (options->held_out > 0 && options->valid_data.count)
        argp_error(state, "--valid takes a part of --data, --valid-data other files: give one of them");
    if (options->ranks_wanted > MOST_RANKS)
        argp_error(state, "--ranks starts processes on this machine, at most %d; mpirun starts them on several",
                   MOST_RANKS);
    if (options->advance && !options->window)
        argp_error(state, "--advance needs --window");
    if (options->advance > options->window)
        argp_error(state, "--advance %d is more than --window %d: frames between would be skipped", options->advance,
                   options->window);
    if (options->compress.link.bytes_per_second > 0 && !options->compress.chooses)
        argp_error(state, "--link is about --compress auto, which is not given");
    if (options->compress.after && !compress_begins_later(&options->compress))
        argp_error(state, "--compress-after is about --compress powersgd:R or auto, neither of which is given");
    if (!options->compress.after)
        options->compress.after = usual_after;
    if (options->strict && !options->weights)
        argp_error(state, "--strict is about --weights FILE, which is not given");
    if (options->resume && !options->checkpoint)
        argp_error(state, "--resume needs --checkpoint FILE");
    if (!options->out && !options->checkpoint)
        argp_error(state, "where should the weights go? Give --out FILE");
    if (options->patience && !validates)
        argp_error(state, "--patience needs a validation: give --valid or --valid-data");
    options->network.quiet = options->quiet;
    options->best =
        options->out && validates ? name_beside(options->network.arena, options->out, ".best.safetensors") : NULL;
    check_low_rank(options, state);
    check_files(options, state);
    methods_choose(options, state);
}

static const struct argument_field fields[] = {
    {'d', ARGUMENT_WORD, offsetof(struct train_options, data)},
    {KEY_VALID_DATA, ARGUMENT_WORD, offsetof(struct train_options, valid_data)},
    {KEY_BYTES, ARGUMENT_FLAG, offsetof(struct train_options, bytes)},
    {KEY_SKIP, ARGUMENT_FLAG, offsetof(struct train_options, skips)},
    {KEY_FRAMES_FIRST, ARGUMENT_FLAG, offsetof(struct train_options, frames_first)},
    {KEY_STREAMS, ARGUMENT_COUNT, offsetof(struct train_options, streams)},
    {KEY_RANKS, ARGUMENT_COUNT, offsetof(struct train_options, ranks_wanted)},
    {KEY_NO_OVERLAP, ARGUMENT_FLAG, offsetof(struct train_options, no_overlap)},
    {KEY_COMPRESS_AFTER, ARGUMENT_COUNT, offsetof(struct train_options, compress.after)},
    {KEY_PIECE, ARGUMENT_COUNT, offsetof(struct train_options, piece)},
    {KEY_WINDOW, ARGUMENT_COUNT, offsetof(struct train_options, window)},
    {KEY_ADVANCE, ARGUMENT_COUNT, offsetof(struct train_options, advance)},
    {KEY_EPOCHS, ARGUMENT_COUNT, offsetof(struct train_options, epochs)},
    {KEY_LOW_RANK_AFTER, ARGUMENT_COUNT, offsetof(struct train_options, low_rank_after)},
    {KEY_PATIENCE, ARGUMENT_COUNT, offsetof(struct train_options, patience)},
    {'w', ARGUMENT_TEXT, offsetof(struct train_options, weights)},
    {KEY_STRICT, ARGUMENT_FLAG, offsetof(struct train_options, strict)},
    {KEY_SEED, ARGUMENT_SEED, offsetof(struct train_options, seed)},
    {KEY_CLIP, ARGUMENT_POSITIVE, offsetof(struct train_options, clip)},
    {KEY_CLIP_VALUE, ARGUMENT_POSITIVE, offsetof(struct train_options, clip_value)},
    {'o', ARGUMENT_TEXT, offsetof(struct train_options, out)},
    {KEY_LOG, ARGUMENT_TEXT, offsetof(struct train_options, log)},
    {KEY_SVG, ARGUMENT_TEXT, offsetof(struct train_options, svg)},
    {KEY_CHECKPOINT, ARGUMENT_TEXT, offsetof(struct train_options, checkpoint)},
    {KEY_CHECKPOINT_EVERY, ARGUMENT_COUNT, offsetof(struct train_options, checkpoint_every)},
    {KEY_RESUME, ARGUMENT_FLAG, offsetof(struct train_options, resume)},
    {'q', ARGUMENT_FLAG, offsetof(struct train_options, quiet)},
    {0},
};

/* Sets a number of the optimizer that has an option of its own. */
static void set_number(struct train_options *options, const char *name, const char *argument)
{
    words_push(&options->own_settings, arena_printf(options->network.arena, "%s=%s", name, argument));
}

static bool take_option(int key, char *argument, void *to, struct argp_state *state)
{
    struct train_options *options = to;
    switch (key) {
    case KEY_VALID:
        options->held_out = parse_fraction(argument, state);
        return true;
    case KEY_OPTIMIZER:
        options->optimizer_name = methods_split(argument, &options->optimizer_settings);
        return true;
    case KEY_COMPRESS:
        if (!compress_parse(argument, &options->compress))
            argp_error(state, "--compress %s: it is none, f16, powersgd:R, auto or auto:R, where R is 1 to 1024",
                       argument);
        return true;
    case KEY_LINK:
        if (!cost_parse_link(argument, &options->compress.link))
            argp_error(state, "--link %s: it is a bandwidth and a latency, as 10Gb/s,20us or 1.2GB/s,0s", argument);
        return true;
    case KEY_RATE:
        set_number(options, "rate", argument);
        return true;
    case KEY_MOMENTUM:
        set_number(options, "momentum", argument);
        return true;
    case KEY_WEIGHT_DECAY:
        set_number(options, "weight_decay", argument);
        return true;
    case KEY_SCHEDULE:
        options->schedule_name = methods_split(argument, &options->schedule_settings);
        return true;
    default:
        return false;
    }
}

struct train_options train_options_new(struct arena *arena)
{
    struct train_options options = {
        .network = network_options_new(arena),
        .data.arena = arena,
        .valid_data.arena = arena,
        .optimizer_settings.arena = arena,
        .own_settings.arena = arena,
        .schedule_settings.arena = arena,
        .streams = 32,
        .epochs = 10,
        .clip = INFINITY,
        .clip_value = INFINITY,
        .seed = 1,
        .checkpoint_every = 1000,
        .optimizer_name = "adam",
        .schedule_name = "constant",
    };
    options.network.training = true;
    return options;
}

void train_options_parse(struct arena *arena, int argc, char **argv, struct train_options *options)
{
    *options = train_options_new(arena);
    static const struct command_line line = {.options = options_table,
                                             .fields = fields,
                                             .doc = documentation,
                                             .parts = {{&network_argp, offsetof(struct train_options, network)}},
                                             .take = take_option,
                                             .check = check_options,
                                             .help_filter = methods_help};
    command_line_parse(&line, argc, argv, options);
}

/* rnn train: the whole story of a training, from the command line to the weights. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "command/busy.h"
#include "command/commands.h"
#include "command/stop.h"
#include "files/new_file.h"
#include "files/path.h"
#include "files/standard.h"
#include "network/network.h"
#include "train/checkpoint.h"
#include "train/conversion.h"
#include "train/training_data.h"

/* Everything that a training needs. */
struct train {
    struct train_options options;
    struct ranks ranks;
    struct training_data data;
    struct conversion conversion;
    struct trainer trainer;
    struct report report;
    uint64_t first_step; /* steps that were done before this run */
    double learned;      /* mean loss of the last epoch */
    struct usage usage;  /* of processors, when this epoch began */
    bool told_busy;
};

/* Prints the beginning. False, with a sentence, if it cannot be printed, as then nothing can. */
static bool print_start(const struct train *train, const char **error)
{
    const struct trainer *trainer = &train->trainer;
    const struct dataset *data = trainer->data, *held = trainer->held;
    const struct vocabulary *vocabulary = data->table->vocabulary;
    const long unknown = train->data.table.unknown + train->data.held_table.unknown;
    if (train->options.quiet)
        return true;
    printf("%s: %zu parameters; %ld frame%s in %ld sequence%s", trainer->model->name,
           trainer->model->parameter_elements, data->frames, data->frames == 1 ? "" : "s", data->count,
           data->count == 1 ? "" : "s");
    if (vocabulary)
        printf(", %d different %s", vocabulary->count, vocabulary->bytes ? "bytes" : "characters");
    if (held->count)
        printf("; %ld frame%s to validate", held->frames, held->frames == 1 ? "" : "s");
    printf("\n%s, rate %g, %d streams, ", rnn_optimizers[train->options.optimizer.kind].name,
           train->options.optimizer.rate, train->options.streams);
    if (trainer->window)
        printf("windows of %d frames, %d further each\n", trainer->window, trainer->advance);
    else
        puts("whole sequences");
    if (unknown)
        printf("characters of the text that are not in the vocabulary, which count as none: %ld\n", unknown);
    if (trainer->position.epoch >= train->options.epochs)
        printf("all %d epochs are done\n", train->options.epochs);
    else if (trainer->position.step)
        printf("going on in epoch %d after step %llu\n", trainer->position.epoch + 1,
               (unsigned long long)trainer->position.step);
    trainer_report_ways(trainer);
    int reason = standard_output_flush();
    if (reason)
        *error = arena_printf(train->options.network.arena,
                              "cannot write to standard output: %s; with --quiet nothing is written there",
                              strerror(reason));
    return !reason;
}

/* Warns of streams shorter than a window: they learn from shorter pasts than the options say. */
static void warn_of_short_streams(const struct train *train)
{
    const struct dataset *data = &train->data.learned;
    int window = train->trainer.window;
    if (train->options.quiet || !data->ordered || data->count < 2 || data->longest >= window)
        return;
    fprintf(stderr,
            "rnn: each of the %ld streams has only %d frame%s, less than a window of %d: with fewer --streams the "
            "network sees more of its past\n",
            data->count, data->longest, data->longest == 1 ? "" : "s", window);
}

/* Checks that files can be written: better now than after an epoch. Removes what a killed training left there. */
static bool check_places(const struct train_options *options, const char **error)
{
    const char *const paths[] = {options->out,  options->checkpoint, options->svg,     options->log,
                                 options->best, options->dense,      options->low_rank};
    const char *problem = NULL;
    char words[RNN_NEW_FILE_WORDS];
    for (size_t i = 0; i < sizeof paths / sizeof paths[0] && !problem; i++) {
        if (paths[i] && path_is_pipe(paths[i]))
            problem = "it is a pipe or socket, and a training, which cannot wait for a reader, writes to files and "
                      "devices";
        else if (paths[i] && !path_can_be_written(paths[i]))
            problem = rnn_new_file_reason(paths[i], errno, words);
        if (paths[i] && !problem)
            rnn_new_file_sweep(paths[i]);
        if (problem)
            *error = arena_printf(options->network.arena, "'%s' cannot be written: %s", paths[i], problem);
    }
    return !problem;
}

/* Finds out whether the training goes on from a checkpoint, which all ranks have to see. */
static bool find_checkpoint(const struct train *train, bool *goes_on, const char **error)
{
    const struct train_options *options = &train->options;
    struct arena *arena = options->network.arena;
    *goes_on = options->resume && access(options->checkpoint, F_OK) == 0;
    const char *found = *goes_on          ? "a file"
                        : options->resume ? arena_printf(arena, "none, as there is no %s", options->checkpoint)
                                          : "none";
    const struct ranks_item item = {"the checkpoint to go on from", found, false};
    const char *difference;
    if (ranks_agree(train->trainer.ranks, arena, &item, 1, &difference))
        return true;
    *error = arena_printf(arena, "%s: it has to be where all ranks can read it", difference);
    return false;
}

/* Sets trainer and report up as at the beginning, or as the checkpoint has them. */
static bool start(struct train *train, const char **error)
{
    const struct train_options *options = &train->options;
    curve_start(&train->report.learned);
    curve_start(&train->report.held);
    bool goes_on;
    if (!find_checkpoint(train, &goes_on, error))
        return false;
    if (goes_on && options->weights && !options->quiet)
        fprintf(stderr, "rnn: going on from '%s', not from the weights in '%s'\n", options->checkpoint,
                options->weights);
    if (goes_on && (!conversion_resume(&train->conversion, &train->trainer, error) ||
                    !checkpoint_load(&train->trainer, &train->report, options->checkpoint, error)))
        return false;
    if (!conversion_check(&train->conversion, &train->trainer, error) || !trainer_agree(&train->trainer, error))
        return false;
    trainer_choose_ways(&train->trainer);
    return report_open(&train->report, &train->trainer, error);
}

/* Writes the files of one rank. */
static bool write_results(struct train *train, bool epoch_done, bool checkpoint, bool last, const char **error)
{
    const struct train_options *options = &train->options;
    const struct position *position = &train->trainer.position;
    /* Before the checkpoint, which records it. */
    if (epoch_done && options->best && position->best_epoch == position->epoch &&
        !weights_save(&train->trainer, options->best, error))
        return false;
    if (checkpoint)
        if (!report_flush(&train->report, error) ||
            !checkpoint_save(&train->trainer, &train->report, options->checkpoint, error))
            return false;
    return !last || ((!options->out || weights_save(&train->trainer, options->out, error)) &&
                     report_flush(&train->report, error) && report_draw(&train->report, error));
}

/* Writes the files that are due. */
static bool write_files(struct train *train, bool epoch_done, bool stopping, const char **error)
{
    const struct train_options *options = &train->options;
    const struct position *position = &train->trainer.position;
    bool regular = position->step % (uint64_t)options->checkpoint_every == 0;
    bool last = epoch_done || stopping;
    bool checkpoint = options->checkpoint && (regular || last);
    if (checkpoint && !trainer_gather(&train->trainer, error))
        return false;
    bool written = train->ranks.rank || write_results(train, epoch_done, checkpoint, last, error);
    if (checkpoint)
        trainer_scatter(&train->trainer);
    return written;
}

/* Returns the signal that asks to stop this rank or another; 0: none does. */
static int signal_of_ranks(struct train *train)
{
    if (train->ranks.count > 1 && !train->trainer.stops)
        return 0; /* a signal that waits is for the next step, as the others have to hear of it */
    int signal = stop_signal();
    ranks_largest(&train->ranks, &signal, 1);
    return signal;
}

/* Takes a step, or ends an epoch. */
static bool advance(struct train *train, bool *epoch_done, const char **error)
{
    struct trainer *trainer = &train->trainer;
    struct position before = trainer->position;
    struct score score;
    bool stopped = false;
    *epoch_done = false;
    if (before.batch < trainer_batches(trainer)) {
        if (!trainer_step(trainer, error))
            return false;
        report_step(&train->report);
        return true;
    }
    if (!trainer_finish_epoch(trainer, stop_requested, &score, &stopped, error))
        return false;
    if (!stopped) {
        report_epoch(&train->report, &before, &score);
        train->learned = score.learned;
    }
    *epoch_done = !stopped;
    return true;
}

/* Says once that threads wait for each other, where others have taken the processors in this epoch. */
static void note_busy(struct train *train)
{
    const struct usage now = usage_now();
    const struct busyness busy = usage_judge(&train->usage, &now);
    train->usage = now;
    if (train->options.quiet || train->told_busy || busy.displaced <= 0 || !busy.several)
        return;
    train->told_busy = true;
    fprintf(stderr,
            "rnn: the processors are busy: others took them from this program %.0f times a second of processor time, "
            "and its threads wait for each other: keep other work off the machine, or give --threads 1\n",
            busy.displaced);
}

static bool out_of_patience(const struct train *train)
{
    const struct position *position = &train->trainer.position;
    int patience = train->options.patience;
    return patience && position->best_epoch && position->epoch - position->best_epoch >= patience;
}

static bool at_end(const struct train *train)
{
    return train->trainer.position.epoch >= train->options.epochs || out_of_patience(train);
}

/* Prints the result of the whole training. */
static void print_end(const struct train *train)
{
    const struct position *position = &train->trainer.position;
    if (train->options.quiet)
        return;
    if (train->options.low_rank_after && !train->trainer.forms)
        puts("it ended before factors took the place of matrices");
    if (out_of_patience(train))
        printf("no better validation in %d epoch%s: stopped\n", position->epoch - position->best_epoch,
               position->epoch - position->best_epoch == 1 ? "" : "s");
    if (position->best_epoch) {
        printf("best validation: ");
        report_print_loss(stdout, train->report.in_bits, position->best);
        printf(" in epoch %d", position->best_epoch);
        if (train->options.best)
            printf(access(train->options.best, F_OK) == 0
                       ? ", weights in '%s'"
                       : ", whose weights are not in '%s': the file was removed, or --out was another",
                   train->options.best);
        putchar('\n');
    }
    if (train->ranks.count > 1)
        printf("%d ranks: each gave %.0f bytes a step into sums\n", train->ranks.count,
               train->ranks.bytes /
                   (double)(position->step - train->first_step ? position->step - train->first_step : 1));
    if (train->learned > 2 * fabs(position->first))
        fprintf(
            stderr,
            "rnn: the loss has grown from %g in the first step to %g in the last epoch: a smaller --rate than %g, or "
            "--clip, may help\n",
            position->first, train->learned, train->options.optimizer.rate);
}

/* Puts factors in place of matrices. An exit status as below. Where it fails or is stopped, the files are those of the
 * dense network, from which a training that is resumed comes here again. */
static int convert(struct train *train, const char **error)
{
    bool done = conversion_run(&train->conversion, &train->trainer, &train->report, error);
    int signal = done ? 0 : signal_of_ranks(train);
    if (signal)
        return 128 + signal;
    if (!done)
        return 1;
    const bool chosen = train->trainer.compress.ways != NULL;
    trainer_choose_ways(&train->trainer); /* anew where the network is another */
    if (!chosen)
        trainer_report_ways(&train->trainer);
    if (!write_files(train, true, false, error))
        return 1;
    report_start_epoch(&train->report);
    return 0;
}

/* Trains and returns an exit status: 0, 1 with *error, or 128 + the signal that ended it. */
static int loop(struct train *train, const char **error)
{
    bool epoch_done;
    train->trainer.stop = stop_requested;
    train->first_step = train->trainer.position.step;
    train->usage = usage_now();
    if (at_end(train)) /* the checkpoint is of the end, but --out may be new */
        return write_files(train, true, false, error) ? 0 : 1;
    while (!at_end(train)) {
        if (conversion_is_due(&train->conversion, &train->trainer)) {
            int status = convert(train, error);
            if (status)
                return status;
        }
        if (!advance(train, &epoch_done, error))
            return 1;
        int signal = signal_of_ranks(train);
        if (!write_files(train, epoch_done, signal != 0, error))
            return 1;
        if (epoch_done) {
            note_busy(train);
            report_start_epoch(&train->report);
        }
        if (signal)
            return 128 + signal;
    }
    return 0;
}

/* Leaves all that is told and written to rank 0. */
static void be_quiet(struct train_options *options)
{
    options->quiet = options->network.quiet = true;
    options->out = options->log = options->svg = options->best = NULL;
}

static int train_network(struct train *train, const char **error)
{
    if (train->ranks.rank)
        be_quiet(&train->options);
    else if (!check_places(&train->options, error))
        return 1;
    const rnn_model *model = trainer_open_network(&train->ranks, &train->options.network, error);
    if (!model)
        return 1;
    if (!model->training) {
        *error = "the compiled network cannot be trained: it has no loss";
        return 1;
    }
    struct training_data *data = &train->data;
    if (!conversion_open(&train->conversion, &train->options, error) ||
        !training_data_read(data, &train->options, model, error) ||
        !trainer_open(&train->trainer, &train->options, model, &data->learned, &data->held, error))
        return 1;
    int status = 1;
    stop_hold_signals();
    if (start(train, error)) {
        warn_of_short_streams(train);
        status = print_start(train, error) ? loop(train, error) : 1;
        report_close(&train->report);
        if (status == 0)
            print_end(train);
        if (status > 128 && !train->options.quiet)
            fprintf(stderr, "rnn: stopped by a signal in epoch %d after step %llu%s\n",
                    train->trainer.position.epoch + 1, (unsigned long long)train->trainer.position.step,
                    train->options.checkpoint ? "; --resume goes on from here" : "");
    }
    trainer_close(&train->trainer);
    return status;
}

int command_train(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct train *train = ARENA_NEW(arena, struct train);
    const char *error = NULL;
    train_options_parse(arena, argc, argv, &train->options);
    int status = 1;
    if (!ranks_open(&train->ranks, arena, train->options.ranks_wanted, argv, &error)) {
        ranks_fail(&train->ranks, error);
    } else {
        train->options.ranks = &train->ranks;
        status = train_network(train, &error);
        if (status == 1)
            ranks_fail(&train->ranks, error);
    }
    ranks_close(&train->ranks);
    arena_free(arena);
    return status;
}

#include "train/report.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double report_seconds(const struct report *report) { return report->before + now() - report->started; }

/* ---- the log ---- */

static bool fail(const struct report *report, const char **error)
{
    const struct trainer *trainer = report->trainer;
    *error = arena_printf(trainer->arena, "cannot write '%s': %s", trainer->options->log, strerror(errno));
    return false;
}

/* Opens the log. One that should go on may have been lost; it then begins anew. Lines that were written after the
 * checkpoint are cut off. */
static bool open_log(struct report *report, const char **error)
{
    const char *path = report->trainer->options->log;
    struct stat status;
    bool goes_on = report->log_length > 0 && stat(path, &status) == 0 && status.st_size >= report->log_length;
    report->log = fopen(path, goes_on ? "r+" : "w");
    if (!report->log)
        return fail(report, error);
    if (!goes_on) {
        fputs("step,epoch,frames,loss,validation,rate,seconds\n", report->log);
        return true;
    }
    if (S_ISREG(status.st_mode) && ftruncate(fileno(report->log), report->log_length) != 0)
        return fail(report, error);
    return fseek(report->log, 0, SEEK_END) == 0 || fail(report, error);
}

/* Logs a number, or nothing if there is none. */
static void log_number(struct report *report, double number)
{
    if (!isnan(number))
        fprintf(report->log, "%.9g", number);
    fputc(',', report->log);
}

static void log_step(struct report *report, const struct position *position, double validation)
{
    if (!report->log)
        return;
    fprintf(report->log, "%llu,%d,%llu,", (unsigned long long)position->step, position->epoch + 1,
            (unsigned long long)position->frames);
    log_number(report, position->loss);
    log_number(report, validation);
    log_number(report, position->rate);
    fprintf(report->log, "%.3f\n", report_seconds(report));
}

bool report_flush(struct report *report, const char **error)
{
    if (!report->log)
        return true;
    if (fflush(report->log) != 0 || ferror(report->log))
        return fail(report, error);
    report->log_length = ftell(report->log);
    return true;
}

/* ---- open and close ---- */

bool report_in_bits(const rnn_training *training)
{
    bool in_bits = training->target_count > 0 && training->loss_count == training->target_count;
    for (int i = 0; i < training->target_count; i++)
        in_bits &= training->targets[i].type == RNN_TYPE_ID;
    return in_bits;
}

bool report_open(struct report *report, const struct trainer *trainer, const char **error)
{
    const rnn_training *training = trainer->model->training;
    report->trainer = trainer;
    report->started = now();
    report->before = report->epoch_seconds = trainer->position.seconds;
    report->frames_before = report->epoch_frames = trainer->position.frames;
    report->in_bits = report_in_bits(training);
    report->on_terminal = !trainer->options->quiet && isatty(STDERR_FILENO);
    return !trainer->options->log || open_log(report, error);
}

static void clear_line(struct report *report)
{
    if (report->line_shown)
        fputs("\r\033[K", stderr);
    report->line_shown = false;
}

void report_close(struct report *report)
{
    clear_line(report);
    if (report->log)
        fclose(report->log);
}

/* ---- lines ---- */

void report_print_loss(FILE *out, bool in_bits, double loss)
{
    const char *format = fabs(loss) < 1e5 ? "%.4f" : "%.4e";
    fprintf(out, format, loss);
    if (in_bits && fabs(loss) < 1e5)
        fprintf(out, " (%.4f bits)", loss / log(2));
}

/* Prints a time as people say it: 45 s, 3:05 min, 2:10 h. */
static void print_time(FILE *out, double seconds)
{
    long whole = lround(fmin(fmax(seconds, 0), 1e9));
    if (whole < 60)
        fprintf(out, "%ld s", whole);
    else if (whole < 3600)
        fprintf(out, "%ld:%02ld min", whole / 60, whole % 60);
    else
        fprintf(out, "%ld:%02ld h", whole / 3600, whole / 60 % 60);
}

static void show_progress(struct report *report)
{
    const struct trainer *trainer = report->trainer;
    const struct position *position = &trainer->position;
    double time = now(), run = time - report->started;
    enum { TIMES_A_SECOND = 5 };
    if (time - report->shown < 1.0 / TIMES_A_SECOND || isnan(tally_mean(&trainer->tally)))
        return;
    report->shown = time;
    report->line_shown = true;
    double pace = (double)(position->frames - report->frames_before) / run;
    double all = (double)trainer->data->frames * trainer->options->epochs, done = (double)position->frames;
    double part = (double)(position->frames - report->epoch_frames) / (double)trainer->data->frames;
    fprintf(stderr, "\r\033[Kepoch %d/%d %3.0f %%  loss ", position->epoch + 1, trainer->options->epochs,
            100 * fmin(part, 1));
    report_print_loss(stderr, report->in_bits, tally_mean(&trainer->tally));
    fprintf(stderr, "  %.0f frames/s  ", pace);
    print_time(stderr, (all - done) / pace);
    fputs(" left", stderr);
    fflush(stderr);
}

void report_step(struct report *report)
{
    const struct position *position = &report->trainer->position;
    curve_add(&report->learned, (double)position->step, position->loss);
    if (position->batch < trainer_batches(report->trainer))
        log_step(report, position, NAN);
    if (report->on_terminal)
        show_progress(report);
}

void report_epoch(struct report *report, const struct position *before, const struct score *score)
{
    const struct trainer *trainer = report->trainer;
    bool validated = trainer->held->count > 0;
    double seconds = report_seconds(report);
    log_step(report, before, score->loss);
    curve_add(&report->held, (double)before->step, score->loss);
    clear_line(report);
    if (!trainer->options->quiet) {
        printf("epoch %d/%d: loss ", before->epoch + 1, trainer->options->epochs);
        report_print_loss(stdout, report->in_bits, score->learned);
        if (validated) {
            fputs(", validation ", stdout);
            report_print_loss(stdout, report->in_bits, score->loss);
        }
        if (score->accuracy >= 0)
            printf(", accuracy %.2f %%", 100 * score->accuracy);
        if (score->label_errors >= 0)
            printf(", label errors %.2f %%", 100 * score->label_errors);
        if (before->frames > report->epoch_frames)
            printf(", %.0f frames/s",
                   (double)(before->frames - report->epoch_frames) / (seconds - report->epoch_seconds));
        putchar('\n');
        fflush(stdout);
    }
    report->epoch_frames = before->frames;
}

/* Comments in the log, which readers of tables pass over. */
static void log_conversion(struct report *report, const struct factoring *factoring)
{
    const struct position *position = &report->trainer->position;
    const char *none = "# after epoch %d, step %llu: no matrix would become smaller, the network stays dense\n";
    if (!*report->trainer->forms)
        fprintf(report->log, none, position->epoch, (unsigned long long)position->step);
    for (int i = 0; i < factoring->matrix_count; i++) {
        const struct matrix *matrix = &factoring->matrices[i];
        if (choice_is_none(&matrix->choice))
            continue;
        fprintf(report->log, "# after epoch %d, step %llu: %s %s", position->epoch, (unsigned long long)position->step,
                matrix->value->name, choice_text(factoring->arena, &matrix->choice));
        if (matrix->spectrum.count)
            fprintf(report->log, ", stable rank %.4g", spectrum_stable_rank(&matrix->spectrum));
        fprintf(report->log, ", error %.4g\n", matrix->error);
    }
}

void report_conversion(struct report *report, const struct factoring *factoring, double validation)
{
    const struct trainer *trainer = report->trainer;
    const struct train_options *options = trainer->options;
    struct text text;
    if (report->log)
        log_conversion(report, factoring);
    clear_line(report);
    if (options->quiet)
        return;
    text_init(&text, factoring->arena);
    report_spectra(factoring, &text);
    report_forms(factoring, &text);
    printf("\nAfter epoch %d. ", trainer->position.epoch);
    if (text.length)
        fputs(text.data, stdout);
    if (!*trainer->forms) {
        puts("No matrix would become smaller: the network stays dense.\n");
        return;
    }
    if (!isnan(validation)) {
        fputs("validation: now ", stdout);
        report_print_loss(stdout, report->in_bits, validation);
        putchar('\n');
    }
    bool factors = false;
    for (int i = 0; i < factoring->matrix_count; i++)
        factors |= factoring->matrices[i].choice.form != FORM_DENSE;
    if (factors)
        printf("Factors go on in place of matrices. The rate goes on, the optimizer's moments and the best validation "
               "begin anew.\nThe program with forms is in '%s', the dense weights are in '%s'.\n\n",
               options->low_rank, options->dense);
    else
        printf("No matrix has factors: storages are for inference, and training goes on with full numbers, as it was.\n"
               "The program with storages is in '%s'; its weights are those of the program without.\n\n",
               options->low_rank);
    fflush(stdout);
}

void report_start_epoch(struct report *report) { report->epoch_seconds = report_seconds(report); }

bool report_draw(struct report *report, const char **error)
{
    const struct trainer *trainer = report->trainer;
    const struct curve_line lines[] = {{"training", "#1f77b4", &report->learned},
                                       {"validation", "#d62728", &report->held}};
    if (!trainer->options->svg)
        return true;
    struct arena *arena = arena_new(); /* memory of repeated drawings must not add up */
    const char *reason = NULL;
    bool drawn = curve_draw(arena, trainer->options->svg, trainer->model->name, "steps",
                            report->in_bits ? "loss (nats)" : "loss", lines, 2, &reason);
    if (!drawn)
        *error = arena_copy_string(trainer->arena, reason, strlen(reason));
    arena_free(arena);
    return drawn;
}

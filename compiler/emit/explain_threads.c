/* --emit=explain: the cost model's predictions, by which threads share the work of regions. */
#include <stdio.h>

#include "base/arena.h"
#include "base/machine.h"
#include "emit/emitter.h"
#include "schedule/plan.h"
#include "schedule/predict.h"

/* The numbers of streams that predictions are shown for. */
static const int shown[] = {1, 4, 16, 64};
enum { SHOWN = sizeof shown / sizeof *shown };

/* Three digits are as many as a prediction can be trusted with. */
enum { MICROSECONDS = 32 };
static const char *microseconds(double nanoseconds, char text[MICROSECONDS])
{
    const double value = nanoseconds / 1e3;
    snprintf(text, MICROSECONDS, "%.*f", value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0, value);
    return text;
}

static void write_head(const char *what, struct text *out)
{
    text_printf(out, "    %-10s", what);
    for (int i = 0; i < SHOWN; i++)
        text_printf(out, shown[i] == 1 ? "%14d stream" : "%13d streams", shown[i]);
    text_puts(out, "\n");
}

/* Writes a line of predictions: microseconds for a frame, and what most of it is; a star at the way that is chosen. */
static void write_way(const struct schedule *schedule, const struct region *region, enum way way, struct text *out)
{
    const int cores = schedule->options.machine->cores;
    char text[MICROSECONDS];
    text_printf(out, "    %-10s", way_name(way));
    for (int i = 0; i < SHOWN; i++) {
        struct load load;
        if (!candidate_load(schedule, region, way, shown[i], &load)) {
            text_printf(out, "%21s", "-");
            continue;
        }
        const struct load chosen = choose_load(region, shown[i], frames_of_block(schedule, shown[i]), cores);
        const struct prediction prediction = predict_region(schedule, region, &load);
        text_printf(out, "%11s%c%9s", bound_name(prediction.bound), way == chosen.way ? '*' : ' ',
                    microseconds(prediction.time, text));
    }
    text_puts(out, "\n");
}

/* Writes why a region has one thread. */
static void write_one_thread(const struct schedule *schedule, const struct region *region, struct text *out)
{
    const int section = schedule->section_count ? schedule->section_of[region - schedule->regions] : NO_SECTION;
    if (section != NO_SECTION)
        text_printf(out, "    one thread, beside those of other sections: section %d of %d of the wavefront\n",
                    section + 1, schedule->section_count);
    else if (schedule->options.threads == THREADS_SERIAL)
        text_puts(out, "    one thread, as threads are off\n");
    else if (!region_can_be_shared(schedule, region))
        text_puts(out, "    one thread: its work cannot be shared\n");
    else if (schedule->options.threads != THREADS_AUTO)
        text_puts(out, "    one thread: the way to share work that was chosen is none for it\n");
    else
        text_puts(out, "    one thread: the work is too little for more\n");
}

/* Writes from which sizes on threads share a region, and what each has of it. */
static void write_rule(const struct region *region, struct text *out)
{
    const struct sharing *sharing = &region->sharing;
    text_printf(out, "    threads: for %d column%s of a block or more", sharing->fork_columns,
                plural(sharing->fork_columns));
    if (sharing->streams_each)
        text_printf(out, "; they share streams where each gets %d or more", sharing->streams_each);
    if (sharing->row_streams)
        text_printf(out, "%s rows of the weights from %d stream%s on, up to %d threads",
                    sharing->streams_each ? ", else" : "; they share", sharing->row_streams,
                    plural(sharing->row_streams), sharing->row_threads);
    text_puts(out, "\n");
}

void explain_threads(const struct schedule *schedule, const struct region *region, struct text *out)
{
    if (!region_is_predicted(region))
        return;
    if (region_is_shared(region))
        write_rule(region, out);
    else
        write_one_thread(schedule, region, out);
    write_head("us a frame", out);
    for (enum way way = WAY_SERIAL; way <= WAY_COLUMNS; way++)
        if (candidate_load(schedule, region, way, shown[SHOWN - 1], &(struct load){0}))
            write_way(schedule, region, way, out);
}

/* Writes what long pasts take, if there are any. */
static void explain_past(const struct schedule *schedule, struct text *out)
{
    static const char *const lines[] = {"_step", "_run", "its blocks"};
    char text[MICROSECONDS];
    if (!has_rings(schedule))
        return;
    text_puts(out, "\nand for long pasts in each _step, in each _run, and in each of its blocks:\n");
    write_head("us", out);
    for (int line = 0; line < 3; line++) {
        text_printf(out, "    %-10s", lines[line]);
        for (int i = 0; i < SHOWN; i++) {
            const struct past_prediction past = predict_past(schedule, shown[i]);
            const double times[] = {past.step, past.call, past.block};
            text_printf(out, "%21s", microseconds(times[line], text));
        }
        text_puts(out, "\n");
    }
}

void explain_calls(const struct schedule *schedule, struct text *out)
{
    const struct machine *machine = schedule->options.machine;
    text_printf(out, "\npredicted for a call on %s: %d core%s of %.1f GHz, %.0f GFLOP/s each%s\n", machine->name,
                machine->cores, plural(machine->cores), machine->clock, machine->flops,
                schedule->section_count ? ", as if sections did not run side by side" : "");
    write_head("us a frame", out);
    for (int threads = 1; threads <= machine->cores; threads += machine->cores > 1 ? machine->cores - 1 : 1) {
        text_printf(out, threads == 1 ? "    %d thread  " : "    %d threads ", threads);
        char text[MICROSECONDS];
        for (int i = 0; i < SHOWN; i++) {
            double time = 0;
            for (int r = 0; r < schedule->region_count; r++) {
                const struct load load =
                    choose_load(&schedule->regions[r], shown[i], frames_of_block(schedule, shown[i]), threads);
                if (region_is_predicted(&schedule->regions[r]))
                    time += predict_region(schedule, &schedule->regions[r], &load).time;
            }
            text_printf(out, "%21s", microseconds(time, text));
        }
        text_puts(out, "\n");
    }
    explain_past(schedule, out);
}

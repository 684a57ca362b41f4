/* The timeline of a block: which threads work on which region, as predicted, and what other ways would take. */
#include <math.h>

#include "report/stints.h"

enum { WIDTH = 900, LEFT = 66, RIGHT = 16, ROW = 24, BAR = 18, UPPER = 8, LOWER = 42, THREADS_MOST = 16 };
enum { CASES = 2, LONG_TIME = 10000000 /* nanoseconds; from here on the axis counts milliseconds */ };
static const int cases[CASES] = {FEW_STREAMS, MANY_STREAMS};

struct timeline {
    struct page *page;
    struct stints all;
    int threads; /* that are shown */
};

/* Returns 1, 2 or 5 times a power of ten, of which about `parts` make up the whole. */
static double tick_step(double whole, int parts)
{
    const double raw = whole / parts, power = pow(10, floor(log10(raw)));
    return power * (raw / power <= 1 ? 1 : raw / power <= 2 ? 2 : raw / power <= 5 ? 5 : 10);
}

static double time_x(const struct timeline *line, double time)
{
    return LEFT + time / line->all.time * (WIDTH - LEFT - RIGHT);
}

static void draw_axis(const struct timeline *line)
{
    struct page *page = line->page;
    const int bottom = UPPER + ROW * line->threads;
    const bool long_time = line->all.time > LONG_TIME;
    const double step = tick_step(line->all.time, 8), unit = long_time ? 1e6 : 1e3;
    for (int i = 0; i * step <= line->all.time * 1.0001; i++) {
        const double x = time_x(line, i * step);
        put(page, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", x, UPPER, x, bottom + 4);
        put(page, "<text class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%g</text>\n", x, bottom + 19,
            i * step / unit);
    }
    put(page, "<text class=\"axis\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">%s</text>\n", (LEFT + WIDTH - RIGHT) / 2,
        bottom + 36, long_time ? "ms" : "µs");
    for (int t = 0; t < line->threads; t++)
        put(page, "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%d\">thread %d</text>\n", LEFT - 8,
            UPPER + ROW * t + 16, t);
}

/* Writes what is shown at the pointer. */
static void put_title(const struct timeline *line, const struct stint *stint)
{
    struct page *page = line->page;
    const struct schedule *schedule = page->schedule;
    put(page, "<title>");
    if (stint->section == NO_SECTION) {
        put(page, "%s: %s, %d thread%s, %s", escape(page, schedule->regions[stint->region].name), way_name(stint->way),
            stint->threads, plural(stint->threads), duration(page, stint->time));
    } else {
        const struct section *section = &schedule->sections[stint->section];
        for (int i = 0; i < section->region_count; i++)
            put(page, "%s%s", i ? ", " : "", escape(page, schedule->regions[section->regions[i]].name));
        put(page, ": block %d, %s", stint->block, duration(page, stint->time));
    }
    put(page, "</title>");
}

static void draw_stint(const struct timeline *line, const struct stint *stint)
{
    struct page *page = line->page;
    const double x = time_x(line, stint->begin), width = time_x(line, stint->begin + stint->time) - x;
    put(page, "<g class=\"bar %s\" data-region=\"%d\">", kind_class(&page->schedule->regions[stint->region]),
        stint->region);
    put_title(line, stint);
    for (int t = stint->thread; t < line->threads && t < stint->thread + stint->threads; t++) {
        const int y = UPPER + ROW * t + (ROW - BAR) / 2;
        put(page, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>", x, y, fmax(width - 1, 0.5), BAR);
        if (width > 18)
            put(page, "<text text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%d</text>", x + width / 2, y + 13,
                stint->region);
    }
    put(page, "</g>\n");
}

/* Marks where the next pass begins: it needs all blocks of the one before. */
static void draw_pass(const struct timeline *line, const struct stint *stint)
{
    put(line->page, "<line class=\"pass\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n", time_x(line, stint->begin),
        UPPER - 6, time_x(line, stint->begin), UPPER + ROW * line->threads + 4);
}

static void write_heading(const struct timeline *line)
{
    struct page *page = line->page;
    const struct stints *all = &line->all;
    put(page, "<h3 id=\"timeline-%d\">%d stream%s: ", all->streams, all->streams, plural(all->streams));
    if (all->blocks > 1)
        put(page, "%d blocks", all->blocks);
    else
        put(page, "a block");
    put(page, " of %d frame%s in %s</h3>\n<p>On one thread %s, %.2f times as long.", all->frames, plural(all->frames),
        duration(page, all->time), duration(page, all->serial), all->serial / all->time);
    if (all->blocks > 1)
        put(page,
            " Sections of the pass run as a wavefront, each on one thread, one some blocks behind the other; bars "
            "carry the number of the region that takes longest in its section.");
    if (line->threads < page->machine->cores)
        put(page, " The first %d threads are shown.", line->threads);
    put(page, "</p>\n");
}

static void draw_timeline(const struct timeline *line)
{
    struct page *page = line->page;
    const struct schedule *schedule = page->schedule;
    const int streams = line->all.streams;
    write_heading(line);
    put(page,
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"threads-title-%d\">"
        "<svg id=\"threads-%d\" class=\"chart wide\" role=\"img\" aria-labelledby=\"threads-title-%d\" "
        "viewBox=\"0 0 %d %d\">\n<title id=\"threads-title-%d\">Threads of a block with %d stream%s</title>\n",
        streams, streams, streams, WIDTH, UPPER + ROW * line->threads + LOWER, streams, streams, plural(streams));
    draw_axis(line);
    for (int i = 0; i < line->all.count; i++) {
        const struct stint *stint = &line->all.stints[i];
        draw_stint(line, stint);
        if (i && stint->section == NO_SECTION &&
            schedule->regions[stint->region].pass != schedule->regions[stint[-1].region].pass)
            draw_pass(line, stint);
    }
    put(page, "</svg></div>\n");
}

/* ---- candidates ---- */

/* True if the way is a candidate for some region. */
static bool is_shown(const struct timeline *line, enum way way)
{
    const struct schedule *schedule = line->page->schedule;
    for (int r = 0; r < schedule->region_count; r++)
        if (region_is_predicted(&schedule->regions[r]) &&
            candidate_load(schedule, &schedule->regions[r], way, line->all.streams, &(struct load){0}))
            return true;
    return false;
}

/* Returns the way of a region: in a section of a wavefront it has one thread. */
static enum way chosen_way(const struct timeline *line, int region)
{
    const struct schedule *schedule = line->page->schedule;
    if (schedule->section_count && schedule->section_of[region] != NO_SECTION)
        return WAY_SERIAL;
    return choose_load(&schedule->regions[region], line->all.streams, line->all.frames, line->page->machine->cores).way;
}

static void write_candidates(const struct timeline *line, int index)
{
    struct page *page = line->page;
    const struct region *region = &page->schedule->regions[index];
    put(page, "<tr data-region=\"%d\"><td>%d</td><th scope=\"row\">%s</th>", index, index, region_link(page, index));
    for (enum way way = WAY_SERIAL; way <= WAY_COLUMNS; way++) {
        struct load load;
        if (!is_shown(line, way))
            continue;
        if (!candidate_load(page->schedule, region, way, line->all.streams, &load)) {
            put(page, "<td>–</td>");
            continue;
        }
        const struct prediction prediction = predict_region(page->schedule, region, &load);
        const bool chosen = way == chosen_way(line, index);
        put(page, "<td%s>%s<span class=\"bound\">%s%s</span></td>", chosen ? " class=\"chosen\"" : "",
            duration(page, load.frames * prediction.time), bound_name(prediction.bound), chosen ? ", chosen" : "");
    }
    put(page, "</tr>\n");
}

static void write_table(const struct timeline *line)
{
    struct page *page = line->page;
    const struct schedule *schedule = page->schedule;
    put(page,
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table of candidates with %d streams\">"
        "<table>\n"
        "<caption>What each way would take for a block, and what most of it is: %d stream%s</caption>\n"
        "<thead><tr><th scope=\"col\">no.</th><th scope=\"col\" class=\"word\">region</th>",
        line->all.streams, line->all.streams, plural(line->all.streams));
    for (enum way way = WAY_SERIAL; way <= WAY_COLUMNS; way++)
        if (is_shown(line, way))
            put(page, "<th scope=\"col\">%s</th>", way_name(way));
    put(page, "</tr></thead>\n<tbody>\n");
    for (int r = 0; r < schedule->region_count; r++)
        if (region_is_predicted(&schedule->regions[r]))
            write_candidates(line, r);
    put(page, "</tbody></table></div>\n");
}

void write_timeline(struct page *page)
{
    const int cores = page->machine->cores;
    for (int i = 0; i < CASES; i++) {
        const struct timeline line = {
            .page = page, .all = find_stints(page, cases[i]), .threads = cores < THREADS_MOST ? cores : THREADS_MOST};
        if (line.all.time <= 0) {
            put(page, "<p>No region runs with blocks of frames.</p>\n");
            return;
        }
        draw_timeline(&line);
        write_table(&line);
    }
}

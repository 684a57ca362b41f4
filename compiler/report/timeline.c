/* The timeline of a block: which threads work on which region, as predicted, and what other ways would take. */
#include <math.h>

#include "report/page.h"

enum { WIDTH = 900, LEFT = 66, RIGHT = 16, ROW = 24, BAR = 18, UPPER = 8, LOWER = 42, THREADS_MOST = 16 };
enum { CASES = 2 };
static const int cases[CASES] = {FEW_STREAMS, MANY_STREAMS};

/* A region in the timeline. */
struct slot {
    int region;
    struct load load;
    double begin, time; /* nanoseconds of the block */
};

struct timeline {
    struct page *page;
    int streams, frames;
    struct slot *slots;
    int slot_count;
    double time, serial; /* of the block, with all threads and with one */
};

static double block_time(const struct schedule *schedule, const struct region *region, const struct load *load)
{
    return load->frames * predict_region(schedule, region, load).time;
}

static struct timeline find_timeline(struct page *page, int streams)
{
    const struct schedule *schedule = page->schedule;
    struct timeline line = {.page = page, .streams = streams, .frames = frames_of_block(schedule, streams)};
    line.slots = ARENA_ARRAY(page->arena, struct slot, schedule->region_count + 1);
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        if (!region_is_predicted(region))
            continue;
        const struct load load = choose_load(region, streams, line.frames, page->machine->cores),
                          one = choose_load(region, streams, line.frames, 1);
        const double time = block_time(schedule, region, &load);
        line.slots[line.slot_count++] = (struct slot){r, load, line.time, time};
        line.time += time;
        line.serial += block_time(schedule, region, &one);
    }
    return line;
}

/* Returns 1, 2 or 5 times a power of ten, of which about `parts` make up the whole. */
static double tick_step(double whole, int parts)
{
    const double raw = whole / parts, power = pow(10, floor(log10(raw)));
    return power * (raw / power <= 1 ? 1 : raw / power <= 2 ? 2 : raw / power <= 5 ? 5 : 10);
}

static double time_x(const struct timeline *line, double time)
{
    return LEFT + time / line->time * (WIDTH - LEFT - RIGHT);
}

static void draw_axis(const struct timeline *line, int threads)
{
    struct page *page = line->page;
    const int bottom = UPPER + ROW * threads;
    const double step = tick_step(line->time, 8);
    for (int i = 0; i * step <= line->time * 1.0001; i++) {
        const double x = time_x(line, i * step);
        put(page, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", x, UPPER, x, bottom + 4);
        put(page, "<text class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%g</text>\n", x, bottom + 19,
            i * step / 1000);
    }
    put(page, "<text class=\"axis\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">µs</text>\n", (LEFT + WIDTH - RIGHT) / 2,
        bottom + 36);
    for (int t = 0; t < threads; t++)
        put(page, "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%d\">thread %d</text>\n", LEFT - 8,
            UPPER + ROW * t + 16, t);
}

static void draw_slot(const struct timeline *line, const struct slot *slot, int threads)
{
    struct page *page = line->page;
    const struct region *region = &page->schedule->regions[slot->region];
    const double x = time_x(line, slot->begin), width = time_x(line, slot->begin + slot->time) - x;
    put(page, "<g class=\"bar %s\" data-region=\"%d\"><title>%s: %s, %d thread%s, %s</title>", kind_class(region),
        slot->region, escape(page, region->name), way_name(slot->load.way), slot->load.threads,
        slot->load.threads == 1 ? "" : "s", duration(page, slot->time));
    for (int t = 0; t < threads && t < slot->load.threads; t++) {
        const int y = UPPER + ROW * t + (ROW - BAR) / 2;
        put(page, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>", x, y, fmax(width - 1, 0.5), BAR);
        if (width > 18)
            put(page, "<text text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%d</text>", x + width / 2, y + 13,
                slot->region);
    }
    put(page, "</g>\n");
}

/* Marks where the next pass begins: it needs all blocks of the one before. */
static void draw_pass(const struct timeline *line, const struct slot *slot, int threads)
{
    put(line->page, "<line class=\"pass\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n", time_x(line, slot->begin),
        UPPER - 6, time_x(line, slot->begin), UPPER + ROW * threads + 4);
}

static void draw_timeline(const struct timeline *line)
{
    struct page *page = line->page;
    const int cores = page->machine->cores, threads = cores < THREADS_MOST ? cores : THREADS_MOST;
    put(page, "<h3 id=\"timeline-%d\">%d stream%s: a block of %d frame%s in %s</h3>\n", line->streams, line->streams,
        line->streams == 1 ? "" : "s", line->frames, line->frames == 1 ? "" : "s", duration(page, line->time));
    put(page, "<p>On one thread it takes %s, %.2f times as long.%s</p>\n", duration(page, line->serial),
        line->serial / line->time, threads < cores ? " The first 16 threads are shown." : "");
    put(page,
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"threads-title-%d\">"
        "<svg id=\"threads-%d\" class=\"chart wide\" role=\"img\" aria-labelledby=\"threads-title-%d\" viewBox=\"0 0 %d "
        "%d\">\n<title id=\"threads-title-%d\">Threads of a block with %d stream%s</title>\n",
        line->streams, line->streams, line->streams, WIDTH, UPPER + ROW * threads + LOWER, line->streams, line->streams,
        line->streams == 1 ? "" : "s");
    draw_axis(line, threads);
    for (int i = 0; i < line->slot_count; i++) {
        const struct slot *slot = &line->slots[i];
        draw_slot(line, slot, threads);
        if (i && page->schedule->regions[slot->region].pass != page->schedule->regions[slot[-1].region].pass)
            draw_pass(line, slot, threads);
    }
    put(page, "</svg></div>\n");
}

/* ---- candidates ---- */

/* True if the way is a candidate for some region. */
static bool is_shown(const struct timeline *line, enum way way)
{
    const struct schedule *schedule = line->page->schedule;
    for (int i = 0; i < line->slot_count; i++)
        if (candidate_load(schedule, &schedule->regions[line->slots[i].region], way, line->streams, &(struct load){0}))
            return true;
    return false;
}

static void write_candidates(const struct timeline *line, const struct slot *slot)
{
    struct page *page = line->page;
    const struct region *region = &page->schedule->regions[slot->region];
    put(page, "<tr data-region=\"%d\"><td>%d</td><th scope=\"row\">%s</th>", slot->region, slot->region,
        region_link(page, slot->region));
    for (enum way way = WAY_SERIAL; way <= WAY_COLUMNS; way++) {
        struct load load;
        if (!is_shown(line, way))
            continue;
        if (!candidate_load(page->schedule, region, way, line->streams, &load)) {
            put(page, "<td>–</td>");
            continue;
        }
        const struct prediction prediction = predict_region(page->schedule, region, &load);
        const bool chosen = way == slot->load.way;
        put(page, "<td%s>%s<span class=\"bound\">%s%s</span></td>", chosen ? " class=\"chosen\"" : "",
            duration(page, load.frames * prediction.time), bound_name(prediction.bound), chosen ? ", chosen" : "");
    }
    put(page, "</tr>\n");
}

static void write_table(const struct timeline *line)
{
    struct page *page = line->page;
    put(page,
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table of candidates with %d streams\"><table>\n"
        "<caption>What each way would take for the block, and what most of it is: %d stream%s</caption>\n"
        "<thead><tr><th scope=\"col\">no.</th><th scope=\"col\" class=\"word\">region</th>",
        line->streams, line->streams, line->streams == 1 ? "" : "s");
    for (enum way way = WAY_SERIAL; way <= WAY_COLUMNS; way++)
        if (is_shown(line, way))
            put(page, "<th scope=\"col\">%s</th>", way_name(way));
    put(page, "</tr></thead>\n<tbody>\n");
    for (int i = 0; i < line->slot_count; i++)
        write_candidates(line, &line->slots[i]);
    put(page, "</tbody></table></div>\n");
}

void write_timeline(struct page *page)
{
    for (int i = 0; i < CASES; i++) {
        const struct timeline line = find_timeline(page, cases[i]);
        if (line.slot_count == 0 || line.time <= 0) {
            put(page, "<p>No region runs with blocks of frames.</p>\n");
            return;
        }
        draw_timeline(&line);
        write_table(&line);
    }
}

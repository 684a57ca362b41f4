#include "report/stints.h"

enum { BLOCKS_OF_WAVEFRONT = 8 };

static double region_time(const struct page *page, int region, struct load load)
{
    return load.frames * predict_region(page->schedule, &page->schedule->regions[region], &load).time;
}

static double serial_time(const struct page *page, const struct stints *all, int region)
{
    const struct region *of = &page->schedule->regions[region];
    return region_is_predicted(of) ? region_time(page, region, (struct load){all->streams, all->frames, 1, WAY_SERIAL})
                                   : 0;
}

static void add_stint(const struct page *page, struct stints *all, struct stint stint)
{
    ARENA_PUSH(page->arena, all->stints, all->count, all->capacity, stint);
}

/* Adds a region that threads share, for all blocks at once. */
static void add_region(const struct page *page, struct stints *all, int region)
{
    const struct region *of = &page->schedule->regions[region];
    const struct load load = choose_load(of, all->streams, all->frames, page->machine->cores);
    const double time = region_time(page, region, load) * all->blocks;
    add_stint(page, all,
              (struct stint){.region = region,
                             .section = NO_SECTION,
                             .threads = load.threads,
                             .way = load.way,
                             .begin = all->time,
                             .time = time});
    all->time += time;
}

/* Returns the time of a section for a block, and the region that takes most of it. */
static double section_time(const struct page *page, const struct stints *all, const struct section *section,
                           int *region)
{
    double sum = 0, longest = -1;
    for (int i = 0; i < section->region_count; i++) {
        const double time = serial_time(page, all, section->regions[i]);
        sum += time;
        if (time > longest) {
            longest = time;
            *region = section->regions[i];
        }
    }
    return sum;
}

/* Returns the thread that is free first. */
static int first_free(const double *free, int threads)
{
    int first = 0;
    for (int t = 1; t < threads; t++)
        if (free[t] < free[first])
            first = t;
    return first;
}

/* Sections of a wavefront, from `first` to before `last`. */
struct wavefront {
    int first, last, threads;
    double *free; /* by thread: when it has no section any more */
    double *ends; /* by section from the first, and block */
};

/* Returns when a section may begin a block, if its thread is free at a time. */
static double begin_of_block(const struct page *page, const struct stints *all, const struct wavefront *wavefront,
                             int section, int block, double at)
{
    const struct section *of = &page->schedule->sections[section];
    for (int i = 0; i < of->wait_count; i++) {
        const struct section_wait *wait = &of->waits[i];
        if (wait->section < wavefront->first)
            continue;
        const int last = wait->whole ? all->blocks - 1 : block;
        const double end = wavefront->ends[(wait->section - wavefront->first) * all->blocks + last];
        at = end > at ? end : at;
    }
    return at;
}

static void add_section(const struct page *page, struct stints *all, struct wavefront *wavefront, int section)
{
    const int thread = first_free(wavefront->free, wavefront->threads);
    int region = 0;
    const double time = section_time(page, all, &page->schedule->sections[section], &region);
    double at = wavefront->free[thread];
    for (int b = 0; b < all->blocks; b++) {
        at = begin_of_block(page, all, wavefront, section, b, at);
        add_stint(page, all,
                  (struct stint){.region = region,
                                 .section = section,
                                 .block = b,
                                 .thread = thread,
                                 .threads = 1,
                                 .way = WAY_SERIAL,
                                 .begin = at,
                                 .time = time});
        at += time;
        wavefront->ends[(section - wavefront->first) * all->blocks + b] = at;
    }
    wavefront->free[thread] = at;
}

/* Adds the sections that run side by side with the given one, each on the first thread that has nothing to do, as
 * OpenMP hands them out. */
static void add_wavefront(const struct page *page, struct stints *all, int first)
{
    const struct schedule *schedule = page->schedule;
    struct wavefront wavefront = {.first = first, .last = first};
    while (wavefront.last < schedule->section_count &&
           schedule->sections[wavefront.last].wavefront == schedule->sections[first].wavefront)
        wavefront.last++;
    const int count = wavefront.last - first;
    wavefront.threads = count < page->machine->cores ? count : page->machine->cores;
    wavefront.free = ARENA_ARRAY(page->arena, double, wavefront.threads);
    wavefront.ends = ARENA_ARRAY(page->arena, double, count * all->blocks);
    for (int t = 0; t < wavefront.threads; t++)
        wavefront.free[t] = all->time;
    for (int s = first; s < wavefront.last; s++)
        add_section(page, all, &wavefront, s);
    for (int t = 0; t < wavefront.threads; t++)
        all->time = wavefront.free[t] > all->time ? wavefront.free[t] : all->time;
}

struct stints find_stints(const struct page *page, int streams)
{
    const struct schedule *schedule = page->schedule;
    struct stints all = {.streams = streams,
                         .frames = frames_of_block(schedule, streams),
                         .blocks = schedule->section_count ? BLOCKS_OF_WAVEFRONT : 1};
    int done = -1; /* the last wavefront */
    for (int r = 0; r < schedule->region_count; r++) {
        if (!region_is_predicted(&schedule->regions[r]))
            continue;
        all.serial += serial_time(page, &all, r) * all.blocks;
        const int section = schedule->section_count ? schedule->section_of[r] : NO_SECTION;
        if (section == NO_SECTION) {
            add_region(page, &all, r);
        } else if (schedule->sections[section].wavefront > done) {
            done = schedule->sections[section].wavefront;
            int first = section;
            while (first > 0 && schedule->sections[first - 1].wavefront == done)
                first--;
            add_wavefront(page, &all, first);
        }
    }
    return all;
}

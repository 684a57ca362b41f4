/* place-threads: from which size on threads share the work of each region, and how.
 *
 * The number of threads is known when a call runs; thresholds are computed for all cores of the machine, or for two if
 * it has one. Threads have to be faster by a margin, as a prediction is off by some per cent, and as cores may be busy
 * with other things. */
#include "base/machine.h"
#include "schedule/predict.h"

enum {
    STREAMS_MOST = 64,
    THREADS_MOST = 1 << 10,
    COLUMNS_MOST = 256,   /* of a block, unless there are as many streams: small networks are never shared */
    FRAMES_LONG = 1 << 20 /* frames of a block, so many that a fork does not count */
};

/* Nanoseconds of one thread that are worth a fork, in a block, and a barrier, in each phase of a frame, whatever is
 * predicted: threads that sleep, or have lost their processor, are waited for much longer than those that spin. */
static const double fork_least = 10000, barrier_least = 1500;

static const double margin = 0.85; /* of one thread's time: more threads must need less */
static const double close = 1.1;   /* times as long as panels: streams, which wait for nobody, are still better */

static int threads_of(const struct schedule *schedule)
{
    const int cores = schedule->options.machine->cores;
    return cores > 1 ? cores : 2;
}

/* Returns nanoseconds for a frame of so many streams, without forks. */
static double time_of(const struct schedule *schedule, const struct region *region, enum way way, int streams,
                      int threads)
{
    const struct load load = {streams, FRAMES_LONG, threads, way};
    return predict_region(schedule, region, &load).time;
}

static double serial_time(const struct schedule *schedule, const struct region *region, int streams)
{
    return time_of(schedule, region, WAY_SERIAL, streams, 1);
}

static bool frame_is_worth_barriers(const struct schedule *schedule, const struct region *region, int streams)
{
    const int phases = region->kernels[region->kernel_count - 1].phase + 1;
    return serial_time(schedule, region, streams) >= barrier_least * phases;
}

/* Returns the number of threads that are fastest with a share of the panels each: more of them wait longer. */
static int best_row_threads(const struct schedule *schedule, const struct region *region, int streams)
{
    const int most = threads_of(schedule);
    int best = 1;
    double least = margin * serial_time(schedule, region, streams);
    if (!frame_is_worth_barriers(schedule, region, streams))
        return 1;
    for (int threads = 2; threads <= most; threads = threads < most && 2 * threads > most ? most : 2 * threads) {
        const double time = time_of(schedule, region, WAY_ROWS, streams, threads);
        if (time < least) {
            best = threads;
            least = time;
        }
    }
    return best;
}

/* Finds how many threads are to share panels, for as few streams as possible, and the streams from which on they do. */
static void find_rows(const struct schedule *schedule, const struct region *region, struct sharing *sharing)
{
    int streams = 1, threads = 1;
    for (; streams <= STREAMS_MOST && threads == 1; streams *= 4)
        threads = best_row_threads(schedule, region, streams);
    if (threads == 1)
        return;
    for (streams = 1;
         !frame_is_worth_barriers(schedule, region, streams) ||
         time_of(schedule, region, WAY_ROWS, streams, threads) >= margin * serial_time(schedule, region, streams);
         streams++)
        continue;
    sharing->row_threads = threads;
    sharing->row_streams = streams;
}

/* Returns the least number of streams for each thread that is about as fast as panels are with as many threads, or
 * faster than one thread where those are not worth it. */
static int find_streams_each(const struct schedule *schedule, const struct region *region)
{
    const struct sharing *sharing = &region->sharing;
    const int threads = sharing->row_threads ? sharing->row_threads : threads_of(schedule);
    for (int each = 1; each <= STREAMS_MOST; each++) {
        const int streams = each * threads;
        const double by_streams = time_of(schedule, region, WAY_STREAMS, streams, threads);
        if (sharing->row_streams && streams >= sharing->row_streams
                ? by_streams <= close * time_of(schedule, region, WAY_ROWS, streams, threads)
                : by_streams < margin * serial_time(schedule, region, streams))
            return each;
    }
    return 0;
}

/* Returns the least number of columns, of so many streams, that two threads compute in less time than one, the fork
 * included. */
static int find_fork_columns(const struct schedule *schedule, const struct region *region, enum way way, int streams)
{
    for (int columns = streams; columns <= COLUMNS_MOST; columns += streams * (1 + columns / 8)) {
        const struct load one = {streams, columns / streams, 1, WAY_SERIAL};
        const struct load two = {streams, columns / streams, 2, way};
        const double alone = predict_region(schedule, region, &one).time; /* for a frame of all streams */
        if (alone * columns / streams >= fork_least && predict_region(schedule, region, &two).time < margin * alone)
            return columns;
    }
    return 0;
}

static void place_scan(const struct schedule *schedule, struct region *region)
{
    struct sharing *sharing = &region->sharing;
    find_rows(schedule, region, sharing);
    sharing->streams_each = find_streams_each(schedule, region);
    int rows = 0, streams = 0;
    if (sharing->row_streams)
        rows = find_fork_columns(schedule, region, WAY_ROWS, sharing->row_streams);
    if (sharing->streams_each)
        streams = find_fork_columns(schedule, region, WAY_STREAMS, 2 * sharing->streams_each);
    sharing->fork_columns = rows && (!streams || rows < streams) ? rows : streams;
}

/* True if a node reads another frame of a value that its own phase makes. */
static bool reads_own_phase(const struct schedule *schedule, int id)
{
    const struct node *node = schedule->graph->nodes[id];
    for (int k = 0; k < node->count; k++) {
        const struct edge *edge = &node->edges[k];
        const struct kernel *kernel = schedule->kernel_of[id], *source = schedule->kernel_of[edge->node];
        if (edge->delay && source && schedule->region_of[id] == schedule->region_of[edge->node] &&
            source->phase == kernel->phase)
            return true;
    }
    return false;
}

bool region_can_be_shared(const struct schedule *schedule, const struct region *region)
{
    if (!region_is_predicted(region) || region->group > 1)
        return false;
    for (int k = 0; k < region->kernel_count && region->kind == REGION_SCAN; k++)
        if (region->kernels[k].kind == KERNEL_OVER_TIME)
            return false;
    for (int i = 0; i < region->node_count && region->kind == REGION_FRAMES; i++)
        if (schedule->kernel_of[region->nodes[i]] && reads_own_phase(schedule, region->nodes[i]))
            return false;
    return true;
}

/* Returns the sharing that a way forces on a region: always, where it is a way for the region. */
static struct sharing sharing_by_way(enum thread_way way, const struct region *region)
{
    const bool is_scan = region->kind == REGION_SCAN;
    return (struct sharing){.fork_columns = !is_scan || way == THREADS_STREAMS || way == THREADS_ROWS,
                            .streams_each = is_scan && way == THREADS_STREAMS,
                            .row_streams = is_scan && way == THREADS_ROWS,
                            .row_threads = is_scan && way == THREADS_ROWS ? THREADS_MOST : 0};
}

void place_threads(struct schedule *schedule)
{
    const enum thread_way way = schedule->options.threads;
    for (int r = 0; r < schedule->region_count; r++) {
        struct region *region = &schedule->regions[r];
        if (!region_can_be_shared(schedule, region) || way == THREADS_SERIAL || way == THREADS_WAVEFRONT)
            continue;
        if (way != THREADS_AUTO)
            region->sharing = sharing_by_way(way, region);
        else if (region->kind == REGION_SCAN)
            place_scan(schedule, region);
        else
            region->sharing.fork_columns =
                find_fork_columns(schedule, region, region->kind == REGION_FRAMES ? WAY_COLUMNS : WAY_UNITS, 1);
    }
}

struct load choose_load(const struct region *region, int streams, int frames, int threads)
{
    const struct sharing *sharing = &region->sharing;
    struct load load = {streams, frames, 1, WAY_SERIAL};
    if (!sharing->fork_columns || (long)frames * streams < sharing->fork_columns || threads == 1)
        return load;
    if (region->kind != REGION_SCAN)
        return (struct load){streams, frames, threads, region->kind == REGION_FRAMES ? WAY_COLUMNS : WAY_UNITS};
    const int by_streams = sharing->streams_each ? streams / sharing->streams_each : 0;
    const int by_rows = threads < sharing->row_threads ? threads : sharing->row_threads;
    if (by_streams < by_rows && streams >= sharing->row_streams)
        return (struct load){streams, frames, by_rows, WAY_ROWS};
    if (by_streams > 1)
        return (struct load){streams, frames, by_streams < threads ? by_streams : threads, WAY_STREAMS};
    return load;
}

struct load first_block_load(const struct schedule *schedule, const struct region *region, const struct load *call)
{
    const int block = frames_of_block(schedule, call->streams);
    return choose_load(region, call->streams, call->frames < block ? call->frames : block, call->threads);
}

int frames_of_block(const struct schedule *schedule, int streams)
{
    return schedule->block_frames > streams ? schedule->block_frames / streams : 1;
}

static bool way_is_candidate(const struct region *region, enum way way, int streams)
{
    switch (way) {
    case WAY_SERIAL:
        return true;
    case WAY_STREAMS:
        return region->kind == REGION_SCAN && streams > 1;
    case WAY_UNITS:
        return region->kind == REGION_ELEMENTWISE_SCAN;
    case WAY_ROWS:
        return region->kind == REGION_SCAN;
    case WAY_COLUMNS:
        return region->kind == REGION_FRAMES;
    }
    return false;
}

bool candidate_load(const struct schedule *schedule, const struct region *region, enum way way, int streams,
                    struct load *load)
{
    const int cores = schedule->options.machine->cores;
    *load = choose_load(region, streams, frames_of_block(schedule, streams), cores);
    if (way == load->way)
        return true;
    load->way = way;
    load->threads = way == WAY_SERIAL ? 1 : way == WAY_STREAMS && streams < cores ? streams : cores;
    return way_is_candidate(region, way, streams);
}

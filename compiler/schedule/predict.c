#include "schedule/predict.h"

#include <limits.h>
#include <math.h>

#include "analysis/cost.h"
#include "base/arena.h"
#include "base/list.h"
#include "base/machine.h"

const char *way_name(enum way way)
{
    static const char *const names[] = {WAYS(LIST_NAME)};
    return names[way];
}

const char *bound_name(enum bound bound)
{
    static const char *const names[] = {BOUNDS(LIST_NAME)};
    return names[bound];
}

bool region_is_predicted(const struct region *region)
{
    return region->kernel_count > 0 &&
           (region->kind == REGION_FRAMES || region->kind == REGION_SCAN || region->kind == REGION_ELEMENTWISE_SCAN);
}

/* ---- what a region does, for one frame of one stream ---- */

struct work {
    double flops;   /* of products, lanes that pad units included; of stored weights, as many with f32 take as long */
    double weights; /* bytes of panels */
    double beside;  /* nanoseconds of elementwise operations */
    double values;  /* bytes of vectors that are loaded and stored */
    int phases;
    int roundings; /* phases whose products wait until columns are whole numbers */
    double share;  /* of all that, of the thread with most of it where threads have panels of their own */
};

static double padded(const struct machine *machine, int units)
{
    return ceil((double)units / machine->lanes) * machine->lanes;
}

/* True for an edge that reads a value of frames; static ones are few, and stay in the first-level cache. */
static bool reads_value(const struct schedule *schedule, const struct edge *edge)
{
    return edge->node != NO_NODE && schedule->graph->nodes[edge->node]->time != TIME_STATIC;
}

enum {
    SIDE_BLOCKS = 4,
    HALF_LINE = 32,   /* bytes */
    COLUMNS_EACH = 24 /* of a thread; with fewer, frames regions share out panels, see rnn/team.h */
};
enum { FUNCTION_FLOPS = 10 }; /* from so many on an operation is a function, such as tanh */

/* Operations of a product with int8 beside its multiplications, as rnn/stored_quantise.h was measured on Zen 3: a
 * column becomes whole numbers, whose largest is looked for first, and a sum of whole numbers becomes one of the
 * kernel. */
static const double operations_to_round = 10; /* a number */
static const double operations_of_column = 500;
static const double operations_to_scale = 4; /* a sum, which of a single column has all of it in machine.rates */

/* The part of the rate that products of one matrix with a column of several right-hand sides reach: they have few
 * accumulators. */
static const double together = 0.8;

/* Right-hand sides that a matrix is multiplied with at once. */
enum columns {
    COLUMN_ALONE,    /* each weight is read, and converted, for one multiplication */
    COLUMN_TOGETHER, /* a column of each of several, which share the matrix */
    COLUMNS_MANY
};

/* Returns the rate of products with weights in a storage, as a part of that of many columns with plain numbers. What
 * bounds those of a column of each of several right-hand sides are multiply-adds, not that 16 bits become a number once
 * for all of them (rnn/stored_half.h). */
static double rate_of(const struct machine *machine, enum precision storage, enum columns columns)
{
    switch (columns) {
    case COLUMN_ALONE:
        return machine->rates[storage].one;
    case COLUMN_TOGETHER:
        return together * machine->rates[storage == PRECISION_INT8 ? storage : PRECISION_F32].many;
    case COLUMNS_MANY:
        break;
    }
    return machine->rates[storage].many;
}

/* True if columns are rounded for products with weights in a storage. Networks in double keep them as plain numbers. */
static bool rounds_columns(const struct machine *machine, enum precision storage)
{
    return storage == PRECISION_INT8 && machine->real_bytes != (int)sizeof(double);
}

static void count_products(const struct machine *machine, const struct operand *operand, double units,
                           enum columns columns, struct work *work)
{
    const struct machine_rate *rate = &machine->rates[operand->storage];
    const double sums = units * operand->row_count;
    work->flops += 2 * sums * operand->x.length / rate_of(machine, operand->storage, columns);
    double operations = columns == COLUMN_ALONE ? sums * rate->sum : 0;
    if (rounds_columns(machine, operand->storage))
        operations += operations_of_column + operations_to_round * operand->x.length +
                      (columns == COLUMN_ALONE ? 0 : operations_to_scale * sums);
    work->beside += operations / machine->operations;
    work->values += machine->real_bytes * operand->x.length;
}

/* True if an operand reads the packed matrix of another one of its kernel. */
static bool shares_panels(const struct kernel *kernel, int operand, int other)
{
    return other >= 0 && other < kernel->operand_count &&
           kernel->operands[other].panels == kernel->operands[operand].panels;
}

static void count_panels(const struct schedule *schedule, const struct kernel *kernel, bool one, struct work *work)
{
    const struct machine *machine = schedule->options.machine;
    const double units = padded(machine, kernel->units);
    for (int i = 0; i < kernel->operand_count; i++) {
        const struct operand *operand = &kernel->operands[i];
        const bool again = shares_panels(kernel, i, i - 1), shared = again || shares_panels(kernel, i, i + 1);
        count_products(machine, operand, units, !one ? COLUMNS_MANY : shared ? COLUMN_TOGETHER : COLUMN_ALONE, work);
        if (!again) /* else it is at hand */
            work->weights +=
                units * operand->row_count * operand->x.length * machine_weight_bytes(machine, operand->storage);
    }
    for (int i = 0; i < kernel->accumulator_count; i++)
        if (reads_value(schedule, &kernel->accumulators[i].start))
            work->values += machine->real_bytes * units;
}

/* True for a value that outlives its kernel: others read it, or the past of it, or a caller. */
static bool is_stored(const struct schedule *schedule, const struct kernel *kernel, int id)
{
    const struct uses *uses = &schedule->uses;
    for (int u = uses->begin[id]; u < uses->begin[id + 1]; u++)
        if (uses->use[u].reader < 0 || uses->use[u].edge->delay != 0 ||
            schedule->kernel_of[uses->use[u].reader] != kernel)
            return true;
    return false;
}

/* Counts what a kernel reads of others and leaves for others. */
static void count_node(const struct schedule *schedule, const struct kernel *kernel, int id, struct work *work)
{
    const struct machine *machine = schedule->options.machine;
    const struct node *node = schedule->graph->nodes[id];
    const double lanes = padded(machine, node_units(node)) / node_units(node);
    const bool sums_frames = node->time == TIME_CALL; /* products over frames: gradients of weights */
    if (sums_frames || op_info(node->op)->class == OP_CLASS_PRODUCT)
        work->flops += lanes * node_flops(schedule->graph, node);
    else
        work->beside += lanes * node_flops(schedule->graph, node) /
                        (op_info(node->op)->flops < FUNCTION_FLOPS ? machine->operations : machine->functions);
    for (int k = 0; k < node->count; k++) {
        const struct edge *edge = &node->edges[k];
        if (reads_value(schedule, edge) && (schedule->kernel_of[edge->node] != kernel || edge->delay != 0))
            work->values += machine->real_bytes * edge->length;
    }
    if (node->by_units) /* a row of a table */
        work->values += machine->real_bytes * node_units(node);
    if (node->op == OP_refine) /* rows that are other ones for each column */
        work->values += machine_weight_bytes(machine, node_weight_storage(schedule->graph, node)) *
                        node_weights(schedule->graph, node);
    if (sums_frames) /* what is added to is read and written once for a block */
        work->weights += 2 * machine->real_bytes * node_units(node);
    else if (is_stored(schedule, kernel, id))
        work->values += machine->real_bytes * node_units(node);
}

/* Returns the parts of a kernel that threads may have: blocks of lanes, several side by side (see rnn/panel.h). */
static int count_parts(const struct machine *machine, const struct kernel *kernel)
{
    const int blocks = (kernel->units + machine->lanes - 1) / machine->lanes, rows = kernel->panel_rows;
    const bool halves = machine->lanes * machine->real_bytes == HALF_LINE && blocks % 2 == 0;
    const int side = rows == 0 ? 1 : rows <= 2 ? SIDE_BLOCKS / rows : halves ? 2 : 1;
    return (blocks + side - 1) / side;
}

static double largest_part(double parts, int threads) { return ceil(parts / threads) / parts; }

/* Returns how long a kernel takes, for weighing the shares of several. */
static double weight_of(const struct machine *machine, const struct work *work)
{
    return work->flops / machine->flops + work->beside + work->values / machine->levels[LEVEL_SECOND].one;
}

static bool kernel_rounds(const struct machine *machine, const struct kernel *kernel)
{
    for (int i = 0; i < kernel->operand_count; i++)
        if (rounds_columns(machine, kernel->operands[i].storage))
            return true;
    return false;
}

static struct work count_work(const struct schedule *schedule, const struct region *region, const struct load *load)
{
    const struct machine *machine = schedule->options.machine;
    const bool one = load->streams == 1 && (region->kind == REGION_SCAN ? region->group : load->frames) == 1;
    struct work work = {0};
    double shares = 0;
    int rounded = -1; /* the last phase that rounds */
    for (int i = 0; i < region->kernel_count; i++) {
        const struct kernel *kernel = &region->kernels[i];
        const double before = weight_of(machine, &work);
        count_panels(schedule, kernel, one, &work);
        for (int k = 0; k < kernel->node_count; k++)
            count_node(schedule, kernel, kernel->nodes[k], &work);
        shares += (weight_of(machine, &work) - before) * largest_part(count_parts(machine, kernel), load->threads);
        work.phases = kernel->phase + 1;
        if (kernel_rounds(machine, kernel) && rounded != kernel->phase) {
            rounded = kernel->phase;
            work.roundings++;
        }
    }
    work.share = work.phases ? shares / weight_of(machine, &work) : 1;
    return work;
}

/* ---- the caches ---- */

const double predict_usable = 0.75;

struct reading {
    double time;
    enum bound bound;
};

/* Returns the nanoseconds that each of the threads needs for so many bytes of weights, which are read again and again,
 * to and fro or always from the first to the last. `own`: each thread has others. */
static struct reading read_time(const struct machine *machine, double bytes, bool turns, int threads, bool own)
{
    struct reading reading = {0, BOUND_FIRST};
    double left = bytes, longest = 0;
    for (int level = LEVEL_FIRST; level < LEVEL_COUNT && left > 0; level++) {
        const struct machine_level *at = &machine->levels[level];
        const double room = predict_usable * at->bytes / (own ? fmin(threads, at->cores) : 1);
        const bool fits = bytes <= room || level == LEVEL_MEMORY;
        const double here = fits ? left : turns ? fmin(left, room) : 0;
        const double time = here / fmin(at->one, at->all / threads);
        reading.time += time;
        left -= here;
        if (time > longest) {
            longest = time;
            reading.bound = (enum bound)(BOUND_FIRST + level);
        }
    }
    return reading;
}

/* Returns the bytes a nanosecond at which a thread goes through the values of a block, whose length is chosen such that
 * they stay in the second-level cache. */
static double value_speed(const struct machine *machine, double bytes)
{
    return machine->levels[bytes > machine->levels[LEVEL_FIRST].bytes ? LEVEL_SECOND : LEVEL_FIRST].one;
}

/* ---- the time of a region ---- */

struct sum {
    double time, longest;
    enum bound bound;
};

static void add_time(struct sum *sum, double time, enum bound bound)
{
    sum->time += time;
    if (time > sum->longest) {
        sum->longest = time;
        sum->bound = bound;
    }
}

/* All cores need the given time to wait for each other; fewer need fewer rounds. */
static double time_of_threads(const struct machine *machine, double all, int threads)
{
    return machine->cores > 1 ? all * log2(threads) / log2(machine->cores) : all;
}

/* The part of the work, and of the weights, of the thread with most of it. */
struct share {
    double work, weights;
};

static struct share share_of(const struct work *work, const struct load *load)
{
    const double panels = work->share, columns = (double)load->streams * load->frames;
    switch (load->way) {
    case WAY_SERIAL:
        break;
    case WAY_STREAMS:
        return (struct share){largest_part(load->streams, load->threads), 1};
    case WAY_UNITS:
        return (struct share){panels, 1};
    case WAY_ROWS:
        return (struct share){panels, panels};
    case WAY_COLUMNS:
        return work->weights > 0 && columns < COLUMNS_EACH * load->threads
                   ? (struct share){panels, panels}
                   : (struct share){largest_part(columns, load->threads), 1};
    }
    return (struct share){1, 1};
}

/* Returns what a thread reads of weights in a frame. */
static struct weights_read weights_read(const struct schedule *schedule, const struct region *region,
                                        const struct work *work, const struct load *load, double share)
{
    if (region->kind == REGION_SCAN)
        return (struct weights_read){work->weights * share, 1.0 / region->group, region->turns, share < 1};
    const double pass = fmax(work->weights, schedule->pass_bytes[region->pass]);
    return (struct weights_read){pass, work->weights == 0 ? 0 : work->weights * share / pass / load->frames, false,
                                 false};
}

/* The part of the peak rate that products reach: tiles begin, end, and load their columns. */
static const double tiles = 0.95;

const double predict_seen = 0.25;

const struct schedule *schedule_in_double(const struct schedule *schedule, struct arena *arena)
{
    struct schedule *twice = ARENA_NEW(arena, struct schedule);
    struct machine *machine = ARENA_NEW(arena, struct machine);
    struct region *regions = ARENA_ARRAY(arena, struct region, schedule->region_count + 1);
    *machine = machine_in_double(schedule->options.machine);
    *twice = *schedule;
    twice->options.machine = machine;
    twice->regions = regions;
    twice->pass_bytes = ARENA_ARRAY(arena, double, schedule->passes.count + 1);
    for (int r = 0; r < schedule->region_count; r++) {
        regions[r] = schedule->regions[r];
        regions[r].bytes = machine->real_bytes * regions[r].weights;
        twice->pass_bytes[regions[r].pass] += regions[r].bytes;
    }
    return twice;
}

struct prediction predict_region(const struct schedule *schedule, const struct region *region, const struct load *load)
{
    const struct machine *machine = schedule->options.machine;
    const struct work work = count_work(schedule, region, load);
    const struct share share = share_of(&work, load);
    const double streams = share.work * load->streams;
    const struct weights_read read = weights_read(schedule, region, &work, load, share.weights);
    struct reading reading = read_time(machine, read.bytes, read.turns, load->threads, read.own);
    reading.time *= read.part;
    const double products = work.flops * streams / (tiles * machine->flops);
    const double computing = products + (reading.bound >= BOUND_THIRD ? predict_seen * reading.time : 0);
    struct sum sum = {.bound = BOUND_FLOPS};
    add_time(&sum, fmax(computing, reading.time), computing >= reading.time ? BOUND_FLOPS : reading.bound);
    add_time(&sum, work.beside * streams, BOUND_OPERATIONS);
    add_time(&sum, work.values * streams / value_speed(machine, work.values * streams * load->frames), BOUND_VALUES);
    const double waits = (double)work.phases / region->group;
    if (region->kind == REGION_SCAN)
        add_time(&sum, machine->frame * (work.phases + work.roundings) / region->group, BOUND_FRAME);
    if (load->way == WAY_ROWS)
        add_time(&sum, time_of_threads(machine, machine->barrier, load->threads) * waits, BOUND_BARRIER);
    if (load->way != WAY_SERIAL)
        add_time(&sum, time_of_threads(machine, machine->fork, load->threads) / load->frames, BOUND_FORK);
    const double reads = work.weights / (region->kind == REGION_SCAN ? region->group : load->frames);
    return (struct prediction){sum.time, reads + work.values * load->streams,      sum.bound,
                               products, sum.time - fmax(computing, reading.time), read};
}

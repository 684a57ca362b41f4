/* form-sections: the stages of a wavefront. Regions of a pass become sections of about equal weight, each a loop over
 * the blocks of its own, which runs beside the others as soon as the values that it reads are there.
 *
 * Hwang and Sung 2015 (arXiv:1503.02852), section 4: strongly connected components as a pipeline. */
#include "base/arena.h"
#include "base/machine.h"
#include "schedule/access.h"
#include "schedule/predict.h"

struct forming {
    struct schedule *schedule;
    const struct graph *graph;
    struct arena *arena;
    double *times; /* by section */
    int capacity;
};

/* True for a region of sums that no other region of blocks reads. */
static bool region_is_sums(const struct graph *graph, const struct region *region)
{
    return region->kind == REGION_FRAMES && graph->nodes[region->nodes[0]]->time == TIME_CALL;
}

/* ---- weight ---- */

/* About as many frames of a block as sections hand to each other, and blocks of a call; see rnn/wave.h. */
enum { FRAMES_OF_BLOCK = 16, BLOCKS = 8 };

/* Returns how many nanoseconds a frame of one stream takes. */
static double region_time(const struct schedule *schedule, const struct region *region)
{
    const struct load load = {1, FRAMES_OF_BLOCK, 1, WAY_SERIAL};
    return region_is_predicted(region) ? predict_region(schedule, region, &load).time : 0;
}

/* Nanoseconds of a frame that other threads must save at least: to begin a wavefront, and to wait for its first block
 * and the last, costs some microseconds a call. And threads that sections keep busy at least. */
enum { SAVED_LEAST = 2000 };
static const double busy_least = 1.5;

/* Times as long as regions that are shared out one after the other: sections, which wait for blocks and not for frames,
 * are still better. */
static const double close = 1.2;

/* Returns how long a frame of the regions of sections takes, from one on, where threads share each of them. */
static double shared_time(const struct schedule *schedule, int first)
{
    double time = 0;
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        const struct load load = choose_load(region, 1, FRAMES_OF_BLOCK, schedule->options.machine->cores);
        if (schedule->section_of[r] >= first && region_is_predicted(region))
            time += predict_region(schedule, region, &load).time;
    }
    return time;
}

/* True if sections that run side by side, from one on, are to do so: they save enough, and about as much as other ways
 * to use threads, or it is asked for. */
static bool is_worth_it(const struct forming *forming, int first)
{
    const struct schedule *schedule = forming->schedule;
    const int cores = schedule->options.machine->cores;
    double all = 0, most = 0;
    for (int s = first; s < schedule->section_count; s++) {
        all += forming->times[s];
        most = forming->times[s] > most ? forming->times[s] : most;
    }
    if (schedule->options.threads == THREADS_WAVEFRONT)
        return true;
    /* The slowest section, or all that a thread has, sets the pace; the first block passes all sections before. */
    const double pace = all / cores > most ? all / cores : most, wave = pace + (all - pace) / BLOCKS;
    return all - most >= SAVED_LEAST && all >= busy_least * most && wave <= close * shared_time(schedule, first);
}

/* ---- reads ---- */

/* Returns the region of blocks that makes a value; NO_SECTION for given values and those that are made once. */
static int made_in_blocks(const struct schedule *schedule, int id)
{
    int region = schedule->region_of[id];
    return region >= 0 && region_is_of_blocks(&schedule->regions[region]) ? region : NO_SECTION;
}

/* True if a region reads values that regions of blocks make in a pass. */
static bool region_reads_pass(const struct schedule *schedule, const struct region *region, int pass)
{
    for (int i = 0; i < region->node_count; i++) {
        const struct node *node = schedule->graph->nodes[region->nodes[i]];
        for (int k = 0; k < node->count; k++) {
            int source = made_in_blocks(schedule, node->edges[k].node);
            if (source >= 0 && schedule->regions[source].pass == pass)
                return true;
        }
    }
    return false;
}

/* True if a node is complete only behind a step of its own, when its pass is over. */
static bool node_is_finished(const struct node *node)
{
    return op_is_over_time(node->op) || node->op == OP_seed || op_reads(node->op, 0) == READS_ALL_FRAMES;
}

/* True if a region of a pass reads what is finished once between it and passes from `first` on. */
static bool region_waits_for_steps(const struct schedule *schedule, const struct region *region, int first)
{
    for (int i = 0; i < region->node_count; i++) {
        const struct node *node = schedule->graph->nodes[region->nodes[i]];
        for (int k = 0; k < node->count; k++) {
            int source = node->edges[k].node;
            if (made_in_blocks(schedule, source) >= 0 && node_is_finished(schedule->graph->nodes[source]) &&
                schedule->passes.of[source] >= first)
                return true;
        }
    }
    return false;
}

/* True if some value begins in front of a pass, with an initial value that is made just before. */
static bool value_begins_before(const struct schedule *schedule, const struct node *node, int pass)
{
    const struct graph *graph = schedule->graph;
    for (int k = 0; k < node->count; k++) {
        int init = node->edges[k].init;
        if (init != NO_NODE && graph->nodes[init]->time == TIME_SEQUENCE && schedule->region_of[init] >= 0 &&
            schedule->passes.of[init] + node_gathers_frames(graph, graph->nodes[init]) == pass)
            return true;
    }
    return false;
}

/* True if a pass can run beside those before it, from `first` on: nothing is done once between them. Gradients wait for
 * the losses. */
static bool pass_runs_beside(const struct schedule *schedule, int pass, int first)
{
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        if (region->pass == pass && !region_is_once(region) &&
            (region->kind == REGION_SEQUENCE || region_waits_for_steps(schedule, region, first)))
            return false;
    }
    for (int i = 0; i < schedule->graph->node_count; i++) {
        const struct node *node = schedule->graph->nodes[i];
        if (value_begins_before(schedule, node, pass) || (node->op == OP_seed && schedule->passes.of[i] + 1 == pass))
            return false;
    }
    return true;
}

/* ---- sections ---- */

static int new_section(struct forming *forming, int wavefront, int pass, bool sums)
{
    struct schedule *schedule = forming->schedule;
    struct section section = {.wavefront = wavefront, .pass = pass, .sums = sums};
    forming->times[schedule->section_count] = 0;
    ARENA_PUSH(forming->arena, schedule->sections, schedule->section_count, forming->capacity, section);
    return schedule->section_count - 1;
}

/* True if a region has to wait for a pass for which a section does not wait. */
static bool region_waits_longer(const struct schedule *schedule, const struct region *region,
                                const struct section *section, int first)
{
    for (int pass = first; pass < region->pass; pass++) {
        bool waits = false;
        for (int i = 0; i < schedule->region_count && !waits; i++)
            waits = schedule->section_of[i] == (int)(section - schedule->sections) &&
                    region_reads_pass(schedule, &schedule->regions[i], pass);
        if (!waits && region_reads_pass(schedule, region, pass))
            return true;
    }
    return false;
}

/* True if a region takes part in the sections of a pass: of its sums, or of all else. */
static bool region_takes_part(const struct schedule *schedule, int index, int pass, bool sums)
{
    const struct region *region = &schedule->regions[index];
    return region_is_of_blocks(region) && region->pass == pass && region_is_sums(schedule->graph, region) == sums;
}

/* Sections of a pass, about: no machine has many more threads for them. */
enum { SECTIONS_MOST = 64 };

/* Returns how much a section is to weigh: as the heaviest region, or a part of all of them. */
static double weight_of_section(const struct schedule *schedule, int pass, bool sums)
{
    double heaviest = 0, all = 0;
    for (int r = 0; r < schedule->region_count; r++)
        if (region_takes_part(schedule, r, pass, sums)) {
            double time = region_time(schedule, &schedule->regions[r]);
            heaviest = time > heaviest ? time : heaviest;
            all += time;
        }
    return heaviest > all / SECTIONS_MOST ? heaviest : all / SECTIONS_MOST;
}

/* Joins the last section with the one before it, unless that would have to wait longer. */
static void join_last(struct forming *forming, int first)
{
    struct schedule *schedule = forming->schedule;
    int last = schedule->section_count - 1;
    for (int r = 0; r < schedule->region_count; r++)
        if (schedule->section_of[r] == last &&
            region_waits_longer(schedule, &schedule->regions[r], &schedule->sections[last - 1], first))
            return;
    for (int r = 0; r < schedule->region_count; r++)
        if (schedule->section_of[r] == last)
            schedule->section_of[r] = last - 1;
    forming->times[last - 1] += forming->times[last];
    schedule->section_count--;
}

/* Forms the sections of a pass, of its sums or of all other regions, in the order of regions. A section is complete
 * when it weighs half as much as it is to; but a frames region, unless it is as heavy as that, goes with the
 * scan behind it, which reads more of it than others do. What is left at the end joins the last section. first: the
 * first pass of the wavefront. */
static void form_pass(struct forming *forming, int wavefront, int first, int pass, bool sums)
{
    struct schedule *schedule = forming->schedule;
    const double weight = weight_of_section(schedule, pass, sums);
    int begin = schedule->section_count, open = NO_SECTION;
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        if (!region_takes_part(schedule, r, pass, sums))
            continue;
        if (open < 0 || region_waits_longer(schedule, region, &schedule->sections[open], first))
            open = new_section(forming, wavefront, pass, sums);
        schedule->section_of[r] = open;
        forming->times[open] += region_time(schedule, region);
        if (forming->times[open] >= (region->kind == REGION_FRAMES && !sums ? weight : weight / 2))
            open = NO_SECTION;
    }
    if (open > begin)
        join_last(forming, first);
}

/* Forms a wavefront of passes first .. last; none if it does not pay. Sums come last: nobody waits for them. */
static void form_wavefront(struct forming *forming, int first, int last)
{
    struct schedule *schedule = forming->schedule;
    int begin = schedule->section_count, wavefront = begin ? schedule->sections[begin - 1].wavefront + 1 : 0;
    for (int sums = 0; sums < 2; sums++)
        for (int pass = first; pass <= last; pass++)
            form_pass(forming, wavefront, first, pass, sums);
    if (schedule->section_count - begin >= 2 && is_worth_it(forming, begin))
        return;
    for (int r = 0; r < schedule->region_count; r++)
        if (schedule->section_of[r] >= begin)
            schedule->section_of[r] = NO_SECTION;
    schedule->section_count = begin;
}

/* ---- waits ---- */

static void add_wait(struct forming *forming, int section, int other, bool whole)
{
    struct section *waiting = &forming->schedule->sections[section];
    for (int i = 0; i < waiting->wait_count; i++)
        if (waiting->waits[i].section == other) {
            waiting->waits[i].whole |= whole;
            return;
        }
    struct section_wait *waits = ARENA_ARRAY(forming->arena, struct section_wait, waiting->wait_count + 1);
    for (int i = 0; i < waiting->wait_count; i++)
        waits[i] = waiting->waits[i];
    waits[waiting->wait_count++] = (struct section_wait){other, whole};
    waiting->waits = waits;
}

/* Adds a wait for each value that a region reads of another section of its wavefront. */
static void add_waits(struct forming *forming, int index)
{
    const struct schedule *schedule = forming->schedule;
    const struct region *region = &schedule->regions[index];
    int here = schedule->section_of[index];
    for (int i = 0; i < region->node_count; i++) {
        const struct node *node = forming->graph->nodes[region->nodes[i]];
        for (int k = 0; k < node->count; k++) {
            int source = made_in_blocks(schedule, node->edges[k].node);
            int there = source < 0 ? NO_SECTION : schedule->section_of[source];
            if (there >= 0 && there != here &&
                schedule->sections[there].wavefront == schedule->sections[here].wavefront)
                add_wait(forming, here, there, schedule->sections[there].pass != region->pass);
        }
    }
}

/* Returns the parameter in whose gradient a sum is made, or -1. */
static int gradient_of(const struct schedule *schedule, int id)
{
    if (!sum_is_made_in_gradient(schedule, id))
        return -1;
    return schedule->graph->nodes[schedule->uses.use[schedule->uses.begin[id]].reader]->parameter;
}

/* Adds waits between sections that add to the gradient of one parameter: in their order, at any number of threads. */
static void order_sums(struct forming *forming, struct arena *scratch)
{
    const struct schedule *schedule = forming->schedule;
    int *last = ARENA_ARRAY(scratch, int, forming->graph->parameter_count + 1); /* by parameter: a section, plus one */
    for (int s = 0; s < schedule->section_count; s++)
        for (int r = 0; r < schedule->sections[s].region_count; r++) {
            const struct region *region = &schedule->regions[schedule->sections[s].regions[r]];
            for (int i = 0; i < region->node_count; i++) {
                int parameter = gradient_of(schedule, region->nodes[i]);
                int before = parameter < 0 ? NO_SECTION : last[parameter] - 1;
                if (before >= 0 && before != s &&
                    schedule->sections[before].wavefront == schedule->sections[s].wavefront)
                    add_wait(forming, s, before, true);
                if (parameter >= 0)
                    last[parameter] = s + 1;
            }
        }
}

/* ---- the stage ---- */

void form_sections(struct schedule *schedule, struct arena *arena, struct arena *scratch)
{
    struct forming forming = {.schedule = schedule, .graph = schedule->graph, .arena = arena};
    forming.times = ARENA_ARRAY(scratch, double, schedule->region_count + 1);
    schedule->section_of = ARENA_ARRAY(arena, int, schedule->region_count + 1);
    for (int r = 0; r < schedule->region_count; r++)
        schedule->section_of[r] = NO_SECTION;
    if (schedule->options.threads != THREADS_WAVEFRONT && schedule->options.threads != THREADS_AUTO)
        return;
    for (int first = 0, last; first < schedule->passes.count; first = last + 1) {
        last = first;
        while (last + 1 < schedule->passes.count && pass_runs_beside(schedule, last + 1, first))
            last++;
        form_wavefront(&forming, first, last);
    }
    for (int r = 0; r < schedule->region_count; r++)
        if (schedule->section_of[r] >= 0) {
            struct section *section = &schedule->sections[schedule->section_of[r]];
            int *regions = ARENA_ARRAY(arena, int, section->region_count + 1);
            for (int i = 0; i < section->region_count; i++)
                regions[i] = section->regions[i];
            regions[section->region_count++] = r;
            section->regions = regions;
            add_waits(&forming, r);
        }
    order_sums(&forming, scratch);
}

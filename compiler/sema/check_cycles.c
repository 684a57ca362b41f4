/* Cycles. The edges go from each value to those that its term and its init read. A strongly connected component is
 * wrong if it has a cycle through a sequence value, or one without a delay, or delays of both signs. */
#include <string.h>

#include "base/arena.h"
#include "base/scc.h"
#include "sema/check.h"

enum { NAMES_MAX = 20, STARTS_MAX = 200 };

struct edge {
    int from, to;
    int delay;
    bool over_time; /* read below last, first, ..._over_time or ctc */
    bool in_init;   /* read by the init of `from` */
    const struct term *term;
};

struct cycles {
    struct check *check;
    struct edge *edges; /* in the order of `from` */
    int edge_count, edge_capacity;
    int *edge_begin; /* by value id, and one more */
    int *component;
    int component_count;

    /* For searches of ways, by value id. */
    const struct edge **via; /* the edge that led to a value; NULL between searches */
    int *queue;
    const struct edge **way, **shortest;
};

static void add_edges(struct cycles *cycles, int from, const struct term *term, bool over_time, bool in_init)
{
    if (term->value) {
        int delay = term->kind == TERM_DELAY ? term->delay : 0;
        struct edge edge = {from, term->value->id, delay, over_time, in_init, term};
        ARENA_PUSH(cycles->check->arena, cycles->edges, cycles->edge_count, cycles->edge_capacity, edge);
    }
    if (term->kind == TERM_OP)
        over_time |= op_is_over_time(term->op);
    for (int i = 0; i < term->count; i++)
        add_edges(cycles, from, term->args[i], over_time, in_init);
}

static void collect_edges(struct cycles *cycles)
{
    const struct program *program = cycles->check->program;
    cycles->edge_begin = ARENA_ARRAY(cycles->check->arena, int, program->value_count + 1);
    for (int i = 0; i < program->value_count; i++) {
        cycles->edge_begin[i] = cycles->edge_count;
        if (program->values[i]->term)
            add_edges(cycles, i, program->values[i]->term, false, false);
        if (program->values[i]->init)
            add_edges(cycles, i, program->values[i]->init, false, true);
    }
    cycles->edge_begin[program->value_count] = cycles->edge_count;
}

/* The components over all edges, or over those without a delay. */
static void find_components(struct cycles *cycles, bool delayed)
{
    int count = cycles->check->program->value_count, used = 0;
    int *begin = ARENA_ARRAY(cycles->check->arena, int, count + 1);
    int *target = ARENA_ARRAY(cycles->check->arena, int, cycles->edge_count + 1);
    for (int i = 0; i < count; i++) {
        begin[i] = used;
        for (int k = cycles->edge_begin[i]; k < cycles->edge_begin[i + 1]; k++)
            if (delayed || cycles->edges[k].delay == 0)
                target[used++] = cycles->edges[k].to;
    }
    begin[count] = used;
    cycles->component = scc_find(cycles->check->arena, count, begin, target, &cycles->component_count);
}

static bool is_inside(const struct cycles *cycles, const struct edge *edge)
{
    return cycles->component[edge->from] == cycles->component[edge->to];
}

/* A shortest way from `from` to `to` within a component, as the edges taken, last one first, in `way`; its length, or
 * -1 if there is none of at most `limit` edges. */
static int find_way(struct cycles *cycles, int from, int to, bool delayed, int limit)
{
    int next = 0, queued = 0, length = 0;
    const struct edge **via = cycles->via;
    cycles->queue[queued++] = from;
    while (next < queued && !via[to]) {
        int node = cycles->queue[next++];
        for (int k = cycles->edge_begin[node]; k < cycles->edge_begin[node + 1]; k++) {
            const struct edge *edge = &cycles->edges[k];
            if (via[edge->to] || !is_inside(cycles, edge) || (edge->delay && !delayed))
                continue;
            via[edge->to] = edge;
            cycles->queue[queued++] = edge->to;
        }
    }
    for (int node = to; via[to] && length <= limit && (length == 0 || node != from); node = via[node]->from)
        cycles->way[length++] = via[node];
    for (int i = 0; i < queued; i++)
        via[cycles->queue[i]] = NULL;
    return length > 0 && length <= limit ? length : -1;
}

static bool is_visible(const struct value *value) { return !value->hidden; }

static int nesting_of(const struct value *value)
{
    int depth = 0;
    for (const struct origin *origin = value->origin; origin; origin = origin->parent)
        depth++;
    return depth;
}

/* True if a cycle is better told from `a` on: values outside of instances come first, then the order of the text
 * counts. */
static bool begins_before(const struct value *a, const struct value *b)
{
    int difference = nesting_of(a) - nesting_of(b);
    return difference ? difference < 0 : a->span.begin < b->span.begin;
}

/* Orders the edges of a cycle, given last one first, as reported; keeps those that leave names of the program. */
static int order_steps(struct cycles *cycles, const struct edge *const *way, int length, const struct edge **steps)
{
    struct value *const *values = cycles->check->program->values;
    int count = 0, first = 0;
    const struct edge **found = ARENA_ARRAY(cycles->check->arena, const struct edge *, length);
    for (int i = length - 1; i >= 0; i--)
        if (is_visible(values[way[i]->from]))
            found[count++] = way[i];
    if (!count)
        found[count++] = way[length - 1];
    for (int i = 1; i < count; i++)
        if (begins_before(values[found[i]->from], values[found[first]->from]))
            first = i;
    for (int i = 0; i < count; i++)
        steps[i] = found[(first + i) % count];
    return count;
}

/* True if the same equations have been reported as a cycle before, of another instance. */
static bool is_told(struct cycles *cycles, const struct edge *const *steps, int count)
{
    struct report *report = &cycles->check->report;
    struct value *const *values = cycles->check->program->values;
    const char *key = "cycle";
    for (int i = 0; i < count && i < NAMES_MAX; i++)
        key = arena_printf(report->arena, "%s %u", key, (unsigned)values[steps[i]->from]->span.begin);
    bool told = map_get(&report->told, key) != NULL;
    if (!told)
        map_put(&report->told, key, report);
    return told;
}

/* Reports a cycle: `way` holds its edges, last one first. Only names that the program knows are printed. */
static void tell_cycle(struct cycles *cycles, const struct edge *const *way, int length, const char *format)
{
    struct value *const *values = cycles->check->program->values;
    struct arena *arena = cycles->check->arena;
    struct report *report = &cycles->check->report;
    const struct edge **steps = ARENA_ARRAY(arena, const struct edge *, length);
    int count = order_steps(cycles, way, length, steps), printed = count > NAMES_MAX ? NAMES_MAX : count;
    const struct value *first = values[steps[0]->from];
    if (is_told(cycles, steps, count))
        return;
    const char *path = "";
    for (int i = 0; i < printed; i++)
        path = arena_printf(arena, "%s%s -> ", path, values[steps[i]->from]->name);
    if (count > printed)
        path = arena_printf(arena, "%s... %d more -> ", path, count - printed);
    path = arena_printf(arena, "%s%s", path, first->name);
    report->origin = first->origin;
    report_error(report, first->span, format, first->name, path);
    for (int i = 0; i < printed; i++) {
        const struct value *value = values[steps[i]->from], *next = values[steps[(i + 1) % count]->from];
        if (steps[i]->in_init)
            report_note(report, value->init->span, "the init of '%s' needs '%s'", value->name, next->name);
        else
            report_note(report, value->equation, "'%s' needs '%s'", value->name, next->name);
    }
    report->origin = NULL;
}

/* Reports a shortest cycle of the component through any of its first members. */
static void tell_undelayed(struct cycles *cycles, const int *members, int count)
{
    int best = cycles->check->program->value_count;
    for (int i = 0; i < count && i < STARTS_MAX; i++) {
        int limit = i ? best - 1 : best;
        int length = find_way(cycles, members[i], members[i], false, limit);
        if (length < 0)
            continue;
        best = length;
        memcpy(cycles->shortest, cycles->way, (size_t)length * sizeof *cycles->way);
    }
    tell_cycle(cycles, cycles->shortest, best, "'%s' depends on itself without a delay: %s");
}

static void tell_over_time(struct cycles *cycles, const struct edge *edge)
{
    int values = cycles->check->program->value_count, length = 0;
    if (edge->from != edge->to)
        length = find_way(cycles, edge->to, edge->from, true, values);
    cycles->way[length] = edge;
    tell_cycle(cycles, cycles->way, length + 1, "'%s' depends, through the end of the sequence, on itself: %s");
}

/* Notes the direction of a read. In an instance that runs in reverse [t-1] reads ahead; `reads_init` keeps the
 * direction as written. */
static void note_direction(struct report *report, const struct term *read)
{
    bool back = read->delay > 0;
    int frames = back ? read->delay : -read->delay;
    report_note(report, read->span, "this reads '%s' %d frame%s %s%s", read->value->name, frames, plural(frames),
                back ? "back" : "ahead", back == read->reads_init ? "" : ", as its instance runs in reverse");
}

static void tell_both_signs(struct cycles *cycles, const struct edge *back, const struct edge *ahead)
{
    struct report *report = &cycles->check->report;
    const struct value *value = cycles->check->program->values[back->from];
    report->origin = value->origin;
    report_error(report, value->span, "'%s' is on a cycle that reads both back and ahead in time", value->name);
    note_direction(report, back->term);
    note_direction(report, ahead->term);
    report->origin = NULL;
    cycles->check->wrong[back->from] = true;
}

/* Checks components over all edges: cycles through the end of the sequence, and delays of both signs. */
static void check_components(struct cycles *cycles, bool *over_time)
{
    struct arena *arena = cycles->check->arena;
    const struct edge **back = ARENA_ARRAY(arena, const struct edge *, cycles->component_count + 1);
    const struct edge **ahead = ARENA_ARRAY(arena, const struct edge *, cycles->component_count + 1);
    for (int k = 0; k < cycles->edge_count; k++) {
        const struct edge *edge = &cycles->edges[k];
        int component = cycles->component[edge->from];
        if (!is_inside(cycles, edge) || over_time[edge->from])
            continue;
        if (edge->over_time) {
            tell_over_time(cycles, edge);
            cycles->check->wrong[edge->from] = true;
            for (int i = 0; i < cycles->check->program->value_count; i++)
                over_time[i] |= cycles->component[i] == component;
        } else if (edge->delay > 0 && !back[component]) {
            back[component] = edge;
        } else if (edge->delay < 0 && !ahead[component]) {
            ahead[component] = edge;
        }
    }
    for (int i = cycles->component_count - 1; i >= 0; i--)
        if (back[i] && ahead[i] && !over_time[back[i]->from])
            tell_both_signs(cycles, back[i], ahead[i]);
}

/* Checks components over edges without a delay: each that has an edge inside is an error. */
static void check_undelayed(struct cycles *cycles, const bool *over_time)
{
    struct arena *arena = cycles->check->arena;
    int values = cycles->check->program->value_count;
    bool *cyclic = ARENA_ARRAY(arena, bool, cycles->component_count + 1);
    for (int k = 0; k < cycles->edge_count; k++) {
        const struct edge *edge = &cycles->edges[k];
        if (is_inside(cycles, edge) && !edge->delay && !over_time[edge->from])
            cyclic[cycles->component[edge->from]] = true;
    }
    int *members = ARENA_ARRAY(arena, int, values + 1);
    for (int first = 0; first < values; first++) {
        int component = cycles->component[first], count = 0;
        if (!cyclic[component])
            continue;
        for (int i = first; i < values; i++)
            if (cycles->component[i] == component && is_visible(cycles->check->program->values[i]))
                members[count++] = i;
        if (!count)
            members[count++] = first;
        cycles->check->wrong[first] = true;
        tell_undelayed(cycles, members, count);
        cyclic[component] = false;
    }
}

void check_cycles(struct check *check)
{
    struct cycles cycles = {.check = check};
    bool *over_time = ARENA_ARRAY(check->arena, bool, check->program->value_count + 1);
    int count = check->program->value_count + 2;
    cycles.via = ARENA_ARRAY(check->arena, const struct edge *, count);
    cycles.queue = ARENA_ARRAY(check->arena, int, count);
    cycles.way = ARENA_ARRAY(check->arena, const struct edge *, count);
    cycles.shortest = ARENA_ARRAY(check->arena, const struct edge *, count);
    collect_edges(&cycles);
    find_components(&cycles, true);
    check_components(&cycles, over_time);
    find_components(&cycles, false);
    check_undelayed(&cycles, over_time);
}

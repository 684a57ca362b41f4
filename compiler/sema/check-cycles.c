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
    const struct term *term;
};

struct cycles {
    struct check *check;
    struct edge *edges; /* in the order of `from` */
    int edge_count, edge_capacity;
    int *edge_begin; /* by value id, and one more */
    int *component;
    int component_count;

    /* For finding ways, by value id. */
    const struct edge **via; /* the edge that led to a value; NULL between searches */
    int *queue;
    const struct edge **way, **shortest;
};

static void add_edges(struct cycles *cycles, int from, const struct term *term, bool over_time)
{
    if (term->value) {
        struct edge edge = {from, term->value->id, term->kind == TERM_DELAY ? term->delay : 0, over_time, term};
        ARENA_PUSH(cycles->check->arena, cycles->edges, cycles->edge_count, cycles->edge_capacity, edge);
    }
    if (term->kind == TERM_OP)
        over_time |= op_info(term->op)->class == OP_CLASS_OVER_TIME || term->op == OP_ctc;
    for (int i = 0; i < term->count; i++)
        add_edges(cycles, from, term->args[i], over_time);
}

static void collect_edges(struct cycles *cycles)
{
    const struct program *program = cycles->check->program;
    cycles->edge_begin = ARENA_ARRAY(cycles->check->arena, int, program->value_count + 1);
    for (int i = 0; i < program->value_count; i++) {
        cycles->edge_begin[i] = cycles->edge_count;
        if (program->values[i]->term)
            add_edges(cycles, i, program->values[i]->term, false);
        if (program->values[i]->init)
            add_edges(cycles, i, program->values[i]->init, false);
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

/* Tells a cycle: `way` holds its edges, last one first. Only names that the program knows are printed. */
static void tell_cycle(struct cycles *cycles, const struct edge *const *way, int length, const char *format)
{
    struct value *const *values = cycles->check->program->values;
    struct arena *arena = cycles->check->arena;
    const struct value **names = ARENA_ARRAY(arena, const struct value *, length + 1);
    int count = 0;
    for (int i = length - 1; i >= 0; i--)
        if (is_visible(values[way[i]->from]))
            names[count++] = values[way[i]->from];
    if (!count)
        names[count++] = values[way[length - 1]->from];
    const char *path = "";
    int printed = count > NAMES_MAX ? NAMES_MAX : count;
    for (int i = 0; i < printed; i++)
        path = arena_printf(arena, "%s%s -> ", path, names[i]->name);
    if (count > printed)
        path = arena_printf(arena, "%s... %d more -> ", path, count - printed);
    path = arena_printf(arena, "%s%s", path, names[0]->name);
    struct report *report = &cycles->check->report;
    report->origin = names[0]->origin;
    report_error(report, names[0]->span, format, names[0]->name, path);
    for (int i = 0; i < printed; i++)
        report_note(report, names[i]->equation, "'%s' needs '%s'", names[i]->name, names[(i + 1) % count]->name);
    report->origin = NULL;
}

/* A shortest cycle of the component through any of its first members. */
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

static void tell_both_signs(struct cycles *cycles, const struct edge *back, const struct edge *ahead)
{
    struct report *report = &cycles->check->report;
    const struct value *value = cycles->check->program->values[back->from];
    report->origin = value->origin;
    report_error(report, value->span, "'%s' is on a cycle that reads both back and ahead in time", value->name);
    report_note(report, back->term->span, "this reads '%s' %d frame%s back", back->term->value->name, back->delay,
                back->delay == 1 ? "" : "s");
    report_note(report, ahead->term->span, "this reads '%s' %d frame%s ahead", ahead->term->value->name, -ahead->delay,
                ahead->delay == -1 ? "" : "s");
    report->origin = NULL;
}

/* Components over all edges: cycles through the end of the sequence, and both signs. */
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

/* Components over edges without a delay: each that has an edge inside is an error. */
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

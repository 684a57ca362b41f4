/* What a region is, in words: for the comments of the C file and for `--emit=explain`. */
#include <stdlib.h>
#include <string.h>

#include "emit/emitter.h"

double schedule_flops(const struct schedule *schedule)
{
    double flops = 0;
    for (int r = 0; r < schedule->region_count; r++)
        flops += schedule->regions[r].flops;
    return flops;
}

long schedule_parameters(const struct schedule *schedule)
{
    long count = 0;
    for (int i = 0; i < schedule->graph->parameter_count; i++)
        count += shape_size(&schedule->graph->parameters[i].shape);
    return count;
}

/* A value of the region that the region reads with a delay: what closes its cycle. */
static const char *cycle_of(const struct schedule *schedule, const struct region *region, struct arena *arena)
{
    for (int i = 0; i < region->node_count; i++) {
        const struct node *node = schedule->graph->nodes[region->nodes[i]];
        for (int k = 0; k < node->count; k++) {
            const struct node *source = schedule->graph->nodes[node->edges[k].node];
            if (node->edges[k].delay && source->name &&
                schedule->components.of[node->edges[k].node] == schedule->components.of[region->nodes[i]])
                return arena_printf(arena, "%s[t%+d]", source->name, -node->edges[k].delay);
        }
    }
    return "its own past";
}

const char *describe_kind(const struct schedule *schedule, const struct region *region, struct arena *arena)
{
    switch (region->kind) {
    case REGION_STATIC:
        return "static: once, when the weights are packed";
    case REGION_LATE:
        return "late: once a call, after all frames: gradients of static values";
    case REGION_SEQUENCE:
        return "sequence: once for each sequence, all streams at once";
    case REGION_FRAMES:
        return "frames: outside every cycle, so all frames and streams of a block at once";
    case REGION_SCAN:
        return arena_printf(arena, "scan: in a cycle through %s, so %s%s", cycle_of(schedule, region, arena),
                            region->group == 1 ? "frame after frame"
                                               : arena_printf(arena, "%d frames at a time", region->group),
                            region->reversed ? ", from the last to the first" : "");
    case REGION_ELEMENTWISE_SCAN:
        return arena_printf(arena, "elementwise scan: a cycle through %s, in which each unit needs only itself",
                            cycle_of(schedule, region, arena));
    }
    return "";
}

const char *describe_flops_once(const struct region *region, struct arena *arena)
{
    static const char *const what[] = {
        [REGION_STATIC] = "load", [REGION_SEQUENCE] = "sequence", [REGION_LATE] = "call"};
    return region->flops_once > 0 ? arena_printf(arena, "%.0f flops a %s", region->flops_once, what[region->kind])
                                  : NULL;
}

/* The text of an equation on one line. */
static const char *equation_text(const struct source *source, struct span span, struct arena *arena)
{
    struct text text;
    text_init(&text, arena);
    bool blank = false;
    for (uint32_t i = span.begin; i < span.end && i < source->length; i++) {
        char c = source->data[i];
        if (c == '#')
            while (i + 1 < span.end && source->data[i + 1] != '\n')
                i++;
        else if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            blank = text.length > 0;
        else {
            /* A comment must not end early, nor may another one seem to begin. */
            bool splits = text.length && ((text.data[text.length - 1] == '*' && c == '/') ||
                                          (text.data[text.length - 1] == '/' && c == '*'));
            text_printf(&text, "%s%c", blank || splits ? " " : "", c);
            blank = false;
        }
    }
    return text.data ? text.data : "";
}

static const char *instance_of(const struct node *node) { return node->origin ? node->origin->instance : ""; }

struct shown {
    struct span equation;
    const char *instance;
    int order; /* of the instance: by its first equation in the region */
};

static int compare_shown(const void *a, const void *b)
{
    const struct shown *x = a, *y = b;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return (x->equation.begin > y->equation.begin) - (x->equation.begin < y->equation.begin);
}

enum { SHOWN_MOST = 64 };

/* The equations of a region, each once for each instance. Returns how many there are, of which SHOWN_MOST are kept. */
static int collect_equations(const struct schedule *schedule, const struct region *region,
                             struct shown shown[SHOWN_MOST])
{
    int count = 0, left_out = 0;
    for (int i = 0; i < region->node_count; i++) {
        const struct node *node = schedule->graph->nodes[region->nodes[i]];
        if (node->equation.begin >= node->equation.end)
            continue;
        struct shown one = {node->equation, instance_of(node), count};
        int k = 0;
        for (; k < count; k++) {
            bool same = strcmp(shown[k].instance, one.instance) == 0;
            if (same && shown[k].equation.begin == one.equation.begin)
                break;
            if (same && shown[k].order < one.order)
                one.order = shown[k].order;
        }
        if (k < count)
            continue;
        if (count == SHOWN_MOST)
            left_out++;
        else
            shown[count++] = one;
    }
    qsort(shown, (size_t)count, sizeof *shown, compare_shown);
    return count + left_out;
}

void describe_equations(const struct schedule *schedule, const struct region *region, struct arena *arena,
                        const char *indent, struct text *out)
{
    struct shown shown[SHOWN_MOST];
    int count = collect_equations(schedule, region, shown);
    for (int i = 0; i < count && i < SHOWN_MOST; i++) {
        int line, column;
        source_locate(schedule->graph->source, shown[i].equation.begin, &line, &column);
        if (*shown[i].instance && (i == 0 || strcmp(shown[i].instance, shown[i - 1].instance) != 0))
            text_printf(out, "%s      in %s:\n", indent, shown[i].instance);
        text_printf(out, "%s%4d  %s\n", indent, line, equation_text(schedule->graph->source, shown[i].equation, arena));
    }
    if (count > SHOWN_MOST)
        text_printf(out, "%s      and %d more\n", indent, count - SHOWN_MOST);
}

/* What a region is, in words: for the comments of the C file and for `--emit=explain`. */
#include <string.h>

#include "emit/emitter.h"

double schedule_flops(const struct schedule *schedule)
{
    double flops = 0;
    for (int r = 0; r < schedule->region_count; r++)
        if (schedule->regions[r].kind != REGION_STATIC)
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
                return arena_printf(arena, "%s[t-%d]", source->name, node->edges[k].delay);
        }
    }
    return "its own past";
}

const char *describe_kind(const struct schedule *schedule, const struct region *region, struct arena *arena)
{
    switch (region->kind) {
    case REGION_STATIC:
        return "static: once, when the weights are packed";
    case REGION_FRAMES:
        return "frames: outside every cycle, so all frames and streams of a block at once";
    case REGION_SCAN:
        return arena_printf(arena, "scan: in a cycle through %s, so frame after frame", cycle_of(schedule, region, arena));
    case REGION_ELEMENTWISE_SCAN:
        return arena_printf(arena, "elementwise scan: a cycle through %s, in which each unit needs only itself",
                            cycle_of(schedule, region, arena));
    }
    return "";
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

/* The instance that a value belongs to: "h1" of "h1.c". */
static const char *instance_of(const struct node *node, struct arena *arena)
{
    const char *dot = node->name ? strrchr(node->name, '.') : NULL;
    return dot ? arena_copy_string(arena, node->name, (size_t)(dot - node->name)) : NULL;
}

void describe_equations(const struct schedule *schedule, const struct region *region, struct arena *arena,
                        const char *indent, struct text *out)
{
    const struct source *source = schedule->graph->source;
    int shown = 0;
    struct span *seen = ARENA_ARRAY(arena, struct span, region->node_count + 1);
    const char **instances = ARENA_ARRAY(arena, const char *, region->node_count + 1);
    for (int i = 0; i < region->node_count; i++) {
        const struct node *node = schedule->graph->nodes[region->nodes[i]];
        const char *instance = instance_of(node, arena);
        if (node->equation.begin >= node->equation.end || node->op == OP_number)
            continue;
        int k = 0;
        while (k < shown && !(seen[k].begin == node->equation.begin &&
                              (!instance || !instances[k] || strcmp(instance, instances[k]) == 0)))
            k++;
        if (k < shown || shown >= 64)
            continue;
        int line, column;
        source_locate(source, node->equation.begin, &line, &column);
        text_printf(out, "%s%4d  %s", indent, line, equation_text(source, node->equation, arena));
        text_printf(out, instance ? "    (%s)\n" : "\n", instance);
        seen[shown] = node->equation;
        instances[shown++] = instance;
    }
}

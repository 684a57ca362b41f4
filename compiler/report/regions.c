/* Words for regions and their values on the page: classes of style, links, names, cycles. */
#include <string.h>

#include "analysis/uses.h"
#include "report/page.h"

const char *kind_class(const struct region *region)
{
    switch (region->kind) {
    case REGION_STATIC:
        return "static";
    case REGION_SEQUENCE:
        return "sequence";
    case REGION_FRAMES:
        return "frames";
    case REGION_SCAN:
        return "scan";
    case REGION_ELEMENTWISE_SCAN:
        return "elementwise";
    case REGION_LATE:
        return "late";
    }
    return "";
}

const char *region_link(const struct page *page, int region)
{
    return arena_printf(page->arena, "<a href=\"#region-%d\">%s</a>", region,
                        escape(page, page->schedule->regions[region].name));
}

const char *value_name(const struct page *page, const struct region *region, int node)
{
    const struct node *of = page->schedule->graph->nodes[node];
    const char *name = of->op == OP_input ? page->schedule->graph->inputs[of->input].name : page->schedule->names[node];
    const size_t length = region->instance ? strlen(region->instance) : 0;
    if (!name)
        return op_info(of->op)->id;
    return length && strncmp(name, region->instance, length) == 0 && name[length] == '.' ? name + length + 1 : name;
}

bool value_is_drawn(const struct page *page, int node)
{
    const struct node *of = page->schedule->graph->nodes[node];
    if (op_info(of->op)->class == OP_CLASS_LEAF || of->op == OP_view)
        return of->op == OP_input;
    return of->name || page->schedule->buffers[node].storage != STORE_NONE ||
           uses_count(&page->schedule->uses, node) > 1;
}

enum { CYCLE_NAMES = 3 };

const char *cycle_label(const struct page *page, int index)
{
    const struct schedule *schedule = page->schedule;
    const struct region *region = &schedule->regions[index];
    const char *seen[CYCLE_NAMES];
    int count = 0;
    for (int i = 0; i < region->node_count; i++) {
        const struct node *node = schedule->graph->nodes[region->nodes[i]];
        for (int k = 0; k < node->count; k++) {
            const struct edge *edge = &node->edges[k];
            if (!edge->delay || schedule->region_of[edge->node] != index)
                continue;
            const char *label =
                arena_printf(page->arena, "%s[t%+d]", value_name(page, region, edge->node), -edge->delay);
            bool known = false;
            for (int s = 0; s < count && s < CYCLE_NAMES; s++)
                known |= strcmp(seen[s], label) == 0;
            if (!known && count < CYCLE_NAMES)
                seen[count] = label;
            count += !known;
        }
    }
    if (!count)
        return NULL;
    struct text text;
    text_init(&text, page->arena);
    for (int i = 0; i < count && i < CYCLE_NAMES; i++)
        text_printf(&text, "%s%s", i ? ", " : "", cut(page, seen[i], 24));
    text_puts(&text, count > CYCLE_NAMES ? ", …" : "");
    return text.data;
}

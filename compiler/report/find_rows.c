/* The rows of a layout. */
#include "base/arena.h"
#include "report/layout.h"

/* Puts each box below all that it reads. */
static void lower_readers(struct layout *layout)
{
    for (int i = 0; i < layout->line_count; i++) {
        const struct line *line = &layout->lines[i];
        struct box *to = &layout->boxes[line->to];
        if (line_goes_down(line) && to->row <= layout->boxes[line->from].row)
            to->row = layout->boxes[line->from].row + 1;
    }
}

/* Moves boxes that read none down to their readers. */
static void lower_sources(struct layout *layout, struct arena *arena)
{
    bool *reads = ARENA_ARRAY(arena, bool, layout->box_count + 1);
    int *reader = ARENA_ARRAY(arena, int, layout->box_count + 1); /* the row of the first of them, or 0 */
    for (int i = 0; i < layout->line_count; i++) {
        const struct line *line = &layout->lines[i];
        if (!line_goes_down(line))
            continue;
        reads[line->to] = true;
        const int row = layout->boxes[line->to].row;
        if (!reader[line->from] || row < reader[line->from])
            reader[line->from] = row;
    }
    for (int b = 0; b < layout->box_count; b++)
        if (!reads[b] && reader[b])
            layout->boxes[b].row = reader[b] - 1;
}

void find_rows(struct layout *layout, struct arena *arena)
{
    lower_readers(layout);
    lower_sources(layout, arena);
}

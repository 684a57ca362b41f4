#include "report/layout.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

/* A box in its row, or the place where lines of a box pass a row. */
struct item {
    int box;  /* -1: lines pass */
    int from; /* the box that they come from */
    int row;
    double left, right;
    double x, mean;
    int rank; /* in its row, to keep the order of equals */
};

/* The course of lines from a row to the next. */
struct hop {
    int from, to;
};

struct rows {
    struct layout *layout;
    struct arena *arena;
    struct item *items;
    int item_count, item_capacity;
    struct hop *hops;
    int hop_count, hop_capacity;
    int row_count;
    int **order; /* items of each row, from left to right */
    int *size;
    double *top, *bottom; /* of each row */
    double *joined;       /* by item: the number of neighbours that a mean is of */
    double *sum, *count;  /* by box: the means of the places where its lines pass */
};

enum { GAP = 22, ROW_GAP = 42, PASSING = 7, MARGIN = 8, TRACK = 9, SWEEPS = 8 };

/* ---- items ---- */

static int add_item(struct rows *rows, struct item item)
{
    ARENA_PUSH(rows->arena, rows->items, rows->item_count, rows->item_capacity, item);
    return rows->item_count - 1;
}

static void add_hop(struct rows *rows, int from, int to)
{
    struct hop hop = {from, to};
    ARENA_PUSH(rows->arena, rows->hops, rows->hop_count, rows->hop_capacity, hop);
}

/* Returns the first of the items by which lines of a box pass the rows below it; they follow each other. */
static int add_passing(struct rows *rows, int box, int last)
{
    int first = rows->item_count, before = box;
    for (int row = rows->layout->boxes[box].row + 1; row < last; row++) {
        const int item =
            add_item(rows, (struct item){.box = -1, .from = box, .row = row, .left = PASSING, .right = PASSING});
        add_hop(rows, before, item);
        before = item;
    }
    return first;
}

/* Makes an item of each box, which has its number, and those of lines. Returns, for each box, the first of the
 * latter. */
static int *make_items(struct rows *rows)
{
    struct layout *layout = rows->layout;
    int *last = ARENA_ARRAY(rows->arena, int, layout->box_count + 1),
        *passing = ARENA_ARRAY(rows->arena, int, layout->box_count + 1);
    for (int b = 0; b < layout->box_count; b++) {
        const struct box *box = &layout->boxes[b];
        add_item(rows, (struct item){.box = b, .row = box->row, .left = box->left, .right = box->right});
        if (box->row >= rows->row_count)
            rows->row_count = box->row + 1;
    }
    for (int i = 0; i < layout->line_count; i++) {
        const struct line *line = &layout->lines[i];
        if (line_goes_down(line) && layout->boxes[line->to].row > last[line->from])
            last[line->from] = layout->boxes[line->to].row;
    }
    for (int b = 0; b < layout->box_count; b++)
        passing[b] = add_passing(rows, b, last[b]);
    for (int i = 0; i < layout->line_count; i++) {
        const struct line *line = &layout->lines[i];
        const int rows_between = layout->boxes[line->to].row - layout->boxes[line->from].row - 1;
        if (line_goes_down(line))
            add_hop(rows, rows_between ? passing[line->from] + rows_between - 1 : line->from, line->to);
    }
    return passing;
}

static void fill_rows(struct rows *rows)
{
    rows->order = ARENA_ARRAY(rows->arena, int *, rows->row_count + 1);
    rows->size = ARENA_ARRAY(rows->arena, int, rows->row_count + 1);
    for (int i = 0; i < rows->item_count; i++)
        rows->size[rows->items[i].row]++;
    for (int r = 0; r < rows->row_count; r++) {
        rows->order[r] = ARENA_ARRAY(rows->arena, int, rows->size[r] + 1);
        rows->size[r] = 0;
    }
    for (int i = 0; i < rows->item_count; i++) {
        struct item *item = &rows->items[i];
        item->rank = rows->size[item->row];
        rows->order[item->row][rows->size[item->row]++] = i;
    }
}

/* ---- means of neighbours ---- */

enum side { ABOVE = 1, BELOW = 2 };

/* Sets the mean of all items: of what they are joined to on these sides; else their own place. */
static void find_means(struct rows *rows, int sides)
{
    double *joined = rows->joined;
    for (int i = 0; i < rows->item_count; i++)
        joined[i] = rows->items[i].mean = 0;
    for (int h = 0; h < rows->hop_count; h++) {
        struct item *from = &rows->items[rows->hops[h].from], *to = &rows->items[rows->hops[h].to];
        if (sides & ABOVE) {
            to->mean += from->x;
            joined[rows->hops[h].to]++;
        }
        if (sides & BELOW) {
            from->mean += to->x;
            joined[rows->hops[h].from]++;
        }
    }
    for (int i = 0; i < rows->item_count; i++)
        rows->items[i].mean = joined[i] > 0 ? rows->items[i].mean / joined[i] : rows->items[i].x;
}

/* Has all places where lines of a box pass want the same, so that the lines are straight. */
static void straighten(struct rows *rows)
{
    for (int b = 0; b < rows->layout->box_count; b++)
        rows->sum[b] = rows->count[b] = 0;
    for (int i = 0; i < rows->item_count; i++)
        if (rows->items[i].box < 0) {
            rows->sum[rows->items[i].from] += rows->items[i].mean;
            rows->count[rows->items[i].from]++;
        }
    for (int i = 0; i < rows->item_count; i++)
        if (rows->items[i].box < 0)
            rows->items[i].mean = rows->sum[rows->items[i].from] / rows->count[rows->items[i].from];
}

static int compare_items(const void *left, const void *right)
{
    const struct item *const *a = left, *const *b = right;
    if ((*a)->mean != (*b)->mean)
        return (*a)->mean < (*b)->mean ? -1 : 1;
    return (*a)->rank - (*b)->rank;
}

static void sort_row(struct rows *rows, int row)
{
    const int size = rows->size[row];
    struct item **items = ARENA_ARRAY(rows->arena, struct item *, size + 1);
    for (int i = 0; i < size; i++)
        items[i] = &rows->items[rows->order[row][i]];
    qsort(items, (size_t)size, sizeof *items, compare_items);
    for (int i = 0; i < size; i++) {
        rows->order[row][i] = (int)(items[i] - rows->items);
        items[i]->rank = i;
    }
}

/* Items of a row that touch each other, and move as one. */
struct group {
    double sum, weight; /* of the places that they want, each less its distance from the first of the row */
};

/* Puts the items of a row as close to their means as order and widths allow. */
static void place_row(struct rows *rows, int row)
{
    const int size = rows->size[row], *order = rows->order[row];
    struct group *groups = ARENA_ARRAY(rows->arena, struct group, size + 1);
    int *members = ARENA_ARRAY(rows->arena, int, size + 1), count = 0;
    double *offset = ARENA_ARRAY(rows->arena, double, size + 1);
    for (int i = 0; i < size; i++) {
        const struct item *item = &rows->items[order[i]];
        if (i > 0)
            offset[i] = offset[i - 1] + rows->items[order[i - 1]].right + item->left + GAP;
        const double weight = item->box < 0 ? 4 : 1; /* lines are to be straight */
        groups[count] = (struct group){weight * (item->mean - offset[i]), weight};
        members[count++] = 1;
        while (count > 1 &&
               groups[count - 2].sum / groups[count - 2].weight >= groups[count - 1].sum / groups[count - 1].weight) {
            groups[count - 2].sum += groups[count - 1].sum;
            groups[count - 2].weight += groups[count - 1].weight;
            members[count - 2] += members[count - 1];
            count--;
        }
    }
    for (int g = 0, i = 0; g < count; g++)
        for (int k = 0; k < members[g]; k++, i++)
            rows->items[order[i]].x = groups[g].sum / groups[g].weight + offset[i];
}

/* Goes down through all rows, or up, and puts each where its neighbours are. */
static void sweep(struct rows *rows, int sides, bool down, bool sort)
{
    for (int i = 0; i < rows->row_count; i++) {
        const int row = down ? i : rows->row_count - 1 - i;
        find_means(rows, sides);
        if (sort)
            sort_row(rows, row);
        else
            straighten(rows);
        place_row(rows, row);
    }
}

/* ---- places ---- */

/* Returns the room that lines need which come down upon the first row. */
static double room_above(const struct layout *layout)
{
    for (int i = 0; i < layout->line_count; i++)
        if (!line_goes_down(&layout->lines[i]) && layout->boxes[layout->lines[i].to].row == 0)
            return ROW_GAP / 2.0;
    return 0;
}

static void place_heights(struct rows *rows)
{
    struct layout *layout = rows->layout;
    rows->top = ARENA_ARRAY(rows->arena, double, rows->row_count + 1);
    rows->bottom = ARENA_ARRAY(rows->arena, double, rows->row_count + 1);
    for (int b = 0; b < layout->box_count; b++)
        if (layout->boxes[b].height > rows->bottom[layout->boxes[b].row])
            rows->bottom[layout->boxes[b].row] = layout->boxes[b].height;
    double y = MARGIN + room_above(layout);
    for (int r = 0; r < rows->row_count; r++) {
        rows->top[r] = y;
        y = rows->bottom[r] += y;
        y += ROW_GAP;
    }
    layout->height = y - ROW_GAP + MARGIN;
}

static void place_boxes(struct rows *rows)
{
    struct layout *layout = rows->layout;
    double least = 0, most = 0;
    for (int i = 0; i < rows->item_count; i++) {
        const struct item *item = &rows->items[i];
        least = i == 0 || item->x - item->left < least ? item->x - item->left : least;
        most = i == 0 || item->x + item->right > most ? item->x + item->right : most;
    }
    for (int i = 0; i < rows->item_count; i++)
        rows->items[i].x += MARGIN - least;
    for (int b = 0; b < layout->box_count; b++) {
        struct box *box = &layout->boxes[b];
        box->x = rows->items[b].x;
        box->y = (rows->top[box->row] + rows->bottom[box->row]) / 2;
    }
    layout->width = most - least + 2 * MARGIN;
}

static void place_line(const struct rows *rows, struct line *line, int passing)
{
    const struct layout *layout = rows->layout;
    const int from = layout->boxes[line->from].row, to = layout->boxes[line->to].row;
    line->points = ARENA_ARRAY(rows->arena, struct point, 2 * (to > from ? to - from : 0) + 1);
    for (int row = from + 1; row < to; row++) {
        double x = rows->items[passing + row - from - 1].x;
        if (line->point_count && fabs(x - line->points[line->point_count - 1].x) < PASSING)
            x = line->points[line->point_count - 1].x;
        line->points[line->point_count++] = (struct point){x, rows->top[row]};
        line->points[line->point_count++] = (struct point){x, rows->bottom[row]};
    }
}

/* Gives each box whose past is read by earlier ones a track, on the right of everything. */
static void place_tracks(struct rows *rows)
{
    struct layout *layout = rows->layout;
    double *track = ARENA_ARRAY(rows->arena, double, layout->box_count + 1), x = layout->width + TRACK;
    for (int i = 0; i < layout->line_count; i++) {
        struct line *line = &layout->lines[i];
        if (line_goes_down(line))
            continue;
        if (track[line->from] <= 0) {
            track[line->from] = x;
            x += TRACK;
        }
        line->track = track[line->from];
    }
    if (x > layout->width + TRACK)
        layout->width = x + MARGIN;
}

void lay_out(struct layout *layout, struct arena *arena)
{
    struct rows rows = {.layout = layout, .arena = arena};
    find_rows(layout, arena);
    const int *passing = make_items(&rows);
    fill_rows(&rows);
    rows.joined = ARENA_ARRAY(arena, double, rows.item_count + 1);
    rows.sum = ARENA_ARRAY(arena, double, layout->box_count + 1);
    rows.count = ARENA_ARRAY(arena, double, layout->box_count + 1);
    for (int i = 0; i < SWEEPS; i++) {
        sweep(&rows, ABOVE, true, true);
        sweep(&rows, BELOW, false, true);
    }
    sweep(&rows, ABOVE, true, true);
    for (int i = 0; i < 2 * SWEEPS; i++)
        sweep(&rows, ABOVE | BELOW, i % 2 == 0, false);
    place_heights(&rows);
    place_boxes(&rows);
    for (int i = 0; i < layout->line_count; i++)
        if (line_goes_down(&layout->lines[i]))
            place_line(&rows, &layout->lines[i], passing[layout->lines[i].from]);
    place_tracks(&rows);
}

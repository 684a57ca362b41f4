/* A layered layout: boxes in rows, each below all that it reads; lines go down, around the boxes of rows that they
 * pass.
 *
 * After Sugiyama, Tagawa and Toda 1981: rows by longest paths; order within rows by means of neighbours; then places as
 * close to the neighbours' mean as order and widths allow, which is isotonic regression. Lines of one box that pass the
 * same row share a way there. */
#ifndef RNNC_REPORT_LAYOUT_H
#define RNNC_REPORT_LAYOUT_H

#include <stdbool.h>

struct arena;

struct box {
    const char *class;        /* of the style sheet */
    const char *title;        /* shown at the pointer */
    const char *link;         /* "#region-3", or NULL */
    const char *loop;         /* label of an arrow from the box to itself, or NULL */
    const char *const *lines; /* escaped; the first is its name */
    int line_count;
    int region; /* or -1 */
    double width, height;
    double left, right; /* room on both sides of its middle, loop and all */
    double x, y;        /* of its middle; up to the layout, as the row */
    int row;
};

struct point {
    double x, y;
};

/* From a box to another. Those that go to a later box place it; others go around on the right, from a value to the
 * readers of its past. */
struct line {
    int from, to;
    bool delayed;
    const char *title, *label; /* the label: of those that are delayed */
    struct point *points;      /* in pairs, the top and the bottom of each row that it passes; up to the layout */
    int point_count;
    double track; /* of one that goes around: its place on the right; up to the layout */
};

struct layout {
    struct box *boxes;
    int box_count;
    struct line *lines; /* in the order of `to` */
    int line_count;
    double width, height;
};

/* A part of it: sets the row of each box. */
void find_rows(struct layout *layout, struct arena *arena);

void lay_out(struct layout *layout, struct arena *arena);

static inline bool line_goes_down(const struct line *line) { return line->from < line->to; }

#endif

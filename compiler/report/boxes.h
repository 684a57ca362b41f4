/* A graph to be drawn, while it is made: boxes, and lines between them, each once. */
#ifndef RNNC_REPORT_BOXES_H
#define RNNC_REPORT_BOXES_H

#include "report/page.h"

struct boxes {
    struct arena *arena;
    struct layout layout;
    struct text *titles; /* of lines */
    int box_capacity, line_capacity, title_count, title_capacity;
    int *line_to; /* by box: 1 + the last line from there, with which the next one there is compared */
    int line_to_count, line_to_capacity;
};

struct boxes boxes_new(struct arena *arena);

/* Adds a box, whose size follows from its text; returns its number. Boxes are added in an order in which lines without
 * delay lead to later ones, and the lines of a box before those of the next. */
int boxes_add(struct boxes *boxes, struct box box);

/* Adds an arrow from a box to itself; its label is escaped. */
void boxes_add_loop(struct boxes *boxes, int box, const char *label);

/* Adds a line, or the name of one more value to the line that is there; escaped. */
void boxes_join(struct boxes *boxes, int from, int to, bool delayed, const char *name);

void boxes_draw(struct page *page, struct boxes *boxes, const char *id, const char *title);

#endif

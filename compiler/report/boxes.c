#include "report/boxes.h"

#include <math.h>
#include <string.h>

enum { PADDING = 14, LOOP_ROOM = 24, TITLE_MOST = 300, LABEL_MOST = 24 };
static const double name_letter = 7.9, fact_letter = 6.2,
                    label_letter = 7.1; /* widths, for the fonts of the style sheet */

struct boxes boxes_new(struct arena *arena) { return (struct boxes){.arena = arena}; }

/* Returns the characters of escaped text as they are shown. */
static double shown_length(const char *text)
{
    double length = 0;
    for (; *text; text++) {
        if (*text == '&')
            text += strcspn(text, ";");
        length += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return length;
}

int boxes_add(struct boxes *boxes, struct box box)
{
    for (int i = 0; i < box.line_count; i++) {
        const double width = shown_length(box.lines[i]) * (i ? fact_letter : name_letter) + 2 * PADDING;
        box.width = width > box.width ? width : box.width;
    }
    box.height = BOX_LINE * box.line_count + PADDING;
    box.left = box.right = box.width / 2;
    const int none = 0;
    ARENA_PUSH(boxes->arena, boxes->line_to, boxes->line_to_count, boxes->line_to_capacity, none);
    ARENA_PUSH(boxes->arena, boxes->layout.boxes, boxes->layout.box_count, boxes->box_capacity, box);
    if (box.loop)
        boxes_add_loop(boxes, boxes->layout.box_count - 1, box.loop);
    return boxes->layout.box_count - 1;
}

void boxes_add_loop(struct boxes *boxes, int box, const char *label)
{
    boxes->layout.boxes[box].loop = label;
    boxes->layout.boxes[box].right += LOOP_ROOM + shown_length(label) * label_letter;
}

/* Adds a name to a title, unless it is there or the title is long. */
static void add_name(struct text *title, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = title->data; at && (at = strstr(at, name)) != NULL; at += length)
        if ((at == title->data || at[-1] == ' ') && (at[length] == ',' || !at[length]))
            return;
    if (title->length > TITLE_MOST) {
        if (title->data[title->length - 1] != '.')
            text_puts(title, ", ...");
        return;
    }
    text_printf(title, "%s%s", title->length ? ", " : "", name);
}

void boxes_join(struct boxes *boxes, int from, int to, bool delayed, const char *name)
{
    struct layout *layout = &boxes->layout;
    int known = boxes->line_to[from] - 1;
    if (known < 0 || layout->lines[known].to != to) {
        const struct line line = {.from = from, .to = to, .delayed = true};
        struct text title;
        text_init(&title, boxes->arena);
        ARENA_PUSH(boxes->arena, layout->lines, layout->line_count, boxes->line_capacity, line);
        ARENA_PUSH(boxes->arena, boxes->titles, boxes->title_count, boxes->title_capacity, title);
        known = layout->line_count - 1;
        boxes->line_to[from] = known + 1;
    }
    layout->lines[known].delayed &= delayed;
    add_name(&boxes->titles[known], name);
}

void boxes_draw(struct page *page, struct boxes *boxes, const char *id, const char *title)
{
    double label = 0; /* the widest of the lines that go around, which stand on their right */
    for (int i = 0; i < boxes->layout.line_count; i++) {
        struct line *line = &boxes->layout.lines[i];
        line->title = boxes->titles[i].data;
        line->label = shown_length(line->title) > LABEL_MOST ? "…" : line->title;
        if (!line_goes_down(line))
            label = fmax(label, shown_length(line->label) * label_letter);
    }
    lay_out(&boxes->layout, page->arena);
    boxes->layout.width += label;
    draw_layout(page, &boxes->layout, id, title);
}

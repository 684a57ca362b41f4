/* Graphs as SVG: a link for each box, a path for each line. Lines lie below boxes. */
#include "report/page.h"

enum { LOOP_ROOM = 16, CORNER = 8 };

/* Writes a curve between two points, upright at both ends. */
static void curve(struct page *page, struct point from, struct point to)
{
    const double middle = (from.y + to.y) / 2;
    put(page, "C%.1f %.1f %.1f %.1f %.1f %.1f", from.x, middle, to.x, middle, to.x, to.y);
}

/* Returns the place in a box's upper or lower edge that is closest to where a line goes on. */
static double dock(const struct box *box, double x)
{
    const double room = box->width / 2 - 14;
    return x < box->x - room ? box->x - room : x > box->x + room ? box->x + room : x;
}

static void put_path_head(struct page *page, const struct layout *layout, const struct line *line)
{
    const int region = layout->boxes[line->from].region;
    put(page, "<path class=\"line%s\"", line->delayed ? " delayed" : "");
    if (region >= 0)
        put(page, " data-region=\"%d\"", region);
    put(page, " marker-end=\"url(#%s)\" d=\"", line->delayed ? "arrow-delayed" : "arrow");
}

static void draw_line(struct page *page, const struct layout *layout, const struct line *line)
{
    const struct box *from = &layout->boxes[line->from], *to = &layout->boxes[line->to];
    const struct point *points = line->points;
    put_path_head(page, layout, line);
    const double first = line->point_count ? points[0].x : to->x,
                 last = line->point_count ? points[line->point_count - 1].x : from->x;
    struct point at = {dock(from, first), from->y + from->height / 2};
    put(page, "M%.1f %.1f", at.x, at.y);
    for (int i = 0; i < line->point_count; i += 2) {
        curve(page, at, points[i]);
        put(page, "V%.1f", points[i + 1].y);
        at = points[i + 1];
    }
    const struct point end = {dock(to, last), to->y - to->height / 2 - 2};
    curve(page, at, end);
    put(page, "\"><title>%s</title></path>\n", line->title);
    if (line->delayed)
        put(page, "<text class=\"delay\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", end.x + 7, end.y - 5, line->label);
}

/* Draws a line that goes around on the right of everything, and comes down upon its reader. Lines of one box share
 * their way as far as it is the same; the first to a row carries the label. */
static void draw_way_back(struct page *page, const struct layout *layout, int index)
{
    const struct line *line = &layout->lines[index];
    const struct box *from = &layout->boxes[line->from], *to = &layout->boxes[line->to];
    const double track = line->track, bus = to->y - to->height / 2 - 16, x = to->x + to->width / 2 - 9,
                 side = from->y > bus ? 1 : -1;
    put_path_head(page, layout, line);
    put(page, "M%.1f %.1fH%.1fQ%.1f %.1f %.1f %.1fV%.1fQ%.1f %.1f %.1f %.1fH%.1fQ%.1f %.1f %.1f %.1fV%.1f",
        from->x + from->width / 2, from->y, track - CORNER, track, from->y, track, from->y - side * CORNER,
        bus + side * CORNER, track, bus, track - CORNER, bus, x + CORNER, x, bus, x, bus + CORNER, bus + 14);
    put(page, "\"><title>%s</title></path>\n", line->title);
    for (int i = 0; i < index; i++)
        if (layout->lines[i].track == track && layout->boxes[layout->lines[i].to].row == to->row)
            return;
    put(page, "<text class=\"delay\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", track + 5, bus + side * 10, line->label);
}

/* Draws the arrow of a box to itself, with its label. */
static void draw_loop(struct page *page, const struct box *box)
{
    const double x = box->x + box->width / 2, y = box->y, room = LOOP_ROOM;
    put(page,
        "<path class=\"line delayed\" marker-end=\"url(#arrow-delayed)\" d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f "
        "%.1f %.1f\"/>",
        x, y + 13, x + 1.6 * room, y + 17, x + 1.6 * room, y - 17, x + 2, y - 13);
    put(page, "<text class=\"delay\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", x + 1.4 * room, y + 4, box->loop);
}

static void draw_box(struct page *page, const struct box *box)
{
    const double left = box->x - box->width / 2, top = box->y - box->height / 2;
    put(page, "<g class=\"box %s\"", box->class);
    if (box->region >= 0)
        put(page, " data-region=\"%d\"", box->region);
    put(page, "><title>%s</title>", box->title);
    if (box->link)
        put(page, "<a href=\"%s\">", box->link);
    put(page, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"7\"/>", left, top, box->width,
        box->height);
    const double text = box->y - (box->line_count - 1) * BOX_LINE / 2.0 + 4;
    for (int i = 0; i < box->line_count; i++)
        put(page, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>", i ? "fact" : "name", box->x,
            text + i * BOX_LINE, box->lines[i]);
    put(page, "%s</g>\n", box->link ? "</a>" : "");
}

void draw_layout(struct page *page, const struct layout *layout, const char *id, const char *title)
{
    put(page, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"%s-title\">\n", id);
    put(page,
        "<svg id=\"%s\" class=\"graph\" role=\"img\" aria-labelledby=\"%s-title\" width=\"%.0f\" height=\"%.0f\" "
        "viewBox=\"0 0 %.0f %.0f\">\n<title id=\"%s-title\">%s</title>\n",
        id, id, layout->width, layout->height, layout->width, layout->height, id, title);
    for (int i = 0; i < layout->line_count; i++) {
        const struct line *line = &layout->lines[i];
        if (line_goes_down(line))
            draw_line(page, layout, line);
        else
            draw_way_back(page, layout, i);
    }
    for (int b = 0; b < layout->box_count; b++)
        if (layout->boxes[b].loop)
            draw_loop(page, &layout->boxes[b]);
    for (int b = 0; b < layout->box_count; b++)
        draw_box(page, &layout->boxes[b]);
    put(page, "</svg></div>\n");
}

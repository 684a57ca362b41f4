/* The roofline of one core, after Williams, Waterman and Patterson 2009: each region at the operations that it does for
 * a byte, and at the rate that is predicted for it, for one stream and for many. */
#include <math.h>
#include <string.h>

#include "report/page.h"

enum { WIDTH = 600, HEIGHT = 430, LEFT = 62, RIGHT = 18, UPPER = 22, LOWER = 52, CASES = 2 };
static const int cases[CASES] = {FEW_STREAMS, MANY_STREAMS};

struct mark {
    int region, streams;
    double intensity, rate; /* operations a byte, and a nanosecond */
    struct prediction prediction;
    double x, y;
};

/* The middle of a mark or label, and half of its width. */
struct place {
    double x, y, half;
};

struct chart {
    struct page *page;
    struct mark *marks; /* those of a region behind each other */
    int mark_count;
    double left, right, lower, upper; /* logarithms of what the edges stand for */
    struct place *taken;              /* of marks and labels */
    int taken_count;
};

static double chart_x(const struct chart *chart, double intensity)
{
    return LEFT + (log10(intensity) - chart->left) / (chart->right - chart->left) * (WIDTH - LEFT - RIGHT);
}

static double chart_y(const struct chart *chart, double rate)
{
    return HEIGHT - LOWER - (log10(rate) - chart->lower) / (chart->upper - chart->lower) * (HEIGHT - LOWER - UPPER);
}

/* ---- marks ---- */

static void add_mark(struct chart *chart, int region, int streams)
{
    const struct schedule *schedule = chart->page->schedule;
    const struct region *of = &schedule->regions[region];
    const struct load load = choose_load(of, streams, frames_of_block(schedule, streams), 1);
    const struct prediction prediction = predict_region(schedule, of, &load);
    const double flops = of->flops * streams;
    if (flops <= 0 || prediction.time <= 0 || prediction.bytes <= 0)
        return;
    chart->marks[chart->mark_count++] = (struct mark){.region = region,
                                                      .streams = streams,
                                                      .intensity = flops / prediction.bytes,
                                                      .rate = flops / prediction.time,
                                                      .prediction = prediction};
}

static void add_marks(struct chart *chart)
{
    const struct schedule *schedule = chart->page->schedule;
    chart->marks = ARENA_ARRAY(chart->page->arena, struct mark, CASES * schedule->region_count + 1);
    for (int r = 0; r < schedule->region_count; r++)
        for (int i = 0; i < CASES && region_is_predicted(&schedule->regions[r]); i++)
            add_mark(chart, r, cases[i]);
}

/* Chooses the edges: all marks, the roof, and where the slopes of all levels meet it. */
static void find_edges(struct chart *chart)
{
    const struct machine *machine = chart->page->machine;
    double least_x = 0.5, most_x = machine->flops / machine->levels[LEVEL_MEMORY].one, least_y = machine->flops / 20;
    for (int i = 0; i < chart->mark_count; i++) {
        const struct mark *mark = &chart->marks[i];
        least_x = fmin(least_x, mark->intensity);
        most_x = fmax(most_x, mark->intensity);
        least_y = fmin(least_y, mark->rate);
    }
    chart->left = floor(log10(least_x / 1.1));
    chart->right = ceil(log10(most_x * 1.5));
    chart->lower = floor(log10(least_y / 1.1));
    chart->upper = log10(machine->flops * 2.2);
    for (int i = 0; i < chart->mark_count; i++) {
        chart->marks[i].x = chart_x(chart, chart->marks[i].intensity);
        chart->marks[i].y = chart_y(chart, chart->marks[i].rate);
    }
}

/* ---- the frame ---- */

static const char *power_of_ten(const struct page *page, int exponent)
{
    return exponent < 0 ? arena_printf(page->arena, "%.*f", -exponent, pow(10, exponent))
                        : arena_printf(page->arena, "%s", quantity(page, pow(10, exponent)));
}

static void draw_grid(const struct chart *chart)
{
    struct page *page = chart->page;
    for (int e = (int)chart->left; e <= (int)chart->right; e++) {
        const double x = chart_x(chart, pow(10, e));
        put(page, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", x, UPPER, x, HEIGHT - LOWER);
        put(page, "<text class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>\n", x, HEIGHT - LOWER + 18,
            power_of_ten(page, e));
    }
    for (int e = (int)chart->lower; e <= (int)floor(chart->upper); e++) {
        const double y = chart_y(chart, pow(10, e));
        put(page, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>", LEFT, y, WIDTH - RIGHT, y);
        put(page, "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">%s</text>\n", LEFT - 7, y + 4,
            power_of_ten(page, e));
    }
    put(page,
        "<text class=\"axis\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">operations for a byte read or written</text>\n",
        (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10);
    put(page,
        "<text class=\"axis\" text-anchor=\"middle\" transform=\"translate(16 %d) rotate(-90)\">GFLOP/s of one "
        "core</text>\n",
        (UPPER + HEIGHT - LOWER) / 2);
}

static const char *level_name(int level) { return bound_name((enum bound)(BOUND_FIRST + level)); }

/* Draws the slope of a level, from the left or lower edge to the roof. Its label stands along it, below the roof. */
static void draw_slope(const struct chart *chart, int level)
{
    struct page *page = chart->page;
    const double speed = page->machine->levels[level].one, ridge = page->machine->flops / speed;
    const double begin = fmax(pow(10, chart->left), pow(10, chart->lower) / speed);
    if (begin >= ridge)
        return;
    const double x1 = chart_x(chart, begin), y1 = chart_y(chart, begin * speed), x2 = chart_x(chart, ridge),
                 y2 = chart_y(chart, page->machine->flops);
    put(page, "<line class=\"roof\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", x1, y1, x2, y2);
    const double angle = atan2(y2 - y1, x2 - x1) * 180 / 3.14159265358979;
    put(page,
        "<text class=\"level\" text-anchor=\"start\" transform=\"translate(%.1f %.1f) rotate(%.1f)\">%s %.0f "
        "GB/s</text>\n",
        x1 + (x2 - x1) * 0.06 - 3, y1 + (y2 - y1) * 0.06 - 3, angle, level_name(level), speed);
}

static void draw_roofs(const struct chart *chart)
{
    struct page *page = chart->page;
    const double y = chart_y(chart, page->machine->flops),
                 x = chart_x(chart, page->machine->flops / page->machine->levels[LEVEL_FIRST].one);
    put(page, "<line class=\"roof\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>", fmax(x, LEFT), y, WIDTH - RIGHT,
        y);
    put(page, "<text class=\"level\" text-anchor=\"start\" x=\"%.1f\" y=\"%.1f\">peak %.0f GFLOP/s</text>\n",
        fmax(x, LEFT) + 6, y - 6, page->machine->flops);
    for (int level = LEVEL_FIRST; level < LEVEL_COUNT; level++)
        draw_slope(chart, level);
}

/* ---- regions ---- */

enum { MARK_SIZE = 5, DIGIT = 7, LABEL_HEIGHT = 13, CLOSE = 3 };

static bool is_free(const struct chart *chart, struct place at)
{
    if (at.x - at.half < LEFT || at.x + at.half > WIDTH - RIGHT || at.y < UPPER || at.y > HEIGHT - LOWER - 6)
        return false;
    for (int i = 0; i < chart->taken_count; i++)
        if (fabs(chart->taken[i].x - at.x) < chart->taken[i].half + at.half &&
            fabs(chart->taken[i].y - at.y) < LABEL_HEIGHT)
            return false;
    return true;
}

static bool is_close(const struct mark *a, const struct mark *b)
{
    return fabs(a->x - b->x) < CLOSE && fabs(a->y - b->y) < CLOSE;
}

enum { NUMBERS_MOST = 6 }; /* of a label, which has to fit the chart */

/* Returns the numbers of the regions that have a mark here, "1 2 3 4 5 6 +54" where there are many; NULL if an earlier
 * mark says them. */
static const char *numbers_of(const struct chart *chart, int index)
{
    struct text text;
    text_init(&text, chart->page->arena);
    int last = -1, count = 0;
    for (int i = 0; i < chart->mark_count; i++) {
        if (!is_close(&chart->marks[i], &chart->marks[index]))
            continue;
        if (i < index)
            return NULL;
        if (chart->marks[i].region != last && count++ < NUMBERS_MOST)
            text_printf(&text, "%s%d", text.length ? " " : "", chart->marks[i].region);
        last = chart->marks[i].region;
    }
    if (count > NUMBERS_MOST)
        text_printf(&text, " +%d", count - NUMBERS_MOST);
    return text.data;
}

/* Writes the numbers of regions beside their mark, where nothing else is. */
static void draw_label(struct chart *chart, int index)
{
    const struct mark *mark = &chart->marks[index];
    const char *numbers = numbers_of(chart, index);
    if (!numbers)
        return;
    const double half = DIGIT * (double)strlen(numbers) / 2, side = half + MARK_SIZE + 3;
    const struct point places[] = {{0, -15},    {0, 16},      {side, 0}, {-side, 0}, {side, -12}, {-side, -12},
                                   {side, 12},  {-side, 12},  {0, 30},   {0, -29},   {side, 26},  {-side, 26},
                                   {side, -24}, {-side, -24}, {0, 44},   {0, 58}};
    struct place at = {mark->x + places[0].x, mark->y + places[0].y, half};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const struct place place = {mark->x + places[i].x, mark->y + places[i].y, half};
        if (!is_free(chart, place))
            continue;
        at = place;
        break;
    }
    chart->taken[chart->taken_count++] = at;
    put(chart->page, "<text class=\"number\" text-anchor=\"middle\" x=\"%.1f\" y=\"%.1f\">%s</text>", at.x, at.y + 4,
        numbers);
}

static void draw_shape(struct page *page, const struct mark *mark)
{
    const double x = mark->x, y = mark->y, r = MARK_SIZE;
    const char *class = mark->streams == FEW_STREAMS ? "few" : "many";
    switch (page->schedule->regions[mark->region].kind) {
    case REGION_SCAN:
        put(page, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>", class, x, y, r);
        break;
    case REGION_ELEMENTWISE_SCAN:
        put(page, "<path class=\"%s\" d=\"M%.1f %.1fl%.1f %.1fl%.1f %.1fl%.1f %.1fz\"/>", class, x, y - r - 1, r + 1,
            r + 1, -r - 1, r + 1, -r - 1, -r - 1);
        break;
    case REGION_FRAMES:
    case REGION_STATIC:
    case REGION_SEQUENCE:
    case REGION_LATE:
        put(page, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", class, x - r, y - r,
            2 * r, 2 * r);
        break;
    }
}

static void draw_marks(struct chart *chart)
{
    struct page *page = chart->page;
    for (int i = 0; i < chart->mark_count; i++)
        chart->taken[chart->taken_count++] = (struct place){chart->marks[i].x, chart->marks[i].y, MARK_SIZE + 1};
    for (int i = 0; i < chart->mark_count; i++) {
        const struct mark *mark = &chart->marks[i], *other = mark + 1;
        const struct region *region = &page->schedule->regions[mark->region];
        if (mark->streams == FEW_STREAMS && i + 1 < chart->mark_count && other->region == mark->region)
            put(page, "<line class=\"pair\" data-region=\"%d\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
                mark->region, mark->x, mark->y, other->x, other->y);
        put(page,
            "<g class=\"mark %s\" data-region=\"%d\"><title>%s, %d stream%s: %.2f operations a byte, %.1f GFLOP/s, "
            "%s</title>",
            kind_class(region), mark->region, escape(page, region->name), mark->streams, plural(mark->streams),
            mark->intensity, mark->rate, bound_name(mark->prediction.bound));
        draw_shape(page, mark);
        draw_label(chart, i);
        put(page, "</g>\n");
    }
}

/* ---- the table ---- */

static void write_cells(struct page *page, const struct mark *mark)
{
    put(page, "<td>%.2f</td><td>%.1f</td><td>%.0f %%</td><td class=\"word\">%s</td>", mark->intensity, mark->rate,
        100 * mark->rate / page->machine->flops, bound_name(mark->prediction.bound));
}

static void write_table(const struct chart *chart)
{
    struct page *page = chart->page;
    put(page, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table of the roofline\"><table>\n"
              "<caption>Each region on one thread</caption>\n<thead><tr><th scope=\"col\" rowspan=\"2\">no.</th>"
              "<th scope=\"col\" rowspan=\"2\" class=\"word\">region</th>");
    for (int i = 0; i < CASES; i++)
        put(page, "<th scope=\"colgroup\" colspan=\"4\">%d stream%s</th>", cases[i], plural(cases[i]));
    put(page, "</tr>\n<tr>");
    for (int i = 0; i < CASES; i++)
        put(page, "<th scope=\"col\">flop/B</th><th scope=\"col\">GFLOP/s</th><th scope=\"col\">of peak</th>"
                  "<th scope=\"col\" class=\"word\">bound</th>");
    put(page, "</tr></thead>\n<tbody>\n");
    for (int i = 0; i + CASES <= chart->mark_count; i += CASES) {
        const struct mark *mark = &chart->marks[i];
        put(page, "<tr data-region=\"%d\"><td>%d</td><th scope=\"row\">%s</th>", mark->region, mark->region,
            region_link(page, mark->region));
        for (int k = 0; k < CASES; k++)
            write_cells(page, mark + k);
        put(page, "</tr>\n");
    }
    put(page, "</tbody></table></div>\n");
}

void write_roofline(struct page *page)
{
    struct chart chart = {.page = page};
    add_marks(&chart);
    find_edges(&chart);
    chart.taken = ARENA_ARRAY(page->arena, struct place, 2 * chart.mark_count + 1);
    put(page,
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"roofline-title\">"
        "<svg id=\"roofline-chart\" class=\"chart\" role=\"img\" aria-labelledby=\"roofline-title\" "
        "viewBox=\"0 0 %d %d\">\n<title id=\"roofline-title\">Roofline of one core of %s, with each region</title>\n",
        WIDTH, HEIGHT, escape(page, page->machine->name));
    draw_grid(&chart);
    draw_roofs(&chart);
    draw_marks(&chart);
    put(page,
        "</svg></div>\n"
        "<p class=\"legend\"><span class=\"frames\">■</span> frames <span class=\"scan\">●</span> scan "
        "<span class=\"elementwise\">◆</span> elementwise scan; hollow for %d stream, filled for %d streams</p>\n",
        FEW_STREAMS, MANY_STREAMS);
    write_table(&chart);
}

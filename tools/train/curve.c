#include "train/curve.h"

#include <math.h>

#include "base/arena.h"
#include "base/text.h"
#include "data/array.h"
#include "data/file.h"

/* ---- points ---- */

void curve_start(struct curve *curve) { *curve = (struct curve){.stride = 1}; }

static void merge_neighbours(struct curve *curve)
{
    curve->count /= 2;
    curve->stride *= 2;
    for (int i = 0; i < curve->count; i++) {
        curve->x[i] = curve->x[2 * i + 1];
        curve->y[i] = (curve->y[2 * i] + curve->y[2 * i + 1]) / 2;
    }
}

void curve_add(struct curve *curve, double x, double y)
{
    if (!isfinite(y))
        return;
    curve->sum += y;
    curve->last = x;
    if (++curve->waiting < curve->stride)
        return;
    if (curve->count == CURVE_POINTS) {
        merge_neighbours(curve);
        return; /* this value is the first half of a point now */
    }
    curve->x[curve->count] = x;
    curve->y[curve->count++] = curve->sum / curve->waiting;
    curve->sum = curve->waiting = 0;
}

struct array curve_array(struct arena *arena, const struct curve *curve, const char *name)
{
    struct array array = {.name = name, .type = ARRAY_F64, .rank = 2, .shape = {2 + curve->count, 2}};
    array.data = ARENA_ARRAY(arena, double, 4 + 2 * curve->count);
    array.data[0] = curve->stride;
    array.data[1] = curve->waiting;
    array.data[2] = curve->last;
    array.data[3] = curve->sum;
    for (int i = 0; i < curve->count; i++) {
        array.data[4 + 2 * i] = curve->x[i];
        array.data[5 + 2 * i] = curve->y[i];
    }
    return array;
}

bool curve_restore(struct curve *curve, const struct array *array)
{
    if (array->rank != 2 || array->shape[1] != 2 || array->shape[0] < 2 || array->shape[0] > 2 + CURVE_POINTS)
        return false;
    *curve = (struct curve){.count = (int)array->shape[0] - 2,
                            .stride = array->data[0],
                            .waiting = array->data[1],
                            .last = array->data[2],
                            .sum = array->data[3]};
    bool good = curve->stride >= 1 && isfinite(curve->stride) && curve->waiting >= 0 &&
                curve->waiting < curve->stride && isfinite(curve->last) && isfinite(curve->sum);
    for (int i = 0; i < curve->count; i++) {
        curve->x[i] = array->data[4 + 2 * i];
        curve->y[i] = array->data[5 + 2 * i];
        good &= isfinite(curve->x[i]) && isfinite(curve->y[i]) && curve->x[i] >= (i ? curve->x[i - 1] : 0);
    }
    return good;
}

/* ---- picture ---- */

enum { WIDTH = 720, HEIGHT = 420, LEFT = 70, RIGHT = 20, TOP = 40, BOTTOM = 50 };

/* An axis: values begin .. end, a multiple of `tick` each, lie on pixels from .. to. */
struct axis {
    double begin, end, tick, from, to;
};

/* Round numbers for about `parts` ticks: 1, 2 or 5 times a power of 10. */
static struct axis make_axis(double least, double most, double parts, double from, double to)
{
    double span = most > least ? most - least : fabs(most) > 0 ? fabs(most) : 1;
    double power = pow(10, floor(log10(span / parts))), rest = span / parts / power;
    double tick = power * (rest <= 1 ? 1 : rest <= 2 ? 2 : rest <= 5 ? 5 : 10);
    struct axis axis = {floor(least / tick) * tick, ceil(most / tick) * tick, tick, from, to};
    if (axis.end <= axis.begin)
        axis.end = axis.begin + tick;
    return axis;
}

static double place(const struct axis *axis, double value)
{
    return axis->from + (value - axis->begin) / (axis->end - axis->begin) * (axis->to - axis->from);
}

static void draw_axes(struct text *out, const struct axis *x, const struct axis *y)
{
    int x_ticks = (int)lround((x->end - x->begin) / x->tick), y_ticks = (int)lround((y->end - y->begin) / y->tick);
    for (int i = 0; i <= y_ticks; i++) {
        double value = y->begin + i * y->tick, at = place(y, value);
        text_printf(out, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", LEFT, at,
                    WIDTH - RIGHT, at);
        text_printf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.6g</text>\n", LEFT - 8, at + 4,
                    fabs(value) < y->tick / 2 ? 0 : value);
    }
    for (int i = 0; i <= x_ticks; i++) {
        double value = x->begin + i * x->tick, at = place(x, value);
        text_printf(out, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#333\"/>\n", at, HEIGHT - BOTTOM,
                    at, HEIGHT - BOTTOM + 5);
        text_printf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.8g</text>\n", at, HEIGHT - BOTTOM + 20,
                    value);
    }
    text_printf(out, "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#333\"/>\n", LEFT, TOP, HEIGHT - BOTTOM,
                WIDTH - RIGHT);
}

static void draw_line(struct text *out, const struct curve_line *line, int number, const struct axis *x,
                      const struct axis *y)
{
    const struct curve *curve = line->curve;
    text_printf(out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"", line->colour);
    for (int i = 0; i < curve->count; i++)
        text_printf(out, "%s%.1f,%.1f", i ? " " : "", place(x, curve->x[i]), place(y, curve->y[i]));
    text_puts(out, "\"/>\n");
    for (int i = 0; i < curve->count && curve->count <= 100; i++)
        text_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"%s\"/>\n", place(x, curve->x[i]),
                    place(y, curve->y[i]), line->colour);
    int at = TOP + 10 + 18 * number;
    text_printf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"3\"/>\n",
                WIDTH - RIGHT - 130, at, WIDTH - RIGHT - 106, at, line->colour);
    text_printf(out, "<text x=\"%d\" y=\"%d\">%s %.4g</text>\n", WIDTH - RIGHT - 100, at + 4, line->name,
                curve->y[curve->count - 1]);
}

/* Escapes a text for XML. */
static const char *escape(struct arena *arena, const char *string)
{
    struct text out;
    text_init(&out, arena);
    text_puts(&out, "");
    for (; *string; string++) {
        if (*string == '<' || *string == '&')
            text_printf(&out, "&#%d;", *string);
        else
            text_append(&out, string, 1);
    }
    return out.data;
}

bool curve_draw(struct arena *arena, const char *path, const char *title, const char *x_name, const char *y_name,
                const struct curve_line *lines, int count, const char **error)
{
    double last = 0, least = INFINITY, most = -INFINITY;
    for (int k = 0; k < count; k++)
        for (int i = 0; i < lines[k].curve->count; i++) {
            last = fmax(last, lines[k].curve->x[i]);
            least = fmin(least, lines[k].curve->y[i]);
            most = fmax(most, lines[k].curve->y[i]);
        }
    if (least > most)
        least = most = 0;
    struct axis x = make_axis(0, last, 6, LEFT, WIDTH - RIGHT);
    struct axis y = make_axis(least, most, 5, HEIGHT - BOTTOM, TOP);
    struct text out;
    text_init(&out, arena);
    text_printf(&out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
                "font-size=\"12\">\n<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n",
                WIDTH, HEIGHT, WIDTH, HEIGHT);
    text_printf(&out, "<text x=\"%d\" y=\"22\" font-size=\"15\">%s</text>\n", LEFT, escape(arena, title));
    draw_axes(&out, &x, &y);
    text_printf(&out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", (LEFT + WIDTH - RIGHT) / 2,
                HEIGHT - 10, escape(arena, x_name));
    text_printf(&out, "<text x=\"16\" y=\"%d\" text-anchor=\"middle\" transform=\"rotate(-90 16 %d)\">%s</text>\n",
                (TOP + HEIGHT - BOTTOM) / 2, (TOP + HEIGHT - BOTTOM) / 2, escape(arena, y_name));
    int number = 0;
    for (int k = 0; k < count; k++)
        if (lines[k].curve->count)
            draw_line(&out, &lines[k], number++, &x, &y);
    text_puts(&out, "</svg>\n");
    return file_write(arena, path, out.data, out.length, error);
}

/* The report as a page, which needs nothing but itself: what was chosen, the trade-off, and the spectra. */
#include <math.h>

#include "base/arena.h"
#include "factor/search.h"

enum { WIDTH = 640, HEIGHT = 340, LEFT = 84, RIGHT = 16, TOP = 16, BOTTOM = 48, TICKS = 4 };

static const char style[] =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1c2126;--soft:#59636e;--rule:#d5dae0;--good:#2468b0;"
    "--worse:#b3401f}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--paper:#15191e;--ink:#e3e7eb;--soft:#a0abb6;--rule:#353d46;"
    "--good:#79b3ea;--worse:#f0906d}}\n"
    "body{margin:0 auto;max-width:60rem;padding:1.5rem 1.25rem 4rem;background:var(--paper);color:var(--ink);"
    "font:16px/1.5 system-ui,'DejaVu Sans',sans-serif}\n"
    "svg{max-width:100%;height:auto}svg text{fill:var(--soft);font-size:12px}svg line{stroke:var(--rule)}\n"
    "circle{fill:var(--good)}circle.worse{fill:none;stroke:var(--worse);stroke-width:1.5}circle.taken{"
    "stroke:var(--ink);stroke-width:2.5}polyline{fill:none;stroke:var(--good);stroke-width:1.5}\n"
    "pre{overflow-x:auto;font-size:.85rem}p{max-width:46rem}\n";

/* Appends text of the user's. */
static void put_escaped(struct text *out, const char *string)
{
    for (; *string; string++)
        if (*string == '&')
            text_puts(out, "&amp;");
        else if (*string == '<')
            text_puts(out, "&lt;");
        else if (*string == '>')
            text_puts(out, "&gt;");
        else if (*string == '"')
            text_puts(out, "&quot;");
        else
            text_append(out, string, 1);
}

/* ---- axes ---- */

/* Values from `least` to `most` lie on pixels from .. to. */
struct axis {
    double least, most, from, to;
};

static struct axis axis_new(double least, double most, double from, double to)
{
    const double margin = most > least ? 0.05 * (most - least) : fmax(1e-3, 0.05 * fabs(most));
    return (struct axis){least - margin, most + margin, from, to};
}

static double place(const struct axis *axis, double value)
{
    return axis->from + (value - axis->least) / (axis->most - axis->least) * (axis->to - axis->from);
}

static void begin_chart(struct text *out, const struct axis *x, const struct axis *y, const char *x_name,
                        const char *y_name)
{
    text_printf(out, "<svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT,
                WIDTH, HEIGHT);
    put_escaped(out, y_name);
    text_puts(out, "\">\n");
    for (int i = 0; i <= TICKS; i++) {
        const double part = (double)i / TICKS;
        const double across = x->least + part * (x->most - x->least), up = y->least + part * (y->most - y->least);
        text_printf(out, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>\n", LEFT, place(y, up), WIDTH - RIGHT,
                    place(y, up));
        text_printf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.4g</text>\n", LEFT - 8, place(y, up) + 4, up);
        text_printf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.3g</text>\n", place(x, across),
                    HEIGHT - BOTTOM + 18, across);
    }
    text_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", WIDTH - RIGHT, HEIGHT - 8, x_name);
}

/* ---- charts ---- */

static void put_point(const struct search *search, const struct state *state, const struct axis *x,
                      const struct axis *y, struct text *out)
{
    struct text forms;
    text_init(&forms, search->factoring->arena);
    report_state(search, state, &forms);
    const char *kind = state == search->found ? "taken" : state->verdict == VERDICT_GOOD ? "good" : "worse";
    text_printf(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"><title>%.3f us, %.6g: ", kind,
                place(x, state->time / 1e3), place(y, state->metric), state->time / 1e3, state->metric);
    put_escaped(out, forms.data);
    text_puts(out, "</title></circle>\n");
}

/* Draws the metric of what was tried over its time; what is far beyond the tolerance is left out. */
static void draw_trials(const struct search *search, struct text *out)
{
    const struct factor_options *options = search->factoring->options;
    const double dense = search->states[0].metric, span = fmax(4 * options->tolerance, 1e-3 * fabs(dense));
    double least = dense, most = dense, shortest = search->states[0].time, longest = shortest;
    for (int i = 0; i < search->state_count; i++) {
        const struct state *state = &search->states[i];
        if (!(fabs(state->metric - dense) <= span))
            continue;
        least = fmin(least, state->metric);
        most = fmax(most, state->metric);
        shortest = fmin(shortest, state->time);
        longest = fmax(longest, state->time);
    }
    const struct axis x = axis_new(shortest / 1e3, longest / 1e3, LEFT, WIDTH - RIGHT);
    const struct axis y = axis_new(least, most, HEIGHT - BOTTOM, TOP);
    text_printf(out,
                "<h2>What was tried</h2>\n<p>%s over the predicted time. Filled: within the tolerance of %g; ringed: "
                "taken. The dense network has %.6g at %.3f us. Far worse ones are only in the list below.</p>\n",
                options->metric_name, options->tolerance, dense, search->states[0].time / 1e3);
    begin_chart(out, &x, &y, "us a frame, predicted", options->metric_name);
    for (int i = 0; i < search->state_count; i++)
        if (fabs(search->states[i].metric - dense) <= span)
            put_point(search, &search->states[i], &x, &y, out);
    text_puts(out, "</svg>\n");
}

/* Draws the energy that the first singular values keep. */
static void draw_spectrum(const struct factoring *factoring, const struct matrix *matrix, struct text *out)
{
    enum { POINTS = 200 };
    const struct spectrum *spectrum = &matrix->spectrum;
    const struct axis x = {0, spectrum->count, LEFT, WIDTH - RIGHT}, y = {0, 1, HEIGHT - BOTTOM, TOP};
    text_puts(out, "<h3>");
    put_escaped(out, matrix->value->name);
    text_printf(out, " %s: %s</h3>\n", shape_text(factoring->arena, &matrix->value->shape),
                choice_text(factoring->arena, &matrix->choice));
    begin_chart(out, &x, &y, "rank", "energy kept");
    text_puts(out, "<polyline points=\"");
    const int step = spectrum->count / POINTS + 1;
    for (int rank = 0; rank < spectrum->count; rank += step)
        text_printf(out, "%.1f,%.1f ", place(&x, rank), place(&y, spectrum_kept(spectrum, rank)));
    text_printf(out, "%.1f,%.1f\"/>\n", place(&x, spectrum->count), place(&y, 1));
    if (matrix->choice.form == FORM_SVD)
        text_printf(out, "<circle class=\"taken\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>\n", place(&x, matrix->choice.rank),
                    place(&y, spectrum_kept(spectrum, matrix->choice.rank)));
    text_puts(out, "</svg>\n");
}

void report_page(const struct factoring *factoring, const struct text *report, struct text *out)
{
    text_puts(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                   "content=\"width=device-width\"><title>");
    put_escaped(out, factoring->program->name);
    text_printf(out, ": forms</title>\n<style>\n%s</style></head><body>\n<h1>", style);
    put_escaped(out, factoring->program->name);
    text_puts(out, ": forms of its weights</h1>\n");
    if (factoring->search)
        draw_trials(factoring->search, out);
    text_puts(out, "<h2>Report</h2>\n<pre>");
    put_escaped(out, report->data);
    text_puts(out,
              "</pre>\n<h2>Spectra</h2>\n<p>The part of the energy, the sum of the squares of the singular values, "
              "that matrices of a rank keep. The ring: as chosen.</p>\n");
    for (int i = 0; i < factoring->matrix_count; i++)
        if (factoring->matrices[i].spectrum.count)
            draw_spectrum(factoring, &factoring->matrices[i], out);
    text_puts(out, "</body></html>\n");
}

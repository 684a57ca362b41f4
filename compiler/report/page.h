/* Declarations shared by the files of report. */
#ifndef RNNC_REPORT_PAGE_H
#define RNNC_REPORT_PAGE_H

#include "base/arena.h"
#include "base/machine.h"
#include "base/text.h"
#include "report/layout.h"
#include "report/report.h"
#include "schedule/predict.h"

struct page {
    const struct schedule *schedule;
    const struct machine *machine;
    struct arena *arena;
    struct text *out;
};

/* The numbers of streams that the page predicts for. */
enum { FEW_STREAMS = 1, MANY_STREAMS = 16 };

/* ---- escape.c ---- */

/* Writes like printf. Every string from outside, names and C, goes through escape or cut first. */
void put(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns text as HTML: between tags, or between double quotes. */
const char *escape(const struct page *page, const char *text);
/* Returns the same for so many characters at most, the last of which may stand for the rest: an ellipsis. */
const char *cut(const struct page *page, const char *text, int most);
/* Returns a number with three digits and a prefix: "35.5 k" before a unit. */
const char *quantity(const struct page *page, double number);
/* Returns nanoseconds as "1.18 µs" or the like. */
const char *duration(const struct page *page, double nanoseconds);

/* ---- style.c ---- */

/* The look of the page, and its script. */
extern const char page_style[], page_script[];

/* ---- regions.c: what several parts of the page say about a region ---- */

/* Returns the name of a kind in the style sheet: "scan". */
const char *kind_class(const struct region *region);
/* Returns a link to the region's section, by its name. */
const char *region_link(const struct page *page, int region);
/* Returns the delayed reads by which a region needs its own past: "h[t-1], c[t-1]", or NULL. */
const char *cycle_label(const struct page *page, int region);
/* Returns a value's name without the path of the region's instance, or the name of its operation. */
const char *value_name(const struct page *page, const struct region *region, int node);
/* True for a node whose value is drawn in the graph of a region: it has an equation, or others read it. */
bool value_is_drawn(const struct page *page, int node);

/* ---- the parts of the page ---- */

enum { BOX_LINE = 16 }; /* the height of a line of text in a box */
/* draw.c: writes a graph that has been laid out as SVG. `id` names it, `title` says what it shows. */
void draw_layout(struct page *page, const struct layout *layout, const char *id, const char *title);

void write_region_graph(struct page *page);
void write_roofline(struct page *page);
void write_timeline(struct page *page);
/* The values of a region, and how they read each other. */
void write_value_graph(struct page *page, int region);
void write_region_sections(struct page *page, const struct emit_options *options);
/* C, with comments and words of the language marked. */
void write_c(struct page *page, const char *code);
void write_program(struct page *page);

#endif

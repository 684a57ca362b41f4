/* report: --emit=html, one page that shows a schedule: its regions as a graph, on a roofline and over threads, and
 * their equations beside the C. The page needs nothing but itself, and says everything without its script.
 * Deterministic to the byte. */
#ifndef RNNC_REPORT_REPORT_H
#define RNNC_REPORT_REPORT_H

#include "emit/emit.h"

void report_html(const struct schedule *schedule, const struct emit_options *options, struct arena *arena,
                 struct text *out);

#endif

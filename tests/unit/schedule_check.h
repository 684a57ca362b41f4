/* For tests of the schedule: a program's text in, its regions, kernels and buffers out as short lines. */
#ifndef TEST_SCHEDULE_CHECK_H
#define TEST_SCHEDULE_CHECK_H

#include "graph_check.h"
#include "schedule/schedule.h"

struct scheduled {
    struct lowered lowered;
    struct schedule *schedule;
};

/* All switches on, blocks chosen by size. */
extern const struct schedule_options default_schedule_options;

/* Runs all stages from the text to assign-buffers. */
struct scheduled schedule_program(const char *text, const struct schedule_options *options);
/* Does the same for its losses and their gradients. */
struct scheduled schedule_training(const char *text, const struct schedule_options *options);
void scheduled_free(struct scheduled *scheduled);

/* One line a region, kernels by phase:
 *     "h_scan: scan: 0 panel 4x8 by h[t-1]"          four rows of eight units
 *     "y_frames: frames: 0 elementwise 8; 1 column 1"
 * with "pass 1 reversed scan" and "scan of 3 frames" where they apply. Of operands that do not cover all rows, rows are
 * told: "by x (0..1)". */
const char *schedule_lines(const struct scheduled *scheduled);

/* Fails the test unless the program's lines are these; `lines` ends with NULL. */
void expect_schedule(const char *text, const struct schedule_options *options, const char *const *lines);

/* Returns the storage of the value called `name`, e.g. "frame, past 1, in place", "block, past 3 from k". */
const char *buffer_text(const struct scheduled *scheduled, const char *name);

#endif

/* Schedules by the compiler to break by hand in one place, and the judge of each. */
#ifndef TEST_BROKEN_SCHEDULE_H
#define TEST_BROKEN_SCHEDULE_H

#include "schedule_check.h"

/* A program that looks back: a scan with products whose value is overwritten in place, an elementwise one, ids,
 * columns, and gathered values. */
extern const char *const looks_back;

/* Two scans, the second of which runs backward. */
extern const char *const looks_ahead;

/* Four frames at a time, by way of a value that only the scan reads. */
extern const char *const looks_far_back;

/* A scan that begins with the last value of another. */
extern const char *const begins_late;

extern const char *const trains;

/* Schedules a program; one with a loss for training. */
struct scheduled schedule(const char *text);
int id_of(const struct scheduled *scheduled, const char *name);
struct region *region_of(const struct scheduled *scheduled, const char *name);
struct kernel *kernel_of(const struct scheduled *scheduled, const char *name);
struct buffer *buffer_of(const struct scheduled *scheduled, const char *name);
/* The only node with this operation, or the first. */
int id_of_op(const struct scheduled *scheduled, enum op op);
/* The last reader of a value with this operation. */
int reader_of(const struct scheduled *scheduled, const char *name, enum op op);
/* Names of values stand in the message as they do here: "%h is computed twice". */
void expect_wrong(struct scheduled *scheduled, const char *wanted);
/* The same by a format, for values without names: "%%%d reads %%h before it is there". */
__attribute__((format(printf, 2, 3))) void expect_wrong_about(struct scheduled *scheduled, const char *format, ...);

#endif

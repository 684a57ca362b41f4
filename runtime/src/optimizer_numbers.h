/* Shared by optimisers and schedules: options that are numbers with names and ranges, and whole powers. */
#ifndef RNN_SRC_OPTIMIZER_NUMBERS_H
#define RNN_SRC_OPTIMIZER_NUMBERS_H

#include "rnn/model.h"

enum range { RANGE_FROM_0, RANGE_ABOVE_0, RANGE_DECAY, RANGE_FACTOR, RANGE_WHOLE, RANGE_WHOLE_FROM_1 };

/* A field of an options struct, a double. */
struct number {
    const char *name;
    size_t offset;
    unsigned kinds; /* bit k: kind k has it */
    enum range range;
};

/* One kind's numbers: those of `numbers` whose `kinds` have the bit of `kind`. */
struct numbers {
    const struct number *numbers;
    int count;
    int kind;
    const char *name; /* of the kind, for messages */
};

/* Set a number, and check all. Both fail with RNN_ERROR_ARGUMENT and a sentence; set then leaves the options as they
 * are. */
rnn_status rnn_numbers_set(const struct numbers *numbers, void *options, const char *name, double value,
                           rnn_error *error);
rnn_status rnn_numbers_check(const struct numbers *numbers, const void *options, rnn_error *error);

/* Returns x^k by squaring: unlike pow, the same on every machine. */
double rnn_power(double x, uint64_t k);

#endif

/* The identity of a training: sums that differ if its program or its data do. A checkpoint goes on only with the same.
 */
#ifndef RNN_TOOLS_IDENTITY_H
#define RNN_TOOLS_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "train/dataset.h"
#include "train/train_options.h"

struct identity {
    uint32_t program; /* its text but for layout and comments */
    uint32_t data, held;
};

/* False, with a sentence, if the program cannot be read again. */
bool identity_find(const struct train_options *options, const struct dataset *data, const struct dataset *held,
                   struct identity *identity, const char **error);

/* The sum of the sequences, in order: of all numbers that they have in any column. */
uint32_t identity_sum_data(const struct dataset *data);

/* The sum of a file's bytes. */
bool identity_sum_file(struct arena *arena, const char *path, uint32_t *result, const char **error);

/* The sum of the program and of what it imports; *sum is not set where they have errors. */
bool identity_sum_program(const struct network_options *options, uint32_t *sum, const char **error);

#endif

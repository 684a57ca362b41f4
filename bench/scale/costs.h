/* The costs of a step of a training for one rank, in seconds on a core of the machine where it was measured.
 *
 * `rnn_scale costs` measures it: a network's call, part by part, the step of the optimiser, and the arithmetic of
 * compression, each call of factors.h and halves.h by itself. Where costs are at hand, these calls do nothing but take
 * that time: the linker puts costs_wrap.c in their place (--wrap).
 *
 * A file of costs is JSON:
 *
 *     {"real_size": 4, "streams": 16, "frames": 35, "forward": 0.21, "backward": 0.45, "learn": 0.03,
 *      "add": 1.2e-10, "add_half": 2.1e-9,
 *      "parameters": [{"name": "E", "shape": [10000, 650], "fixed": 0}, ...],
 *      "finished": [[6, 0, 1690000, 0.01], ...],     parameters, the first of their numbers and how many of them, and
 *                                                    when within backward the gradients of these are complete
 *      "arithmetic": [["make_p", 2600, 650, 4, 0.004], ...]}         rows, columns, rank of factors, seconds */
#ifndef RNN_COSTS_H
#define RNN_COSTS_H

#include <stdbool.h>

#include "rnn/model.h"

struct arena;

struct finished {
    int parameter;
    size_t first, count;
    double seconds;
};

/* A call of this name for a matrix of this size; halves have only rows, and rank 0. */
struct arithmetic {
    const char *name;
    int rows, columns, rank;
    double seconds;
};

struct costs {
    struct arena *arena;
    int real_size, streams, frames;
    double forward, backward, learn;
    double add, add_half; /* of a byte that a sum adds to another */
    rnn_tensor *parameters;
    int parameter_count;
    struct finished *finished;
    int finished_count;
    struct arithmetic *arithmetic;
    int arithmetic_count, arithmetic_capacity;
};

/* False, with a sentence, if the file cannot be read or is none of costs. */
bool costs_read(struct costs *costs, struct arena *arena, const char *path, const char **error);
/* Writes such a file to standard output. */
void costs_write(const struct costs *costs);

/* Returns how many numbers it has. */
size_t costs_units(const rnn_tensor *parameter);

/* Lets the calling rank compute for so long. */
void costs_take(double seconds);
/* The same for adding so many bytes of a message to others. */
void costs_take_add(const struct costs *costs, double bytes, bool halves);

/* Notes what a call took, if it is less than before. */
void costs_note(struct costs *costs, const struct arithmetic *call);
/* Takes the time of a call; ends the program if it has not been measured. */
void costs_take_call(const struct costs *costs, const struct arithmetic *call);

#endif

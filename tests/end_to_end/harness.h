/* A network that rnnc emitted under the prefix `network`, with memory, weights and random input, used through its
 * descriptor. */
#ifndef RNNC_TESTS_END_TO_END_HARNESS_H
#define RNNC_TESTS_END_TO_END_HARNESS_H

#include <stdbool.h>

#include "rnn/model.h"

enum { MAX_PORTS = 8 };

struct harness {
    const rnn_model *model;
    int frames, streams;
    void *parameters, *packed, *work; /* work: for `frames` and `streams` */
    void *inputs[MAX_PORTS];          /* frame: [frames][streams][n]; sequence: [streams][n] */
    rnn_real *outputs[MAX_PORTS];
};

/* Makes a network with weights and inputs drawn from `seed`, and packed weights. Ends the process if memory is missing
 * or packing fails. */
struct harness *harness_new(int frames, int streams, uint64_t seed);
void harness_free(struct harness *harness);

/* Returns a fresh state for so many streams; freed with free(). */
void *harness_state(const struct harness *harness, int streams);

/* Returns the elements of one frame of one stream. */
size_t port_width(const rnn_tensor *port);

/* Returns the elements of a port for so many frames and streams. */
size_t port_elements(const rnn_tensor *port, int frames, int streams);

/* Frames of calls that share memory: in blocks of 16 frames, one or several as streams are few or many. */
enum { GRID = 3 };
extern const int grid_frames[GRID];

/* True if sizes of memory never shrink with more frames or streams, count numbers below 0 as 0, and are SIZE_MAX if
 * they would be too large for memory. Prints failures to standard error. */
bool sizes_grow(size_t (*state_size)(int streams), size_t (*work_size)(int frames, int streams));

/* Returns exactly `size` bytes, so that a sanitizer sees the first byte behind them. */
void *exact_alloc(size_t size, size_t alignment);

#endif

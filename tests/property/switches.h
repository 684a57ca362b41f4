/* Inside a batch: the switches of rnnc and of the C compiler that a seed chooses. */
#ifndef PROPERTY_SWITCHES_H
#define PROPERTY_SWITCHES_H

#include "pipeline.h"

struct batch_options;

/* Chooses one of eight rows in which every two switches meet in all four ways, and each with each length of a block:
 * the orthogonal array L8(4^1 2^4). */
struct pipeline_options batch_options_of(const struct batch_options *batch, uint64_t seed);

/* Chooses how a file is compiled. */
const char *batch_compilation(const struct batch_options *batch, uint64_t seed);

/* Chooses options for threads; "": every fifth file has no OpenMP. */
const char *batch_threading(const struct batch_options *batch, uint64_t seed);

#endif

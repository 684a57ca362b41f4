/* Numbers of a gradient in half precision (compress.h), at a power of two of which all ranks know. */
#ifndef RNN_TOOLS_HALVES_H
#define RNN_TOOLS_HALVES_H

#include <stddef.h>
#include <stdint.h>

/* Of numbers that are all 0, and of which one is not finite. */
enum { HALVES_ALL_ZERO = -2000, HALVES_NOT_FINITE = 2000 };

/* Returns an exponent e of two such that all numbers, of 4 or 8 bytes, are below 2^e. */
int halves_find_exponent(const void *numbers, size_t count, int real_size);

/* Returns the power of two that brings numbers below 2^exponent, and sums of theirs over so many ranks, within range; 0
 * if there is nothing to round. */
double halves_find_scale(int exponent, int ranks);

/* halves = numbers * scale, rounded */
void halves_round(const void *numbers, size_t count, int real_size, double scale, uint16_t *halves);
/* numbers = halves / scale */
void halves_widen(const uint16_t *halves, size_t count, double scale, void *numbers, int real_size);

#endif

/* What C without a runtime takes of a microcontroller, for --emit=explain: in plain C, whose lanes hold one number,
 * sizes are known. */
#ifndef RNNC_EXPLAIN_MEMORY_H
#define RNNC_EXPLAIN_MEMORY_H

#include <stddef.h>

struct arena;
struct schedule;
struct text;

/* Returns the bytes of the packed weights of plain C that packs them itself. */
size_t explain_packed_bytes(const struct schedule *schedule);

void explain_memory(const struct schedule *schedule, struct arena *arena, struct text *out);

#endif

/* What C without a runtime takes of a microcontroller, for --emit=explain: in plain C, whose lanes hold one number,
 * sizes are known. */
#ifndef RNNC_EXPLAIN_MEMORY_H
#define RNNC_EXPLAIN_MEMORY_H

struct arena;
struct schedule;
struct text;

void explain_memory(const struct schedule *schedule, struct arena *arena, struct text *out);

#endif

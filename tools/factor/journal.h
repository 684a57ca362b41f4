/* The checkpoint of `rnn factor`: a folder with what has been judged, in tried.json, and with trainings.
 *
 * A search that goes on takes the same steps again, and finds here the metrics of those that had been taken: of a
 * network as it was factored, and of one after each epoch of training. What decides metrics has to be the same:
 * program, weights, data, metric and seed. What the search looks for may change: tolerance, streams, frames, threads.
 */
#ifndef RNN_TOOLS_JOURNAL_H
#define RNN_TOOLS_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct arena;

struct journal {
    struct arena *arena;
    const char *folder; /* NULL: nothing is kept */
    json_t *root;
};

/* A network that has been judged. */
struct judged {
    double metric;  /* the best; NaN where it is not finite */
    int epochs;     /* of training */
    int best_epoch; /* 0: before the first */
};

/* What the metrics belong to. */
struct journal_identity {
    uint32_t program, weights, data;
    const char *options, *metric; /* options: those that decide what the network computes */
    uint64_t seed;
};

/* Makes the folder if it is not there. One that holds something is refused, but for `resume` one with the journal of
 * the same identity. A folder of NULL opens a journal that keeps nothing. */
bool journal_open(struct journal *journal, struct arena *arena, const char *folder, bool resume,
                  const struct journal_identity *identity, const char **error);
void journal_close(struct journal *journal);

/* Finds what has been judged under that name. */
bool journal_find(const struct journal *journal, const char *name, struct judged *judged);

/* Adds it, or replaces it. The file is written as a whole. */
bool journal_add(struct journal *journal, const char *name, const struct judged *judged, const char **error);

#endif

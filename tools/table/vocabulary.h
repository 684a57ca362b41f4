/* Vocabularies: the symbols of a text that ids stand for. Ids count the symbols in ascending order of their codes. A
 * vocabulary is kept in the metadata of a weights file, so that a network trained on a text can read another, or write
 * one. */
#ifndef RNN_TOOLS_VOCABULARY_H
#define RNN_TOOLS_VOCABULARY_H

#include "data/text.h"

struct vocabulary {
    bool bytes;
    int count;
    const uint32_t *codes; /* [count], ascending */
};

/* The symbols that occur. */
struct vocabulary vocabulary_build(struct arena *arena, const uint32_t *codes, size_t count, bool bytes);

/* The id of a symbol; -1: not in the vocabulary. */
int32_t vocabulary_find(const struct vocabulary *vocabulary, uint32_t code);

/* "characters 0a 20 61 ..." or "bytes ...", the value of VOCABULARY_KEY; false if it is malformed. */
#define VOCABULARY_KEY "rnnc.vocabulary"
const char *vocabulary_print(struct arena *arena, const struct vocabulary *vocabulary);
bool vocabulary_parse(struct arena *arena, const char *text, struct vocabulary *vocabulary);

/* The vocabulary of a weights file; NULL with *error if it has none. */
const struct vocabulary *vocabulary_load(struct arena *arena, const char *path, const char **error);

#endif

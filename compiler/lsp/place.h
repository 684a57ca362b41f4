/* Places as the protocol counts them: lines from 0, and within a line UTF-16 code units from 0. */
#ifndef RNNC_LSP_PLACE_H
#define RNNC_LSP_PLACE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/source.h"

struct place {
    size_t line, character;
};

/* Reads {"line": .., "character": ..}. */
bool place_read(const json_t *json, struct place *place);

/* The byte of the text at a place: at most the end of its line, or the end of the text where it has fewer lines. */
size_t place_offset(const char *text, size_t length, struct place place);

/* Ranges of the source, within the file that they are in: {"start": .., "end": ..}. */
json_t *place_range(const struct source *source, struct span span);

/* The range that is all of the text, and beyond its end. */
json_t *place_everything(void);

#endif

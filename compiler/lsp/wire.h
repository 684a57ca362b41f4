/* Messages over a byte stream, as the Language Server Protocol has them (version 3.17, "Base Protocol"): header lines
 * that end in CR LF, among them Content-Length, an empty line, and so many bytes of JSON. */
#ifndef RNNC_LSP_WIRE_H
#define RNNC_LSP_WIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* A program has at most 16 MiB, of which JSON makes up to six times as much. */
enum { WIRE_MOST_BYTES = 128 << 20 };

struct arena;

enum wire_status {
    WIRE_MESSAGE,
    WIRE_NOT_JSON,  /* a message that is no JSON; the next one can be read */
    WIRE_TOO_LONG,  /* a message of more than WIRE_MOST_BYTES, which has been skipped */
    WIRE_NO_HEADER, /* where the next message begins cannot be known */
    WIRE_END
};

/* Reads a message; *message is the caller's with WIRE_MESSAGE. */
enum wire_status wire_read(FILE *in, json_t **message);

/* Writes a message, and gives it back. False where the reader has gone. */
bool wire_write(FILE *out, json_t *message);

/* Checks what jansson has made: it gives NULL where memory is short, which ends the process. */
json_t *wire_made(json_t *json);

/* Text of the user, in which ill-formed UTF-8 becomes question marks. */
json_t *wire_text(struct arena *arena, const char *text, size_t length);

#endif

/* URIs of files (RFC 8089). */
#ifndef RNNC_LSP_URI_H
#define RNNC_LSP_URI_H

#include <stdint.h>

struct arena;
struct source;

/* The path of file:///home/me/net.rnn; of another URI ("untitled:1") its text. */
const char *uri_path(struct arena *arena, const char *uri);

/* The URI of the file that a byte of the source is in: of the program that which the editor has given; NULL for a
 * module of the language, which is no file. */
const char *uri_at(struct arena *arena, const struct source *source, uint32_t offset, const char *program);

#endif

/* The programs that an editor has open, with what is known of them. */
#ifndef RNNC_LSP_DOCUMENTS_H
#define RNNC_LSP_DOCUMENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lsp/analysis.h"

struct document {
    char *uri;
    char *text; /* as the editor has it */
    size_t length;
    bool is_lost;            /* a change has not been understood, so that the editor has another text */
    struct analysis *latest; /* of this text; where it is too long for a program, of an empty one */
    struct analysis *good;   /* of the last text without syntax errors, may be `latest`; NULL: there was none */
    struct document *next;
};

struct documents {
    struct document *first;
    analysis_compile *compile;
    void *context;
};

/* NULL: it is not open. */
struct document *documents_find(const struct documents *documents, const char *uri);

/* Opens a program, or puts a new text in the place of an open one's. */
struct document *documents_open(struct documents *documents, const char *uri, const char *text, size_t length);

/* Replaces [begin, end) of the text; the analysis is as it was until documents_analyse. */
void document_edit(struct document *document, size_t begin, size_t end, const char *text, size_t length);

void documents_analyse(const struct documents *documents, struct document *document);

void documents_close(struct documents *documents, const char *uri);
void documents_close_all(struct documents *documents);

#endif

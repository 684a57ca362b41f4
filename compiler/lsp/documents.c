#include "lsp/documents.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/source.h"
#include "lsp/uri.h"
#include "syntax/tree.h"

static char *copy_bytes(const char *bytes, size_t length)
{
    char *copy = malloc(length + 1);
    if (!copy)
        out_of_memory();
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

struct document *documents_find(const struct documents *documents, const char *uri)
{
    struct document *document = documents->first;
    while (document && strcmp(document->uri, uri) != 0)
        document = document->next;
    return document;
}

struct document *documents_open(struct documents *documents, const char *uri, const char *text, size_t length)
{
    struct document *document = documents_find(documents, uri);
    if (document) {
        document_edit(document, 0, document->length, text, length);
        document->is_lost = false;
        return document;
    }
    document = calloc(1, sizeof *document);
    if (!document)
        out_of_memory();
    *document = (struct document){.uri = copy_bytes(uri, strlen(uri)),
                                  .text = copy_bytes(text, length),
                                  .length = length,
                                  .next = documents->first};
    return documents->first = document;
}

void document_edit(struct document *document, size_t begin, size_t end, const char *text, size_t length)
{
    const size_t rest = document->length - end;
    char *edited = malloc(begin + length + rest + 1);
    if (!edited)
        out_of_memory();
    memcpy(edited, document->text, begin);
    memcpy(edited + begin, text, length);
    memcpy(edited + begin + length, document->text + end, rest + 1);
    free(document->text);
    document->text = edited;
    document->length = begin + length + rest;
}

static void drop(struct analysis *analysis)
{
    if (analysis)
        arena_free(analysis->arena);
}

void documents_analyse(const struct documents *documents, struct document *document)
{
    struct arena *arena = arena_new();
    struct analysis *analysis = ARENA_NEW(arena, struct analysis);
    analysis->arena = arena;
    const bool fits = document->length <= SOURCE_MOST_BYTES;
    analysis->source =
        source_from_memory(arena, uri_path(arena, document->uri), document->text, fits ? document->length : 0);
    analysis->diag = diag_new(arena, analysis->source);
    if (!fits)
        diag_error(analysis->diag, (struct span){0}, "the program is longer than %d MiB", SOURCE_MOST_BYTES >> 20);
    documents->compile(documents->context, analysis);

    if (document->latest != document->good)
        drop(document->latest);
    document->latest = analysis;
    struct diagnostics *syntax = diag_new(arena, analysis->source);
    parse(arena, analysis->source, syntax);
    if (!fits || diag_error_count(syntax))
        return;
    drop(document->good);
    document->good = analysis;
}

static void discard(struct document *document)
{
    if (document->latest != document->good)
        drop(document->latest);
    drop(document->good);
    free(document->uri);
    free(document->text);
    free(document);
}

void documents_close(struct documents *documents, const char *uri)
{
    for (struct document **link = &documents->first; *link; link = &(*link)->next)
        if (strcmp((*link)->uri, uri) == 0) {
            struct document *closed = *link;
            *link = closed->next;
            discard(closed);
            return;
        }
}

void documents_close_all(struct documents *documents)
{
    while (documents->first) {
        struct document *next = documents->first->next;
        discard(documents->first);
        documents->first = next;
    }
}

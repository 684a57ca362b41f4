/* Errors, warnings and notes, as an editor shows them. */
#include <string.h>

#include "base/arena.h"
#include "base/diag_print.h"
#include "lsp/analysis.h"
#include "lsp/answers.h"
#include "lsp/place.h"
#include "lsp/uri.h"
#include "lsp/wire.h"
#include "syntax/tree.h"

static bool is_in_program(const struct analysis *analysis, uint32_t offset)
{
    return source_file_at(analysis->source, offset) == &analysis->source->files[0];
}

/* The import that an error in another file is shown at: that of the file, or the first. */
static struct span import_of(const struct analysis *analysis, uint32_t offset)
{
    const struct source_file *file = source_file_at(analysis->source, offset);
    struct span first = {0};
    for (int i = analysis->tree->definition_count; i-- > 0;) {
        const struct tree_definition *definition = analysis->tree->definitions[i];
        if (definition->kind != DEFINE_IMPORT)
            continue;
        first = definition->import->path.span;
        if (definition->import->imported && &analysis->source->files[definition->import->imported->file] == file)
            break;
    }
    return first;
}

static json_t *location(const struct analysis *analysis, const struct diagnostic *item, const char *uri)
{
    const char *where = uri_at(analysis->arena, analysis->source, item->span.begin, uri);
    return where ? wire_made(json_pack("{s:s, s:o}", "uri", where, "range", place_range(analysis->source, item->span)))
                 : NULL;
}

static json_t *text_of(const struct analysis *analysis, const char *text)
{
    return wire_text(analysis->arena, text, strlen(text));
}

/* Adds what else belongs to an error: a note, or the place of one in an imported file. Where it has no file, as in a
 * module of the language, it becomes a part of the message. */
static void relate(const struct analysis *analysis, json_t *to, const struct diagnostic *item, const char *uri)
{
    json_t *where = location(analysis, item, uri);
    if (!where) {
        const char *message = json_string_value(json_object_get(to, "message"));
        const char *both = arena_printf(analysis->arena, "%s\n%s", message, item->message);
        if (json_object_set_new(to, "message", text_of(analysis, both)) != 0)
            out_of_memory();
        return;
    }
    json_t *all = json_object_get(to, "relatedInformation");
    json_t *one = wire_made(json_pack("{s:o, s:o}", "location", where, "message", text_of(analysis, item->message)));
    if (!all && json_object_set_new(to, "relatedInformation", all = wire_made(json_array())) != 0)
        out_of_memory();
    if (json_array_append_new(all, one) != 0)
        out_of_memory();
}

static json_t *describe(const struct analysis *analysis, const struct diagnostic *item, const char *uri)
{
    enum { SEVERITY_ERROR = 1, SEVERITY_WARNING = 2 };
    const bool here = is_in_program(analysis, item->span.begin);
    const struct span span = here ? item->span : import_of(analysis, item->span.begin);
    const char *file = source_file_at(analysis->source, item->span.begin)->name;
    const char *message = here ? item->message : arena_printf(analysis->arena, "in '%s': %s", file, item->message);
    json_t *one = wire_made(json_pack("{s:o, s:i, s:s, s:o}", "range", place_range(analysis->source, span), "severity",
                                      item->kind == DIAGNOSTIC_WARNING ? SEVERITY_WARNING : SEVERITY_ERROR, "source",
                                      "rnnc", "message", text_of(analysis, message)));
    if (!here && !source_file_at(analysis->source, item->span.begin)->built_in)
        relate(analysis, one, item, uri);
    return one;
}

json_t *answer_diagnostics(const struct analysis *analysis, const char *uri)
{
    json_t *all = wire_made(json_array()), *last = NULL;
    for (int i = 0; i < analysis->diag->count; i++) {
        const struct diagnostic *item = &analysis->diag->items[i];
        if (item->kind == DIAGNOSTIC_NOTE && last) {
            relate(analysis, last, item, uri);
            continue;
        }
        last = describe(analysis, item, uri);
        if (json_array_append_new(all, last) != 0)
            out_of_memory();
    }
    return all;
}

/* Diagnostics as JSON, for editors. */
#include "base/diag_print.h"

#include <jansson.h>
#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"

/* Makes a JSON string. JSON is UTF-8: ill-formed bytes of the user become question marks. */
static json_t *json_from(struct arena *arena, const char *string)
{
    const size_t length = strlen(string);
    json_t *json = json_stringn(utf8_repair(arena, string, length), length);
    if (!json)
        out_of_memory();
    return json;
}

static json_t *json_place(const struct diagnostics *diag, uint32_t offset)
{
    int line, column;
    source_locate(diag->source, offset, &line, &column);
    return json_pack("{s:o, s:i, s:i}", "file", json_from(diag->arena, source_file_at(diag->source, offset)->name),
                     "line", line, "column", column);
}

static json_t *json_diagnostic(const struct diagnostics *diag, const struct diagnostic *item)
{
    uint32_t last = item->span.end > item->span.begin ? item->span.end - 1 : item->span.begin;
    return json_pack("{s:s, s:o, s:[{s:o, s:o}], s:[], s:i}", "kind", diagnostic_kind_name(item->kind), "message",
                     json_from(diag->arena, item->message), "locations", "caret", json_place(diag, item->span.begin),
                     "finish", json_place(diag, last), "children", "column-origin", 1);
}

void diag_print_json(const struct diagnostics *diag, FILE *out)
{
    json_t *all = json_array(), *parent = NULL;
    for (int i = 0; i < diag->count; i++) {
        json_t *item = json_diagnostic(diag, &diag->items[i]);
        bool is_child = diag->items[i].kind == DIAGNOSTIC_NOTE && parent;
        if (!item || json_array_append_new(is_child ? json_object_get(parent, "children") : all, item) != 0)
            out_of_memory();
        if (!is_child)
            parent = item;
    }
    if (json_dumpf(all, out, JSON_COMPACT) != 0 && !ferror(out))
        out_of_memory();
    fputc('\n', out);
    json_decref(all);
}

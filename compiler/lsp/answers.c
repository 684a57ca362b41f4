#include "lsp/answers.h"

#include <string.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/op.h"
#include "base/text.h"
#include "lsp/analysis.h"
#include "lsp/names.h"
#include "lsp/place.h"
#include "lsp/uri.h"
#include "lsp/wire.h"
#include "schedule/schedule.h"
#include "sema/program.h"
#include "syntax/keywords.h"

#define DECLARATION_WORD(id, word, item, symbol)   word,
#define DECLARATION_ITEM(id, word, item, symbol)   item,
#define DECLARATION_SYMBOL(id, word, item, symbol) symbol,

static const char *const words[] = {DECLARATION_KINDS(DECLARATION_WORD)};
static const int items[] = {DECLARATION_KINDS(DECLARATION_ITEM)};
static const int symbols[] = {DECLARATION_KINDS(DECLARATION_SYMBOL)};

enum { ITEM_FUNCTION = 3, ITEM_KEYWORD = 14 };

/* Finds what the name at a place is declared as. */
static bool find_declaration(const struct analysis *analysis, const struct occurrence *name, struct declaration *found)
{
    const struct scope scope = scope_follow(analysis->tree, name->within, name->path, name->path_count);
    if (name->path_count && !scope.cell && !scope.module)
        return false;
    return scope_find(analysis->tree, name->within, scope, name->name.text, found);
}

/* ---- hover ---- */

/* Finds the region that computes a value. */
static const struct region *find_region(const struct schedule *schedule, const char *value)
{
    for (int r = 0; schedule && r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        for (int i = 0; i < region->node_count; i++) {
            const struct node *node = schedule->graph->nodes[region->nodes[i]];
            if (node->name && strcmp(node->name, value) == 0)
                return region;
            for (int k = 0; k < node->part_count; k++)
                if (node->parts[k].name && strcmp(node->parts[k].name, value) == 0)
                    return region;
        }
    }
    return NULL;
}

static void describe_value(const struct analysis *analysis, const struct value *value, struct text *out)
{
    static const char *const kinds[] = {REGION_KINDS(LIST_NAME)};
    static const char *const times[] = {[TIME_STATIC] = "static",
                                        [TIME_SEQUENCE] = "once for each sequence",
                                        [TIME_FRAME] = "at each frame",
                                        [TIME_CALL] = "once for each training call"};
    text_printf(out, "\n- `%s` %s", value->name, shape_text(analysis->arena, &value->shape));
    if (value->vocabulary)
        text_printf(out, ", ids below %d", value->vocabulary);
    text_printf(out, ", %s", times[value->time]);
    const struct region *region = find_region(analysis->schedule, value->name);
    if (region)
        text_printf(out, ", computed in `%s` (%s)", region->name, kinds[region->kind]);
}

/* Lists the values that a declaration has become: of a cell those of each instance. */
static void describe_values(const struct analysis *analysis, struct span name, struct text *out)
{
    enum { MOST = 8 };
    int count = 0;
    for (int i = 0; analysis->program && i < analysis->program->value_count; i++) {
        const struct value *value = analysis->program->values[i];
        if (value->hidden || value->span.begin != name.begin || value->span.end != name.end)
            continue;
        if (count++ < MOST)
            describe_value(analysis, value, out);
    }
    if (count > MOST)
        text_printf(out, "\n- and %d more", count - MOST);
}

/* Shows a declaration as it is written: of a cell or a model the head. */
static void quote(const struct analysis *analysis, const struct declaration *found, struct text *out)
{
    struct span span = found->span;
    const struct tree_definition *body = found->definition ? found->definition : NULL;
    if (!body && !found->statement)
        body = found->within;
    if (body) {
        span = body->span;
        if (body->body.end > body->body.begin)
            span.end = body->body.begin;
    }
    const char *text = analysis->source->data;
    while (span.end > span.begin && strchr(" \t\r\n;", text[span.end - 1]))
        span.end--;
    text_puts(out, "```rnn\n");
    text_append(out, text + span.begin, span.end - span.begin);
    text_puts(out, "\n```\n");
}

static void describe_function(const struct op_info *info, struct text *out)
{
    static const char *const classes[] = {[OP_CLASS_ELEMENTWISE] = "unit by unit",
                                          [OP_CLASS_COLUMN] = "of all units of a frame",
                                          [OP_CLASS_PRODUCT] = "a product",
                                          [OP_CLASS_MOVE] = "moves units",
                                          [OP_CLASS_OVER_TIME] = "of all frames of a sequence",
                                          [OP_CLASS_LOSS] = "a loss"};
    text_printf(out, "```rnn\n%s(", info->name);
    for (int i = 0; i < (info->most < 0 ? 2 : info->most); i++)
        text_printf(out, "%s%c%s", i ? ", " : "", 'a' + i, i >= info->least ? "?" : "");
    text_printf(out, "%s)\n```\n", info->most < 0 ? ", ..." : "");
    text_printf(out, "function of the language, %s", classes[info->class]);
}

json_t *answer_hover(const struct analysis *analysis, uint32_t at)
{
    struct occurrence name;
    struct declaration found;
    struct text text;
    text_init(&text, analysis->arena);
    if (!names_find(analysis->arena, analysis->tree, at, &name))
        return wire_made(json_null());
    if (find_declaration(analysis, &name, &found)) {
        quote(analysis, &found, &text);
        text_puts(&text, words[found.kind]);
        if (found.within && found.within->name.text)
            text_printf(&text, " of `%s`", found.within->name.text);
        text_puts(&text, "\n");
        describe_values(analysis, found.name.span, &text);
    } else {
        const enum op op = op_find(name.name.text, (int)strlen(name.name.text));
        if (name.path_count || op == OP_COUNT)
            return wire_made(json_null());
        describe_function(op_info(op), &text);
    }
    return wire_made(json_pack("{s:{s:s, s:o}, s:o}", "contents", "kind", "markdown", "value",
                               wire_text(analysis->arena, text.data, text.length), "range",
                               place_range(analysis->source, name.name.span)));
}

/* ---- definition ---- */

static json_t *locate(const struct analysis *analysis, const char *uri, struct span span)
{
    const char *where = uri_at(analysis->arena, analysis->source, span.begin, uri);
    return where ? wire_made(json_pack("{s:s, s:o}", "uri", where, "range", place_range(analysis->source, span)))
                 : wire_made(json_null());
}

json_t *answer_definition(const struct analysis *analysis, const char *uri, uint32_t at)
{
    const struct tree_definition *within = scope_definition_at(analysis->tree, at);
    if (within && within->kind == DEFINE_IMPORT && within->import->imported) {
        const uint32_t begin = analysis->source->files[within->import->imported->file].begin;
        return locate(analysis, uri, (struct span){begin, begin});
    }
    struct occurrence name;
    struct declaration found;
    if (!names_find(analysis->arena, analysis->tree, at, &name) || !find_declaration(analysis, &name, &found))
        return wire_made(json_null());
    return locate(analysis, uri, found.name.span);
}

/* ---- completion ---- */

struct completion {
    struct arena *arena;
    json_t *items;
};

static void offer(struct completion *completion, const char *label, int kind, const char *detail)
{
    const json_t *other;
    size_t i;
    json_array_foreach(completion->items, i,
                       other) if (strcmp(json_string_value(json_object_get(other, "label")), label) == 0) return;
    json_t *item = wire_made(json_pack("{s:o, s:i, s:s}", "label", wire_text(completion->arena, label, strlen(label)),
                                       "kind", kind, "detail", detail));
    if (json_array_append_new(completion->items, item) != 0)
        out_of_memory();
}

static bool offer_declaration(void *context, const struct declaration *declaration)
{
    offer(context, declaration->name.text, items[declaration->kind], words[declaration->kind]);
    return true;
}

static void offer_members(struct completion *completion, struct scope scope)
{
    if (scope.cell)
        scope_list_parts(scope.cell, offer_declaration, completion);
    if (scope.module)
        scope_list_top(scope.module, offer_declaration, completion);
}

static void offer_names(struct completion *completion, const struct tree *tree, const struct tree_definition *within)
{
    if (within)
        scope_list_parts(within, offer_declaration, completion);
    scope_list_top(tree, offer_declaration, completion);
}

/* The definition of another tree with the same name, or without one the last that begins before the place. */
static const struct tree_definition *find_again(const struct tree *tree, const struct tree_definition *definition,
                                                uint32_t at)
{
    const struct tree_definition *before = NULL;
    for (int i = 0; i < tree->definition_count; i++) {
        const struct tree_definition *one = tree->definitions[i];
        if (definition && one->name.text && definition->name.text && strcmp(one->name.text, definition->name.text) == 0)
            return one;
        if (one->span.begin <= at)
            before = one;
    }
    return before;
}

json_t *answer_completion(const struct analysis *analysis, const struct analysis *good, uint32_t at)
{
    struct completion completion = {analysis->arena, wire_made(json_array())};
    const struct tree_definition *within = scope_definition_at(analysis->tree, at);
    const struct tree_definition *then = good ? find_again(good->tree, within, at) : NULL;
    struct name *path;
    size_t begin;
    const int count = names_before(analysis->arena, analysis->source->data, at, &begin, &path);
    if (count) {
        struct scope scope = scope_follow(analysis->tree, within, path, count);
        if (!scope.cell && !scope.module && good)
            scope = scope_follow(good->tree, then, path, count);
        offer_members(&completion, scope);
        return completion.items;
    }
    offer_names(&completion, analysis->tree, within);
    if (good && good != analysis)
        offer_names(&completion, good->tree, then);
    for (int op = 0; op < OP_COUNT; op++)
        if (op_info((enum op)op)->name)
            offer(&completion, op_info((enum op)op)->name, ITEM_FUNCTION, "function of the language");
    for (int i = 0; keyword_text(i); i++)
        offer(&completion, keyword_text(i), ITEM_KEYWORD, "keyword");
    for (int i = 0; place_word_text(i); i++)
        offer(&completion, place_word_text(i), ITEM_KEYWORD, "word of the language");
    return completion.items;
}

/* ---- symbols, formatting ---- */

struct outline {
    const struct analysis *analysis;
    json_t *symbols;
};

static json_t *make_symbol(const struct analysis *analysis, const struct declaration *declaration)
{
    const struct span all = span_join(declaration->span, declaration->name.span);
    return wire_made(json_pack("{s:o, s:s, s:i, s:o, s:o}", "name",
                               wire_text(analysis->arena, declaration->name.text, strlen(declaration->name.text)),
                               "detail", words[declaration->kind], "kind", symbols[declaration->kind], "range",
                               place_range(analysis->source, all), "selectionRange",
                               place_range(analysis->source, declaration->name.span)));
}

static bool outline_declaration(void *context, const struct declaration *declaration)
{
    struct outline *outline = context;
    json_t *symbol = make_symbol(outline->analysis, declaration);
    if (json_array_append_new(outline->symbols, symbol) != 0)
        out_of_memory();
    if (declaration->definition) {
        struct outline parts = {outline->analysis, wire_made(json_array())};
        scope_list_parts(declaration->definition, outline_declaration, &parts);
        if (json_object_set_new(symbol, "children", parts.symbols) != 0)
            out_of_memory();
    }
    return true;
}

json_t *answer_symbols(const struct analysis *analysis)
{
    struct outline outline = {analysis, wire_made(json_array())};
    scope_list_top(analysis->tree, outline_declaration, &outline);
    return outline.symbols;
}

json_t *answer_formatting(const struct analysis *analysis)
{
    struct text text;
    text_init(&text, analysis->arena);
    tree_print(analysis->tree, &text);
    const struct source_file *file = &analysis->source->files[0];
    if (text.length == file->end - file->begin &&
        memcmp(text.data ? text.data : "", analysis->source->data + file->begin, text.length) == 0)
        return wire_made(json_array());
    return wire_made(json_pack("[{s:o, s:o}]", "range", place_everything(), "newText",
                               wire_text(analysis->arena, text.data ? text.data : "", text.length)));
}

/* Building declarators and statements. */
#include "syntax/ast.h"

#include <string.h>

#include "base/precision.h"
#include "base/suggest.h"
#include "syntax/parser.h"

struct name ast_text(struct parser *parser, struct span span)
{
    return (struct name){arena_copy_string(parser->arena, parser->source->data + span.begin, span.end - span.begin),
                         span};
}

/* Makes a word that has a meaning only here: if it is not one of `words` (NULL-terminated), an error lists them. */
static struct name make_word(struct parser *parser, struct span span, const char *what, const char *const *words)
{
    struct name name = ast_text(parser, span);
    const char *known = "";
    struct suggestion suggestion;
    suggest_init(&suggestion, name.text);
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], name.text) == 0)
            return name;
        suggest_consider(&suggestion, words[i]);
        known = arena_printf(parser->arena, "%s%s'%s'", known, !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
    }
    diag_error(parser->diag, span, "unknown %s '%s': expected %s", what, name.text, known);
    if (suggestion.best)
        diag_note(parser->diag, span, "did you mean '%s'?", suggestion.best);
    return name;
}

struct dimension *ast_dimension(struct parser *parser, struct expr *expr, struct expr *fallback)
{
    struct dimension *dimension = ARENA_NEW(parser->arena, struct dimension);
    *dimension = (struct dimension){expr, fallback};
    return dimension;
}

struct dimension *ast_dimension_array(struct parser *parser, const struct list *list)
{
    struct dimension *array = ARENA_ARRAY(parser->arena, struct dimension, list->count);
    for (int i = 0; i < list->count; i++)
        array[i] = *(struct dimension *)list->items[i];
    return array;
}

struct declarator *ast_declarator_array(struct parser *parser, const struct list *list)
{
    struct declarator *array = ARENA_ARRAY(parser->arena, struct declarator, list->count);
    for (int i = 0; i < list->count; i++)
        array[i] = *(struct declarator *)list->items[i];
    return array;
}

struct declarator *ast_declarator(struct parser *parser, struct span span, struct span name, struct list *dimensions)
{
    struct declarator *declarator = ARENA_NEW(parser->arena, struct declarator);
    declarator->name = ast_text(parser, name);
    declarator->span = span;
    declarator->has_dimensions = dimensions != NULL;
    if (dimensions) {
        declarator->dimension_count = dimensions->count;
        declarator->dimensions = ast_dimension_array(parser, dimensions);
    }
    return declarator;
}

struct declarator *ast_dotted(struct parser *parser, struct span span, const struct expr *path, struct list *dimensions)
{
    struct declarator *declarator = ast_declarator(parser, span, path->span, dimensions);
    declarator->name.text = path->name.text;
    for (const struct expr *part = path; part->kind == EXPR_MEMBER; part = part->args[0])
        declarator->name.text = arena_printf(parser->arena, "%s.%s", part->args[0]->name.text, declarator->name.text);
    return declarator;
}

struct declarator *ast_parameter(struct parser *parser, struct span span, struct expr *path, struct list *subscripts)
{
    struct list *dimensions = ast_list(parser);
    for (int i = 0; i < subscripts->count; i++) {
        const struct subscript *subscript = subscripts->items[i];
        if (subscript->is_range) {
            struct declarator *declarator = ast_dotted(parser, span, path, NULL);
            declarator->part = ast_index(parser, span, path, subscripts);
            return declarator;
        }
        dimensions = ast_append(parser, dimensions, ast_dimension(parser, subscript->begin, NULL));
    }
    return ast_dotted(parser, span, path, dimensions);
}

static bool is_storage(struct parser *parser, struct span word)
{
    return precision_find(ast_text(parser, word).text) != PRECISION_COUNT;
}

struct declarator *ast_set_form(struct parser *parser, struct span span, struct declarator *declarator,
                                struct span form, struct expr *rank)
{
    static const char *const forms[] = {"svd", "cp", NULL};
    declarator->span = span;
    if (is_storage(parser, form)) {
        diag_error(parser->diag, rank->span, "'%s' is a storage, which has no rank", ast_text(parser, form).text);
        return declarator;
    }
    declarator->has_form = true;
    declarator->form = make_word(parser, form, "form", forms);
    declarator->form_rank = rank;
    return declarator;
}

struct declarator *ast_set_form_count(struct parser *parser, struct declarator *declarator, struct span word,
                                      struct expr *count)
{
    static const char *const words[] = {"preview", "refine", NULL};
    struct name name = make_word(parser, word, "setting", words);
    bool previews = strcmp(name.text, "preview") == 0, refines = strcmp(name.text, "refine") == 0;
    if (previews && declarator->form_preview)
        diag_error(parser->diag, word, "'preview' is given twice");
    if (refines && declarator->form_refine)
        diag_error(parser->diag, word, "'refine' is given twice");
    if (!previews && !refines) /* a wrong word stands for one that is missing */
        previews = !declarator->form_preview;
    *(previews ? &declarator->form_preview : &declarator->form_refine) = count;
    return declarator;
}

struct declarator *ast_close_form(struct parser *parser, struct span span, struct declarator *declarator)
{
    bool previews = declarator->form_preview != NULL, refines = declarator->form_refine != NULL;
    declarator->span = span;
    if (!declarator->has_form || (!previews && !refines))
        return declarator;
    const struct name *form = &declarator->form;
    if (strcmp(form->text, "cp") == 0)
        diag_error(parser->diag, form->span, "only 'svd' has 'preview' and 'refine'");
    else if (!refines)
        diag_error(parser->diag, form->span,
                   "'preview' needs 'refine', the number of largest units that get all columns: 'refine = 512'");
    else if (!previews)
        diag_error(parser->diag, form->span,
                   "'refine' needs 'preview', the number of columns that all units get: 'preview = 64'");
    return declarator;
}

struct declarator *ast_set_storage(struct parser *parser, struct span span, struct declarator *declarator,
                                   struct span storage)
{
    static const char *const words[] = {"f32", "f16", "bf16", "int8", "svd(rank)", "cp(rank)", NULL};
    struct name name = ast_text(parser, storage);
    declarator->span = span;
    if (strcmp(name.text, "svd") == 0 || strcmp(name.text, "cp") == 0)
        diag_error(parser->diag, storage, "'%s' needs its rank: '%s(16)'", name.text, name.text);
    else
        declarator->storage = make_word(parser, storage, "form", words);
    return declarator;
}

struct declarator *ast_set_start(struct parser *parser, struct span span, struct declarator *declarator,
                                 struct expr *start)
{
    (void)parser;
    declarator->span = span;
    declarator->start = start;
    return declarator;
}

struct declarator *ast_set_distribution(struct parser *parser, struct span span, struct declarator *declarator,
                                        struct span distribution, struct expr *argument)
{
    static const char *const distributions[] = {"normal", "uniform", "glorot", "orthogonal", "identity", NULL};
    declarator->span = span;
    declarator->distribution = make_word(parser, distribution, "start value", distributions);
    declarator->distribution_argument = argument;
    const char *text = declarator->distribution.text;
    bool has_width = strcmp(text, "normal") == 0 || strcmp(text, "uniform") == 0;
    bool has_none = strcmp(text, "glorot") == 0 || strcmp(text, "orthogonal") == 0;
    if (has_width && !argument)
        diag_error(parser->diag, distribution, "'%s' needs its width: '%s(0.1)'", text, text);
    if (has_none && argument)
        diag_error(parser->diag, argument->span, "'%s' takes no argument", text);
    return declarator;
}

struct declarator *ast_set_type(struct parser *parser, struct span span, struct declarator *declarator,
                                struct span type, struct expr *vocabulary)
{
    static const char *const types[] = {"index", "labels", NULL};
    declarator->span = span;
    declarator->type = make_word(parser, type, "type", types);
    declarator->vocabulary = vocabulary;
    return declarator;
}

struct declarator *ast_ids(struct parser *parser, struct span span, struct span name, struct span type,
                           struct dimension *vocabulary)
{
    struct declarator *declarator = ast_declarator(parser, span, name, NULL);
    declarator->vocabulary_fallback = vocabulary->fallback;
    return ast_set_type(parser, span, declarator, type, vocabulary->expr);
}

/* Reports that the word is the next name, as in `param W[n] b[n]`. */
static bool tell_missing_comma(struct parser *parser, struct span word)
{
    if (parser->layout.tokens[parser->layout.next].kind != '[')
        return false;
    diag_error(parser->diag, word, "expected ',' before '%.*s'", (int)(word.end - word.begin),
               parser->source->data + word.begin);
    return true;
}

/* Takes `word`, which has to be `wanted`, behind a declarator, which gets `flag`, a part of it. NULL after an error. */
static struct declarator *set_flag(struct parser *parser, struct span span, struct declarator *declarator,
                                   struct span word, const char *wanted, bool *flag)
{
    const char *const words[] = {wanted, NULL};
    if (tell_missing_comma(parser, word))
        return NULL;
    declarator->span = span;
    make_word(parser, word, "word", words);
    *flag = true;
    return declarator;
}

/* Behind a decomposition the word may also be a storage. */
struct declarator *ast_set_word(struct parser *parser, struct span span, struct declarator *declarator,
                                struct span word)
{
    bool formed = declarator->has_form || declarator->storage.text;
    if (!formed || !is_storage(parser, word)) {
        if (declarator->fixed && strcmp(ast_text(parser, word).text, "fixed") == 0)
            diag_error(parser->diag, word, "'fixed' is given twice");
        return set_flag(parser, span, declarator, word, "fixed", &declarator->fixed);
    }
    if (declarator->storage.text)
        diag_error(parser->diag, word, "a parameter has one storage, not '%s' and '%s'", declarator->storage.text,
                   ast_text(parser, word).text);
    declarator->span = span;
    declarator->storage = ast_text(parser, word);
    return declarator;
}

struct declarator *ast_set_once(struct parser *parser, struct span span, struct declarator *declarator,
                                struct span word)
{
    return set_flag(parser, span, declarator, word, "once", &declarator->once);
}

struct statement *ast_statement(struct parser *parser, enum statement_kind kind, struct span span,
                                struct list *declarators, struct expr *value)
{
    struct statement *statement = ARENA_NEW(parser->arena, struct statement);
    statement->kind = kind;
    statement->span = span;
    if (declarators) {
        statement->count = declarators->count;
        statement->declarators = ast_declarator_array(parser, declarators);
    }
    statement->values = ARENA_ARRAY(parser->arena, struct expr *, 1);
    statement->values[0] = value;
    statement->value_count = value != NULL;
    return statement;
}

struct statement *ast_output(struct parser *parser, struct span span, struct declarator *declarator, struct expr *value)
{
    return ast_statement(parser, STATEMENT_OUTPUT, span, ast_append(parser, ast_list(parser), declarator), value);
}

struct statement *ast_init(struct parser *parser, struct span span, struct expr *path, struct expr *value)
{
    struct statement *statement = ast_statement(parser, STATEMENT_INIT, span, NULL, NULL);
    statement->value_count = 2;
    statement->values = ARENA_ARRAY(parser->arena, struct expr *, 2);
    statement->values[0] = path;
    statement->values[1] = value;
    return statement;
}

struct statement *ast_constant_statement(struct parser *parser, struct span span, struct list *constants)
{
    struct statement *statement = ast_statement(parser, STATEMENT_CONST, span, NULL, NULL);
    statement->count = statement->value_count = constants->count;
    statement->declarators = ARENA_ARRAY(parser->arena, struct declarator, constants->count);
    statement->values = ARENA_ARRAY(parser->arena, struct expr *, constants->count);
    for (int i = 0; i < constants->count; i++) {
        const struct dimension *constant = constants->items[i];
        statement->declarators[i].name = constant->expr->name;
        statement->declarators[i].span = constant->expr->span;
        statement->values[i] = constant->fallback;
    }
    return statement;
}

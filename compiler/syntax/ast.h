/* Building the tree: the functions that the actions of the grammar call, one for each kind of part. They never fail;
 * errors that can be understood (an integer beyond 2^53, an unknown form, comparisons in a chain) they report and go
 * on. */
#ifndef RNNC_SYNTAX_AST_H
#define RNNC_SYNTAX_AST_H

#include "syntax/tree.h"

struct parser;

/* A growing list of pointers; the rule that makes it says what they point to. */
struct list {
    void **items;
    int count, capacity;
};

struct list *ast_list(struct parser *parser);
struct list *ast_append(struct parser *parser, struct list *list, void *item);

/* Expressions. Names and numbers are read from the source at their spans. */
struct expr *ast_name(struct parser *parser, struct span span);
struct expr *ast_integer(struct parser *parser, struct span span);
struct expr *ast_float(struct parser *parser, struct span span);
struct expr *ast_bad_number(struct parser *parser, struct span span);
struct expr *ast_negate(struct parser *parser, struct span span, struct expr *operand);
struct expr *ast_bracket(struct parser *parser, struct span span, struct expr *inside);
struct expr *ast_binary(struct parser *parser, enum binary_operator operator, struct expr * left,
                        struct span operator_span, struct expr *right);
/* `a < b < c`, where `left` is `a < b`: reported, and the rest is left out. */
struct expr *ast_chained(struct parser *parser, struct expr *left, struct span operator_span, const struct expr *right);
struct expr *ast_call(struct parser *parser, struct span span, struct expr *callee, struct list *arguments);
struct expr *ast_index(struct parser *parser, struct span span, struct expr *base, struct list *subscripts);
struct expr *ast_member(struct parser *parser, struct span span, struct expr *base, struct span name);
struct expr *ast_stack(struct parser *parser, struct span span, struct expr *count, struct expr *call);
struct expr *ast_reverse(struct parser *parser, struct span span, struct expr *call);
/* Returns the expression, with an error if it is not a call: `word` needs one behind it. */
struct expr *ast_check_call(struct parser *parser, const char *word, struct expr *expr);

struct subscript *ast_subscript(struct parser *parser, struct span span, struct expr *expr);
struct subscript *ast_steps(struct parser *parser, struct span span, struct expr *begin, struct expr *end,
                            struct expr *step);
struct subscript *ast_range(struct parser *parser, struct span span, struct expr *begin, struct expr *end);

/* A name as it is written. */
struct name ast_text(struct parser *parser, struct span span);

/* The arrays that lists of pointers stand for. */
struct dimension *ast_dimension_array(struct parser *parser, const struct list *list);
struct declarator *ast_declarator_array(struct parser *parser, const struct list *list);

/* Declarators. `dimensions` is NULL where there are no brackets. */
struct dimension *ast_dimension(struct parser *parser, struct expr *expr, struct expr *fallback);
struct declarator *ast_declarator(struct parser *parser, struct span span, struct span name, struct list *dimensions);
/* A name that may have dots, as `path` has them. */
struct declarator *ast_dotted(struct parser *parser, struct span span, const struct expr *path,
                              struct list *dimensions);
struct declarator *ast_set_form(struct parser *parser, struct span span, struct declarator *declarator,
                                struct span form, struct expr *rank);
/* `preview = 64`, `refine = 512` behind the rank. */
struct declarator *ast_set_form_count(struct parser *parser, struct declarator *declarator, struct span word,
                                      struct expr *count);
struct declarator *ast_close_form(struct parser *parser, struct span span, struct declarator *declarator);
/* `: f16`, without a decomposition. */
struct declarator *ast_set_storage(struct parser *parser, struct span span, struct declarator *declarator,
                                   struct span storage);
struct declarator *ast_set_start(struct parser *parser, struct span span, struct declarator *declarator,
                                 struct expr *start);
struct declarator *ast_set_distribution(struct parser *parser, struct span span, struct declarator *declarator,
                                        struct span distribution, struct expr *argument);
struct declarator *ast_set_type(struct parser *parser, struct span span, struct declarator *declarator,
                                struct span type, struct expr *vocabulary);
/* An input of a cell that holds ids; the vocabulary may be a new dimension. */
struct declarator *ast_ids(struct parser *parser, struct span span, struct span name, struct span type,
                           struct dimension *vocabulary);
/* `W[n, m]`, `encoder.W[n, m]`; with a colon among the subscripts a part of a parameter, which has a start value of its
 * own. */
struct declarator *ast_parameter(struct parser *parser, struct span span, struct expr *path, struct list *subscripts);
/* A word behind a declarator; NULL after reporting that it is the next declarator, behind a forgotten comma. */
struct declarator *ast_set_word(struct parser *parser, struct span span, struct declarator *declarator,
                                struct span word);
struct declarator *ast_set_once(struct parser *parser, struct span span, struct declarator *declarator,
                                struct span word);

/* Statements. `declarators` or `value` may be NULL where the kind has none. */
struct statement *ast_statement(struct parser *parser, enum statement_kind kind, struct span span,
                                struct list *declarators, struct expr *value);
struct statement *ast_output(struct parser *parser, struct span span, struct declarator *declarator,
                             struct expr *value);
struct statement *ast_init(struct parser *parser, struct span span, struct expr *path, struct expr *value);
struct statement *ast_constant_statement(struct parser *parser, struct span span, struct list *constants);

/* Definitions, added to the tree. */
void ast_cell(struct parser *parser, struct span span, struct span name, struct list *dimensions, struct list *inputs,
              struct list *outputs, struct span body_span, struct list *body);
void ast_model(struct parser *parser, struct span span, struct span name, struct span body_span, struct list *body);
void ast_function(struct parser *parser, struct span span, struct span name, struct list *inputs, struct expr *value);
void ast_constants(struct parser *parser, struct statement *constants);
/* `path` is a name whose span is that of a file in quotes, or the path of a module; word and name are the spans behind
 * it in `import path as NAME`, or NULL. */
void ast_import(struct parser *parser, struct span span, const struct expr *path, const struct span *word,
                const struct span *name);

#endif

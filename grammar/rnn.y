/* The grammar of the language. Each action is one ast_* call (compiler/syntax/ast.h); grammar.md explains the rules and
 * gives an example for each. */

%require "3.8"
%expect 0
%define api.pure full
%define api.prefix {rnn_}
%define api.token.prefix {TOKEN_}
%define api.location.type {struct span}
%define parse.error custom
%define parse.lac full
%locations
%param {struct parser *parser}

%code requires {
#include "syntax/ast.h"
#include "syntax/parser.h"
}

%code provides {
/* The layout, compiler/syntax/layout.c. */
int rnn_lex(RNN_STYPE *value, struct span *span, struct parser *parser);
}

%code {
#include "syntax/message.h"

/* Chains of `-` and of `@` are kept on the parser's stack, so that it has to be as deep as the longest program. */
#define YYMAXDEPTH (1 << 26)

/* The span of a rule reaches from its first part to its last; an empty rule stands behind what is before it. */
#define YYLLOC_DEFAULT(result, rhs, count)                                                                            \
    do {                                                                                                              \
        if (count)                                                                                                    \
            (result) = span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, count));                                             \
        else                                                                                                          \
            (result) = (struct span){YYRHSLOC(rhs, 0).end, YYRHSLOC(rhs, 0).end};                                     \
    } while (0)

static void rnn_error(const struct span *span, struct parser *parser, const char *message);
}

%union {
    struct expr *expr;
    struct list *list; /* of what the rule's name says */
    struct subscript *subscript;
    struct dimension *dimension;
    struct declarator *declarator;
    struct statement *statement;
    enum binary_operator operator;
}

%token END "end of line"
%token NAME "name"
%token INTEGER FLOAT BAD_NUMBER
%token CELL "cell" MODEL "model" FN "fn" CONST "const" IMPORT "import" STRING
%token PARAM "param" INPUT "input" OUTPUT "output" TARGET "target" LOSS "loss" INIT "init"
%token REVERSE "reverse" STACK "stack"
%token ARROW "->" LESS_EQUAL "<=" GREATER_EQUAL ">=" EQUAL_EQUAL "==" NOT_EQUAL "!="

/* Accepted nowhere: from the scanner to the layout, and from the layout to the messages. */
%token NEWLINE COMMENT BAD_CHARACTER UNCLOSED TOO_DEEP

%type <list> head_dimensions head_dimension_list head_inputs head_input_list outputs names
%type <list> lines dimensions constants parameters inputs lefts subscripts arguments argument_list body
%type <dimension> head_dimension constant
%type <declarator> head_input declarator dotted ranked formed worded kept parameter parameter_name typed input name
%type <statement> statement constant_statement
%type <expr> import value call expr comparison sum product unary application postfix named bracketed path bound
%type <subscript> subscript
%type <operator> comparator

%%

program
    : %empty
    | program definition
    ;

definition
    : CELL NAME head_dimensions '(' head_inputs ')' ARROW outputs body END
        { ast_cell(parser, span_join(@1, @9), @2, $3, $5, $8, @9, $9); }
    | MODEL NAME body END
        { ast_model(parser, span_join(@1, @3), @2, @3, $3); }
    | FN NAME '(' names ')' '=' expr END
        { ast_function(parser, span_join(@1, @7), @2, $4, $7); }
    | constant_statement END
        { ast_constants(parser, $1); }
    | import END
        { ast_import(parser, @1, $1, NULL, NULL); }
    | import NAME NAME END
        { ast_import(parser, span_join(@1, @3), $1, &@2, &@3); }
    | error body END
        { yyerrok; }
    | error END
        { yyerrok; }
    ;

import
    : IMPORT STRING                         { $$ = ast_name(parser, @2); }
    | IMPORT path                           { $$ = $2; }
    ;

head_dimensions
    : %empty                                { $$ = ast_list(parser); }
    | '[' head_dimension_list ']'           { $$ = $2; }
    ;

head_dimension_list
    : head_dimension                        { $$ = ast_append(parser, ast_list(parser), $1); }
    | head_dimension_list ',' head_dimension { $$ = ast_append(parser, $1, $3); }
    ;

head_dimension
    : expr                                  { $$ = ast_dimension(parser, $1, NULL); }
    | expr '=' expr                         { $$ = ast_dimension(parser, $1, $3); }
    ;

head_inputs
    : %empty                                { $$ = ast_list(parser); }
    | head_input_list
    ;

head_input_list
    : head_input                            { $$ = ast_append(parser, ast_list(parser), $1); }
    | head_input_list ',' head_input        { $$ = ast_append(parser, $1, $3); }
    ;

head_input
    : NAME                                  { $$ = ast_declarator(parser, @$, @1, NULL); }
    | NAME '[' head_dimension_list ']'      { $$ = ast_declarator(parser, @$, @1, $3); }
    | NAME ':' NAME '[' head_dimension ']'  { $$ = ast_ids(parser, @$, @1, @3, $5); }
    ;

outputs
    : declarator                            { $$ = ast_append(parser, ast_list(parser), $1); }
    | outputs ',' declarator                { $$ = ast_append(parser, $1, $3); }
    ;

names
    : name                                  { $$ = ast_append(parser, ast_list(parser), $1); }
    | names ',' name                        { $$ = ast_append(parser, $1, $3); }
    ;

name
    : NAME                                  { $$ = ast_declarator(parser, @$, @1, NULL); }
    ;

body
    : '{' lines '}'                         { $$ = $2; }
    ;

lines
    : %empty                                { $$ = ast_list(parser); }
    | lines statement END                   { $$ = ast_append(parser, $1, $2); }
    | lines error END                       { $$ = $1; yyerrok; }
    ;

statement
    : PARAM parameters          { $$ = ast_statement(parser, STATEMENT_PARAM, @$, $2, NULL); }
    | constant_statement
    | INPUT inputs              { $$ = ast_statement(parser, STATEMENT_INPUT, @$, $2, NULL); }
    | TARGET inputs             { $$ = ast_statement(parser, STATEMENT_TARGET, @$, $2, NULL); }
    | OUTPUT declarator         { $$ = ast_output(parser, @$, $2, NULL); }
    | OUTPUT declarator '=' expr { $$ = ast_output(parser, @$, $2, $4); }
    | lefts '=' value           { $$ = ast_statement(parser, STATEMENT_EQUATION, @$, $1, $3); }
    | INIT path '=' expr        { $$ = ast_init(parser, @$, $2, $4); }
    | LOSS expr                 { $$ = ast_statement(parser, STATEMENT_LOSS, @$, NULL, $2); }
    ;

constant_statement
    : CONST constants                       { $$ = ast_constant_statement(parser, @$, $2); }
    ;

constants
    : constant                              { $$ = ast_append(parser, ast_list(parser), $1); }
    | constants ',' constant                { $$ = ast_append(parser, $1, $3); }
    ;

constant
    : NAME '=' expr                         { $$ = ast_dimension(parser, ast_name(parser, @1), $3); }
    ;

parameters
    : parameter                             { $$ = ast_append(parser, ast_list(parser), $1); }
    | parameters ',' parameter              { $$ = ast_append(parser, $1, $3); }
    ;

parameter
    : kept
    | kept '=' expr                         { $$ = ast_set_start(parser, @$, $1, $3); }
    | kept '~' NAME                         { $$ = ast_set_distribution(parser, @$, $1, @3, NULL); }
    | kept '~' NAME '(' expr ')'            { $$ = ast_set_distribution(parser, @$, $1, @3, $5); }
    ;

kept
    : formed
    | worded
    | worded NAME                           { $$ = ast_set_word(parser, @$, $1, @2); if (!$$) YYERROR; }
    ;

worded
    : formed NAME                           { $$ = ast_set_word(parser, @$, $1, @2); if (!$$) YYERROR; }
    ;

formed
    : parameter_name
    | parameter_name ':' NAME               { $$ = ast_set_storage(parser, @$, $1, @3); }
    | ranked ')'                            { $$ = ast_close_form(parser, @$, $1); }
    ;

ranked
    : parameter_name ':' NAME '(' expr      { $$ = ast_set_form(parser, @$, $1, @3, $5); }
    | ranked ',' NAME '=' expr              { $$ = ast_set_form_count(parser, $1, @3, $5); }
    ;

parameter_name
    : path                                  { $$ = ast_dotted(parser, @$, $1, NULL); }
    | path '[' subscripts ']'               { $$ = ast_parameter(parser, @$, $1, $3); }
    ;

inputs
    : input                                 { $$ = ast_append(parser, ast_list(parser), $1); }
    | inputs ',' input                      { $$ = ast_append(parser, $1, $3); }
    ;

input
    : typed
    | typed NAME                            { $$ = ast_set_once(parser, @$, $1, @2); if (!$$) YYERROR; }
    ;

typed
    : declarator
    | declarator ':' NAME '[' expr ']'      { $$ = ast_set_type(parser, @$, $1, @3, $5); }
    ;

lefts
    : dotted                                { $$ = ast_append(parser, ast_list(parser), $1); }
    | lefts ',' dotted                      { $$ = ast_append(parser, $1, $3); }
    ;

dotted
    : path                                  { $$ = ast_dotted(parser, @$, $1, NULL); }
    | path '[' dimensions ']'               { $$ = ast_dotted(parser, @$, $1, $3); }
    ;

declarator
    : NAME                                  { $$ = ast_declarator(parser, @$, @1, NULL); }
    | NAME '[' dimensions ']'               { $$ = ast_declarator(parser, @$, @1, $3); }
    ;

dimensions
    : expr                  { $$ = ast_append(parser, ast_list(parser), ast_dimension(parser, $1, NULL)); }
    | dimensions ',' expr   { $$ = ast_append(parser, $1, ast_dimension(parser, $3, NULL)); }
    ;

path
    : NAME                                  { $$ = ast_name(parser, @1); }
    | path '.' NAME                         { $$ = ast_member(parser, @$, $1, @3); }
    | path '.' INTEGER                      { $$ = ast_member(parser, @$, $1, @3); }
    ;

value
    : expr
    | STACK sum call                        { $$ = ast_stack(parser, @$, $2, $3); }
    | REVERSE named                         { $$ = ast_reverse(parser, @$, $2); }
    ;

call
    : named                                 { $$ = ast_check_call(parser, "stack", $1); }
    | REVERSE named                         { $$ = ast_reverse(parser, @$, $2); }
    ;

expr
    : sum
    | comparison
    ;

comparison
    : sum comparator sum                    { $$ = ast_binary(parser, $2, $1, @2, $3); }
    | comparison comparator sum             { $$ = ast_chained(parser, $1, @2, $3); }
    ;

comparator
    : '<'                                   { $$ = BINARY_LT; }
    | LESS_EQUAL                            { $$ = BINARY_LE; }
    | '>'                                   { $$ = BINARY_GT; }
    | GREATER_EQUAL                         { $$ = BINARY_GE; }
    | EQUAL_EQUAL                           { $$ = BINARY_EQ; }
    | NOT_EQUAL                             { $$ = BINARY_NE; }
    ;

sum
    : product
    | sum '+' product                       { $$ = ast_binary(parser, BINARY_ADD, $1, @2, $3); }
    | sum '-' product                       { $$ = ast_binary(parser, BINARY_SUB, $1, @2, $3); }
    ;

product
    : unary
    | product '*' unary                     { $$ = ast_binary(parser, BINARY_MUL, $1, @2, $3); }
    | product '/' unary                     { $$ = ast_binary(parser, BINARY_DIV, $1, @2, $3); }
    ;

unary
    : application
    | '-' unary                             { $$ = ast_negate(parser, @$, $2); }
    ;

application
    : postfix
    | postfix '@' unary                     { $$ = ast_binary(parser, BINARY_AT, $1, @2, $3); }
    ;

postfix
    : named
    | bracketed
    ;

named
    : NAME                                  { $$ = ast_name(parser, @1); }
    | named '[' subscripts ']'              { $$ = ast_index(parser, @$, $1, $3); }
    | named '(' arguments ')'               { $$ = ast_call(parser, @$, $1, $3); }
    | named '.' NAME                        { $$ = ast_member(parser, @$, $1, @3); }
    | named '.' INTEGER                     { $$ = ast_member(parser, @$, $1, @3); }
    ;

bracketed
    : INTEGER                               { $$ = ast_integer(parser, @1); }
    | FLOAT                                 { $$ = ast_float(parser, @1); }
    | BAD_NUMBER                            { $$ = ast_bad_number(parser, @1); }
    | '(' expr ')'                          { $$ = ast_bracket(parser, @$, $2); }
    | bracketed '[' subscripts ']'          { $$ = ast_index(parser, @$, $1, $3); }
    ;

subscripts
    : subscript                             { $$ = ast_append(parser, ast_list(parser), $1); }
    | subscripts ',' subscript              { $$ = ast_append(parser, $1, $3); }
    ;

subscript
    : expr                                  { $$ = ast_subscript(parser, @$, $1); }
    | bound ':' bound                       { $$ = ast_range(parser, @$, $1, $3); }
    | bound ':' bound ':' expr              { $$ = ast_steps(parser, @$, $1, $3, $5); }
    ;

bound
    : %empty                                { $$ = NULL; }
    | expr
    ;

arguments
    : %empty                                { $$ = ast_list(parser); }
    | argument_list
    ;

argument_list
    : expr                                  { $$ = ast_append(parser, ast_list(parser), $1); }
    | argument_list ',' expr                { $$ = ast_append(parser, $1, $3); }
    ;

%%

/* Bison calls this only when its stack is full, which no source of the allowed length can make it. */
static void rnn_error(const struct span *span, struct parser *parser, const char *message)
{
    (void)span, (void)parser, (void)message;
    out_of_memory();
}

static int yyreport_syntax_error(const yypcontext_t *context, struct parser *parser)
{
    yysymbol_kind_t kinds[YYNTOKENS];
    int count = yypcontext_expected_tokens(context, kinds, YYNTOKENS);
    if (count < 0)
        return count;
    struct expectation expected = {0};
    for (int i = 0; i < count; i++) {
        expected.operand |= kinds[i] == YYSYMBOL_FLOAT;
        expected.name |= kinds[i] == YYSYMBOL_NAME;
        expected.equals |= kinds[i] == YYTRANSLATE('=');
        expected.operator |= kinds[i] == YYTRANSLATE('+');
        expected.comma |= kinds[i] == YYTRANSLATE(',');
        expected.tilde |= kinds[i] == YYTRANSLATE('~');
        expected.arrow |= kinds[i] == YYSYMBOL_ARROW;
        expected.round |= kinds[i] == YYTRANSLATE('(');
        expected.square |= kinds[i] == YYTRANSLATE('[');
        expected.brace |= kinds[i] == YYTRANSLATE('{');
        expected.round_close |= kinds[i] == YYTRANSLATE(')');
        expected.square_close |= kinds[i] == YYTRANSLATE(']');
    }
    message_unexpected(parser, &expected);
    return 0;
}

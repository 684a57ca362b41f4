/* Habits of other languages, and hints on what to write in their place. */
#include <string.h>

#include "rnn_parser.h"
#include "syntax/message.h"
#include "syntax/parser.h"

static const char floor_hint[] = "a comment begins with '#'; a quotient without its fraction is 'floor(a / b)'";
static const char power_hint[] = "a power is written 'pow(a, b)'";
static const char rest_hint[] = "a remainder is written 'mod(a, b)'";
static const char choice_hint[] = "a choice is written 'where(condition, a, b)': both sides are computed";
static const char and_hint[] = "'and' of two conditions is written 'a * b'";
static const char or_hint[] = "'or' of two conditions is written 'max(a, b)'";
static const char not_hint[] = "'not' of a condition is written '1 - a'";
static const char loop_hint[] =
    "there are no loops: an equation holds at every frame, 'h[t-1]' is the frame before, and "
    "'stack 3 Cell[n](x)' repeats a cell";
static const char equation_hint[] = "an equation is written 'name = expression'";
static const char sum_hint[] = "a name has one equation: a running sum is 's = s[t-1] + x'";
static const char output_hint[] = "results are named: 'output y = ...' in a model, 'cell A(x) -> y { ... }' in a cell";
static const char comment_hint[] = "a comment begins with '#'";
static const char text_hint[] = "there is no text in a program; a comment begins with '#'";
static const char vector_hint[] = "a vector is put together by 'concat(a, b, ...)'";
static const char shape_hint[] = "a shape stands in square brackets: 'x[4]'";
static const char function_hint[] = "a function is written 'fn f(v) = expression', outside cells and models";
static const char sizes_hint[] = "all sizes stand in one pair of brackets: 'W[n, m]'";
static const char product_hint[] = "a product is written 'W @ x' or 'a * b', a call 'f(x)'";
static const char state_hint[] = "a state is not declared: 'h[t-1]' makes one of h, which 'init h = ...' starts";
static const char past_hint[] = "the past is written 'h[t-1]'";

struct habit {
    const char *text;
    const char *hint;
};

/* Of two characters or of a word: pairs come before their single characters. */
static const struct habit habits[] = {
    {"//", floor_hint},     {"**", power_hint},     {"/*", comment_hint},   {"--", comment_hint},
    {"++", sum_hint},       {"+=", sum_hint},       {"-=", sum_hint},       {"*=", sum_hint},
    {"/=", sum_hint},       {":=", equation_hint},  {"<-", equation_hint},  {"&&", and_hint},
    {"||", or_hint},        {"^", power_hint},      {"%", rest_hint},       {"?", choice_hint},
    {"&", and_hint},        {"|", or_hint},         {"!", not_hint},        {"\"", text_hint},
    {"'", text_hint},       {"and", and_hint},      {"or", or_hint},        {"not", not_hint},
    {"if", choice_hint},    {"else", choice_hint},  {"elif", choice_hint},  {"for", loop_hint},
    {"while", loop_hint},   {"let", equation_hint}, {"var", equation_hint}, {"return", output_hint},
    {"def", function_hint},
};

static struct span pair_of(struct token first, struct token second)
{
    bool is_pair =
        first.span.end == second.span.begin && first.span.end > first.span.begin && second.span.end > second.span.begin;
    return is_pair ? span_join(first.span, second.span) : (struct span){0};
}

static const char *find_hint(const struct parser *parser, struct span span)
{
    size_t length = span.end - span.begin;
    for (size_t i = 0; length && i < sizeof habits / sizeof *habits; i++)
        if (strlen(habits[i].text) == length && memcmp(parser->source->data + span.begin, habits[i].text, length) == 0)
            return habits[i].hint;
    return NULL;
}

/* `h_{t-1}`, as LaTeX has it. */
static bool is_index_in_braces(const struct parser *parser)
{
    struct token before = parser->layout.before;
    return before.kind == TOKEN_NAME && strncmp(parser->source->data + before.span.end, "{t", 2) == 0;
}

/* `W x` in an equation: two operands, and nothing between them. */
static bool is_juxtaposed(struct parser *parser, const struct expectation *expected)
{
    struct token before = parser->layout.before, last = parser->layout.last;
    bool is_run = token_is(parser, before, "reverse") || token_is(parser, before, "stack");
    bool begins_operand = last.kind == TOKEN_NAME || last.kind == '(', in_expression = expected->operator;
    return in_expression && begins_operand && !is_run && parser->layout.brace_count > 0;
}

void note_habit(struct parser *parser, const struct expectation *expected)
{
    const struct layout *layout = &parser->layout;
    struct token before = layout->before, last = layout->last;
    const struct span spans[] = {pair_of(before, last), pair_of(last, layout->tokens[layout->next]), last.span,
                                 before.span};
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        const char *hint = find_hint(parser, spans[i]);
        if (hint) {
            diag_note(parser->diag, spans[i], "%s", hint);
            return;
        }
    }
    if (expected->equals && last.kind == TOKEN_EQUAL_EQUAL)
        diag_note(parser->diag, last.span, "%s", equation_hint);
    else if (last.kind == '(' && expected->name && before.kind == TOKEN_NAME)
        diag_note(parser->diag, last.span, "%s", shape_hint);
    else if (expected->operand && !expected->square_close && last.kind == '[')
        diag_note(parser->diag, last.span, "%s", vector_hint);
    else if (expected->name && expected->comma && last.kind == '[')
        diag_note(parser->diag, last.span, "%s", sizes_hint);
    else if (is_index_in_braces(parser))
        diag_note(parser->diag, before.span, "%s", past_hint);
    else if (expected->equals && last.kind == TOKEN_NAME && token_is(parser, before, "state"))
        diag_note(parser->diag, before.span, "%s", state_hint);
    else if (is_juxtaposed(parser, expected))
        diag_note(parser->diag, last.span, "%s", product_hint);
}

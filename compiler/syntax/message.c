#include "syntax/message.h"

#include <ctype.h>

#include "rnn_parser.h"
#include "syntax/parser.h"

/* The token as the user wrote it, in quotes; cut where it is long. */
static const char *quote(struct parser *parser, struct token token)
{
    enum { LONGEST = 40 };
    int length = (int)(token.span.end - token.span.begin);
    if (length == 0)
        return arena_printf(parser->arena, "'%c'", token.kind);
    return arena_printf(parser->arena, "'%.*s%s'", length > LONGEST ? LONGEST : length,
                        parser->source->data + token.span.begin, length > LONGEST ? "..." : "");
}

/* "expected WHAT after 'a', found 'b'". The end of a statement has no text: it is reported just behind 'a'. */
static void report_expected(struct parser *parser, const char *what)
{
    struct token last = parser->layout.last;
    bool is_end = last.kind == TOKEN_END;
    diag_error(parser->diag, last.span, "expected %s after %s%s%s", what, quote(parser, parser->layout.before),
               is_end ? "" : ", found ", is_end ? "" : quote(parser, last));
}

static void report_unclosed(struct parser *parser, struct token opener)
{
    struct token last = parser->layout.last;
    bool is_end = last.kind == TOKEN_END || last.kind == TOKEN_UNCLOSED;
    diag_error(parser->diag, last.span, "expected '%c' to close '%c'%s%s", opener.kind == '(' ? ')' : ']', opener.kind,
               is_end ? "" : ", found ", is_end ? "" : quote(parser, last));
    diag_note(parser->diag, opener.span, "'%c' is here", opener.kind);
}

static void report_bad_character(struct parser *parser, struct token token)
{
    unsigned char byte = (unsigned char)parser->source->data[token.span.begin];
    if (byte >= 0xC2 && byte < 0xF5) /* as UTF-8 begins a character */
        diag_error(parser->diag, token.span, "unexpected %s: outside comments a program is plain ASCII",
                   quote(parser, token));
    else if (isprint(byte))
        diag_error(parser->diag, token.span, "unexpected character '%c'", byte);
    else
        diag_error(parser->diag, token.span, "unexpected byte 0x%02x", byte);
}

static void report_beginning(struct parser *parser, bool in_body)
{
    struct token last = parser->layout.last;
    if (in_body)
        diag_error(parser->diag, last.span, "expected a statement, found %s", quote(parser, last));
    else if (last.kind == '}')
        diag_error(parser->diag, last.span, "'}' closes nothing");
    else
        diag_error(parser->diag, last.span, "expected 'cell', 'model', 'fn', 'const' or 'import', found %s",
                   quote(parser, last));
    if (in_body && last.kind == TOKEN_IMPORT)
        diag_note(parser->diag, last.span, "'import' stands outside cells and models");
    const char *keyword = last.kind == TOKEN_NAME ? layout_suggest_keyword(parser, last) : NULL;
    if (keyword)
        diag_note(parser->diag, last.span, "did you mean '%s'?", keyword);
}

/* Reports what is wrong with the name behind `import` and its file or module. */
static void report_import_name(struct parser *parser)
{
    struct token before = parser->layout.before, last = parser->layout.last;
    if (token_is(parser, before, "as"))
        report_expected(parser, "a name");
    else if (last.kind == TOKEN_END)
        diag_error(parser->diag, before.span, "unknown word %s: expected 'as'", quote(parser, before));
    else
        report_expected(parser, "'as' or the end of the line");
}

/* Reports what stands behind `import` and is neither a file nor a module. */
static void report_import(struct parser *parser)
{
    struct token last = parser->layout.last;
    if (last.kind == TOKEN_BAD_CHARACTER && token_is(parser, last, "\""))
        diag_error(parser->diag, last.span, "the name of a file ends with '\"' on the same line");
    else
        report_expected(parser, "a file in quotes or a module");
    diag_note(parser->diag, parser->layout.before.span,
              "a file is imported by 'import \"cells.rnn\"', a module by 'import std.torch'");
}

/* Reports mistakes that have a message of their own, wherever they stand. */
static bool report_special(struct parser *parser)
{
    const struct layout *layout = &parser->layout;
    struct token last = layout->last, before = layout->before, next = layout->tokens[layout->next];
    bool names_run = token_is(parser, before, "reverse") || token_is(parser, before, "stack");
    bool is_run = last.kind == TOKEN_REVERSE || last.kind == TOKEN_STACK;

    if (before.kind == TOKEN_IMPORT)
        report_import(parser);
    else if (layout->in_import && before.kind != '.' && last.kind != TOKEN_BAD_CHARACTER && layout->brace_count == 0)
        report_import_name(parser);
    else if (last.kind == TOKEN_UNCLOSED)
        report_unclosed(parser, layout->unclosed);
    else if (last.kind == TOKEN_TOO_DEEP)
        diag_error(parser->diag, last.span, "brackets are nested deeper than %d", EXPR_MAX_DEPTH);
    else if (last.kind == TOKEN_BAD_CHARACTER)
        report_bad_character(parser, last);
    else if (last.kind == '.' && next.kind == TOKEN_INTEGER && next.span.begin == last.span.end)
        diag_error(parser->diag, span_join(last.span, next.span), "a number has digits on both sides of its dot");
    else if (is_run || (names_run && (last.kind == TOKEN_NAME || last.kind == TOKEN_INTEGER)))
        diag_error(parser->diag, is_run ? last.span : before.span,
                   "%s may only stand right behind the '=' of an equation", quote(parser, is_run ? last : before));
    else
        return false;
    return true;
}

/* Reports a statement without `=`; a keyword may have been misspelt. */
static void report_no_equals(struct parser *parser)
{
    report_expected(parser, "'='");
    const char *keyword = layout_suggest_keyword(parser, parser->layout.before);
    if (keyword && parser->layout.last.kind == TOKEN_NAME)
        diag_note(parser->diag, parser->layout.before.span, "did you mean '%s'?", keyword);
}

static bool begins_operand(int kind)
{
    return kind == TOKEN_NAME || kind == TOKEN_INTEGER || kind == TOKEN_FLOAT || kind == TOKEN_BAD_NUMBER ||
           kind == '(';
}

/* Reports an error within a statement, after an operand or a name. */
static void report_inside(struct parser *parser, const struct expectation *expected)
{
    const struct layout *layout = &parser->layout;
    struct token last = layout->last, opener = layout->unclosed;
    if (opener.kind == 0 && layout->bracket_count > 0)
        opener = layout->brackets[layout->bracket_count - 1];
    bool is_closer = last.kind == ')' || last.kind == ']';
    bool ends_all = is_closer || last.kind == TOKEN_END || last.kind == TOKEN_ARROW || last.kind == '{';
    bool in_expression = expected->operator;

    if (opener.kind && ends_all && (opener.kind == '(' ? expected->round_close : expected->square_close))
        report_unclosed(parser, opener);
    else if (is_closer && opener.kind == 0)
        diag_error(parser->diag, last.span, "%s closes nothing", quote(parser, last));
    else if (!in_expression && expected->equals && !expected->tilde)
        report_no_equals(parser);
    else if (!in_expression && expected->comma && last.kind == TOKEN_NAME)
        report_expected(parser, "','");
    else if (expected->brace)
        report_expected(parser, "'{'");
    else if (expected->arrow)
        report_expected(parser, "'->'");
    else if (!in_expression && expected->round && layout->before.kind == ')')
        diag_error(parser->diag, last.span,
                   "the call behind 'stack' or 'reverse' is a whole right side: %s cannot follow", quote(parser, last));
    else if (!in_expression && expected->round)
        report_expected(parser, "'('");
    else if (!in_expression && expected->square && !expected->comma)
        report_expected(parser, "'['");
    else if (in_expression && begins_operand(last.kind))
        report_expected(parser, "an operator");
    else
        diag_error(parser->diag, last.span, "unexpected %s after %s", quote(parser, last),
                   quote(parser, layout->before));
}

/* Reports the error; false if there is nothing to report. */
static bool report(struct parser *parser, const struct expectation *expected, bool was_lost)
{
    struct token before = parser->layout.before;
    bool at_beginning = before.kind == TOKEN_END || before.kind == '{', in_body = parser->layout.brace_count > 0;
    if (report_special(parser))
        return true;
    bool is_end_of_file = parser->layout.last.kind == 0;
    if (at_beginning && ((!in_body && was_lost) || (is_end_of_file && diag_error_count(parser->diag) > 0)))
        return false;
    if (at_beginning)
        report_beginning(parser, in_body);
    else if (expected->operand)
        report_expected(parser, "an expression");
    else if (expected->name && !expected->comma)
        report_expected(parser, "a name");
    else
        report_inside(parser, expected);
    return true;
}

void message_unexpected(struct parser *parser, const struct expectation *expected)
{
    struct token before = parser->layout.before;
    bool at_beginning = before.kind == TOKEN_END || before.kind == '{', in_body = parser->layout.brace_count > 0;
    bool was_lost = parser->lost;
    parser->lost = !in_body && (at_beginning || expected->brace);
    if (report(parser, expected, was_lost) && !parser->layout.in_import)
        note_habit(parser, expected);
}

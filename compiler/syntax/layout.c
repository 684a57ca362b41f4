/* The layout decides what a token means where it stands. It gives the parser
 *
 *   - END where a newline or `;` ends a statement, never two of them, and always one before and after `}`;
 *   - keywords only where a statement begins, and not before `=`, `,` or `[`, where they are names;
 *   - UNCLOSED where `}`, `;`, or a line that begins a statement shows that a bracket has been forgotten;
 *   - TOO_DEEP for a bracket that is nested too deep.
 *
 * Each call looks at the next token with the state that the call before left behind, and uses it up only when it is
 * that token's turn: before `}` come UNCLOSED, then END. */
#include "syntax/parser.h"

#include <string.h>

#include "base/suggest.h"
#include "rnn_parser.h"
#include "syntax/keywords.h"

static const struct keyword {
    const char *text;
    int kind;
} keywords[] = {
    {"cell", TOKEN_CELL},   {"model", TOKEN_MODEL}, {"fn", TOKEN_FN},         {"const", TOKEN_CONST},
    {"param", TOKEN_PARAM}, {"input", TOKEN_INPUT}, {"output", TOKEN_OUTPUT}, {"target", TOKEN_TARGET},
    {"loss", TOKEN_LOSS},   {"init", TOKEN_INIT},   {"import", TOKEN_IMPORT},
};

const char *keyword_text(int index)
{
    const int count = (int)(sizeof keywords / sizeof *keywords);
    return index >= 0 && index < count ? keywords[index].text : NULL;
}

bool token_is(const struct parser *parser, struct token token, const char *text)
{
    size_t length = token.span.end - token.span.begin;
    return strlen(text) == length && memcmp(parser->source->data + token.span.begin, text, length) == 0;
}

/* True if an operand may end with this token, so that another operand may not follow. */
static bool token_ends_operand(int kind)
{
    return kind == TOKEN_NAME || kind == TOKEN_INTEGER || kind == TOKEN_FLOAT || kind == TOKEN_BAD_NUMBER ||
           kind == ')' || kind == ']';
}

static void take_token(void *context, int kind, struct span span)
{
    struct parser *parser = context;
    struct layout *layout = &parser->layout;
    if (kind != TOKEN_COMMENT) {
        struct token token = {kind, span};
        ARENA_PUSH(parser->arena, layout->tokens, layout->count, layout->capacity, token);
        return;
    }
    const char *data = parser->source->data;
    uint32_t before = span.begin;
    while (before > 0 && (data[before - 1] == ' ' || data[before - 1] == '\t'))
        before--;
    while (data[span.end - 1] == ' ' || data[span.end - 1] == '\t' || data[span.end - 1] == '\r')
        span.end--;
    struct comment comment = {span, before == 0 || data[before - 1] == '\n'};
    ARENA_PUSH(parser->arena, parser->tree->comments, parser->tree->comment_count, parser->comment_capacity, comment);
}

void layout_start(struct parser *parser)
{
    const uint32_t end = parser->file->end;
    scan_tokens(parser->source, parser->file, take_token, parser);
    take_token(parser, 0, (struct span){end, end});
    parser->layout.before.kind = parser->layout.last.kind = TOKEN_END;
}

static int keyword_kind(const struct parser *parser, struct token token)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (token.kind == TOKEN_NAME && token_is(parser, token, keywords[i].text))
            return keywords[i].kind;
    return 0;
}

const char *layout_suggest_keyword(const struct parser *parser, struct token token)
{
    struct suggestion suggestion;
    suggest_init(&suggestion, arena_copy_string(parser->arena, parser->source->data + token.span.begin,
                                                token.span.end - token.span.begin));
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        suggest_consider(&suggestion, keywords[i].text);
    return suggestion.best;
}

/* True for a token that follows a keyword only if that is the name on the left of an equation. */
static bool follows_left_side(int kind) { return kind == '=' || kind == ',' || kind == '[' || kind == '.'; }

static bool is_number(int kind) { return kind == TOKEN_INTEGER || kind == TOKEN_FLOAT || kind == TOKEN_BAD_NUMBER; }

static bool begins_definition(int keyword)
{
    return keyword == TOKEN_CELL || keyword == TOKEN_MODEL || keyword == TOKEN_FN;
}

/* True if the line that begins with tokens[i] has a `=` outside its own brackets. Within a body's brackets there is no
 * `=`, but for continues_form. */
static bool line_has_equals(const struct layout *layout, int i)
{
    for (int depth = 0; depth >= 0; i++) {
        switch (layout->tokens[i].kind) {
        case '(':
        case '[':
            depth++;
            break;
        case ')':
        case ']':
            depth--;
            break;
        case '=':
            if (depth == 0)
                return true;
            break;
        case TOKEN_NEWLINE:
        case '{':
        case '}':
        case ';':
        case 0:
            return false;
        }
    }
    return false;
}

/* True for `preview =` and `refine =` behind a comma: svd(64, preview = 8, refine = 100) on several lines. */
static bool continues_form(const struct parser *parser, int i)
{
    struct token token = parser->layout.tokens[i];
    return parser->layout.last.kind == ',' && parser->layout.tokens[i + 1].kind == '=' &&
           (token_is(parser, token, "preview") || token_is(parser, token, "refine"));
}

/* True if tokens[i], the first of its line and within brackets, can only be the beginning of a statement. */
static bool begins_statement(const struct parser *parser, int i)
{
    const struct layout *layout = &parser->layout;
    if (layout->tokens[i].kind != TOKEN_NAME)
        return false;
    int keyword = keyword_kind(parser, layout->tokens[i]), next = layout->tokens[i + 1].kind;
    if (layout->brace_count == 0)
        return ((begins_definition(keyword) || keyword == TOKEN_CONST) && next == TOKEN_NAME) ||
               (keyword == TOKEN_IMPORT && (next == TOKEN_STRING || next == TOKEN_NAME));
    if (keyword && (next == TOKEN_NAME || is_number(next)))
        return true;
    if (keyword && token_ends_operand(layout->last.kind) && !follows_left_side(next))
        return true;
    return follows_left_side(next) && line_has_equals(layout, i) && !continues_form(parser, i);
}

/* `stack` before its count: a number, a name, or brackets with a name behind them (else they are those of a call). */
static bool begins_stack(const struct layout *layout, int i)
{
    int kind = layout->tokens[i + 1].kind;
    if (kind != '(')
        return kind == TOKEN_NAME || is_number(kind);
    int depth = 0;
    for (i++; kind != 0 && kind != '=' && kind != '{' && kind != '}' && kind != ';'; i++) {
        kind = layout->tokens[i].kind;
        depth += (kind == '(') - (kind == ')');
        if (depth == 0)
            return layout->tokens[i + 1].kind == TOKEN_NAME;
    }
    return false;
}

static int name_kind(struct parser *parser, struct token token)
{
    struct layout *layout = &parser->layout;
    int last = layout->last.kind, next = layout->tokens[layout->next + 1].kind;
    if (last == TOKEN_END || last == '{') {
        layout->in_stack = false;
        int keyword = keyword_kind(parser, token);
        layout->in_import = keyword == TOKEN_IMPORT;
        bool is_name = follows_left_side(next) && layout->brace_count > 0; /* equations stand only within braces */
        return keyword && !is_name ? keyword : TOKEN_NAME;
    }
    if (last == '=' && token_is(parser, token, "stack") && begins_stack(layout, layout->next)) {
        layout->in_stack = true;
        return TOKEN_STACK;
    }
    bool may_reverse = last == '=' || (layout->in_stack && token_ends_operand(last));
    return may_reverse && next == TOKEN_NAME && token_is(parser, token, "reverse") ? TOKEN_REVERSE : TOKEN_NAME;
}

/* Makes a token that the source does not have, behind the last one. */
static struct token insert(const struct layout *layout, int kind)
{
    return (struct token){kind, {layout->last.span.end, layout->last.span.end}};
}

static struct token close_brackets(struct layout *layout)
{
    layout->unclosed = layout->brackets[layout->bracket_count - 1];
    layout->bracket_count = layout->round_count = layout->square_count = 0;
    return insert(layout, TOKEN_UNCLOSED);
}

static struct token close_braces(struct parser *parser)
{
    struct layout *layout = &parser->layout;
    diag_error(parser->diag, insert(layout, '}').span, "expected '}' to close '{'");
    diag_note(parser->diag, layout->braces[0].span, "'{' is here");
    layout->brace_count = 0;
    return insert(layout, '}');
}

static struct token open_bracket(struct parser *parser, struct token token)
{
    struct layout *layout = &parser->layout;
    ARENA_PUSH(parser->arena, layout->brackets, layout->bracket_count, layout->bracket_capacity, token);
    layout->round_count += token.kind == '(';
    layout->square_count += token.kind == '[';
    if (layout->bracket_count > EXPR_MAX_DEPTH)
        token.kind = TOKEN_TOO_DEEP;
    return token;
}

/* Closes the innermost bracket of the token's kind and all within it; if there is none, the innermost bracket. */
static void close_bracket(struct layout *layout, int closer)
{
    int wanted = closer == ')' ? '(' : '[';
    bool any = (closer == ')' ? layout->round_count : layout->square_count) == 0;
    for (bool found = false; layout->bracket_count > 0 && !found;) {
        struct token opener = layout->brackets[--layout->bracket_count];
        layout->round_count -= opener.kind == '(';
        layout->square_count -= opener.kind == '[';
        if (opener.kind != wanted && layout->unclosed.kind == 0)
            layout->unclosed = opener;
        found = any || opener.kind == wanted;
    }
}

/* True if the next token shows that the open brackets have been forgotten. */
static bool closes_brackets(const struct parser *parser, int kind)
{
    if (kind == TOKEN_NEWLINE)
        return begins_statement(parser, parser->layout.next + 1);
    return kind == ';' || kind == '{' || kind == '}' || kind == 0;
}

/* True if a newline or `;` ends a statement, given that the last token did not end one. */
static bool ends_statement(struct layout *layout)
{
    while (layout->tokens[layout->next].kind == TOKEN_NEWLINE && layout->tokens[layout->next + 1].kind == TOKEN_NEWLINE)
        layout->next++;
    bool is_newline = layout->tokens[layout->next++].kind == TOKEN_NEWLINE;
    return layout->bracket_count == 0 && !(is_newline && layout->tokens[layout->next].kind == '{');
}

/* `}` or the end of the file, at the end of a statement; returns false where `}` closes a brace that should not be
 * there. */
static bool end_body(struct parser *parser, struct token *token)
{
    struct layout *layout = &parser->layout;
    if (token->kind == 0) {
        if (layout->brace_count > 0)
            *token = close_braces(parser);
        return true;
    }
    layout->next++;
    if (layout->brace_count > 0)
        layout->brace_count--;
    return layout->brace_count == 0;
}

/* Decides about the next token: sets *token and returns true, or passes over it and returns false. */
static bool decide(struct parser *parser, struct token *token)
{
    struct layout *layout = &parser->layout;
    *token = layout->tokens[layout->next];
    bool ended = layout->last.kind == TOKEN_END || layout->last.kind == '{';

    if (layout->last.kind == '}' ||
        (!ended && layout->bracket_count == 0 && (token->kind == '}' || token->kind == 0))) {
        *token = insert(layout, TOKEN_END);
        return true;
    }
    if (layout->bracket_count > 0 && closes_brackets(parser, token->kind)) {
        *token = close_brackets(layout);
        return true;
    }
    switch (token->kind) {
    case TOKEN_NEWLINE:
    case ';':
        *token = insert(layout, TOKEN_END);
        return ends_statement(layout) && !ended;
    case '}':
    case 0:
        return end_body(parser, token);
    case '{':
        ARENA_PUSH(parser->arena, layout->braces, layout->brace_count, layout->brace_capacity, *token);
        break;
    case '(':
    case '[':
        *token = open_bracket(parser, *token);
        break;
    case ')':
    case ']':
        close_bracket(layout, token->kind);
        break;
    case TOKEN_NAME:
        token->kind = name_kind(parser, *token);
        if (begins_definition(token->kind) && layout->brace_count > 0 &&
            layout->tokens[layout->next + 1].kind == TOKEN_NAME) {
            *token = close_braces(parser);
            return true;
        }
        break;
    }
    layout->next++;
    return true;
}

/* Gives the next token to the grammar, which calls this for each. */
int rnn_lex(RNN_STYPE *value, struct span *span, struct parser *parser)
{
    (void)value;
    struct token token;
    parser->layout.unclosed.kind = 0;
    parser->layout.in_import &= parser->layout.last.kind != TOKEN_END;
    while (!decide(parser, &token))
        continue;
    parser->layout.before = parser->layout.last;
    parser->layout.last = token;
    *span = token.span;
    return token.kind;
}

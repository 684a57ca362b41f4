/* Lines of the emitted C: the rest of emit writes a statement or declaration as one line, and one that is too long is
 * broken here. A break goes to the outermost place there is, a comma before an operator, as far right as it fits; the
 * rest stands four columns further in. A comment behind code moves in front of it. */
#include <string.h>

#include "emit/emitter.h"

enum { INDENT = 4 };

struct line {
    const char *text;
    size_t length;
    size_t indent;
};

static struct line line_of(const char *text, size_t length)
{
    struct line line = {text, length, 0};
    while (line.indent < length && text[line.indent] == ' ')
        line.indent++;
    return line;
}

static void put_indent(struct text *out, size_t columns) { text_printf(out, "%*s", (int)columns, ""); }

static bool begins_with(const struct line *line, size_t at, const char *word)
{
    size_t length = strlen(word);
    return at + length <= line->length && memcmp(line->text + at, word, length) == 0;
}

/* Returns the rank of a break at the blank before `at`: the less, the better; 0: none. */
static int break_rank(const struct line *line, size_t at)
{
    if (line->text[at - 1] == ';')
        return line->text[at + 1] == '}' ? 0 : 1;
    if (line->text[at - 1] == ',')
        return 2;
    if (at > 2 && begins_with(line, at - 2, " = "))
        return 3;
    static const char *const operators[] = {" ? ", " : ", " || ", " && ", " + ", " - ", " * "};
    for (int i = 0; i < (int)(sizeof operators / sizeof *operators); i++)
        if (begins_with(line, at, operators[i]))
            return 4 + i / 2;
    return 0;
}

/* Returns the best blank between columns `from` and `to` to break a line of code at, or 0. */
static size_t find_break(const struct line *line, size_t from, size_t to)
{
    size_t best = 0;
    int best_depth = 0, best_rank = 0, depth = 0;
    bool string = false;
    for (size_t at = line->indent; at < line->length && at <= to; at++) {
        char c = line->text[at];
        string ^= c == '"' && (at == 0 || line->text[at - 1] != '\\');
        if (string)
            continue;
        depth += (c == '(' || c == '[' || c == '{') - (c == ')' || c == ']' || c == '}');
        int rank = c == ' ' && at > from ? break_rank(line, at) : 0;
        if (rank && (!best || depth < best_depth || (depth == best_depth && rank <= best_rank))) {
            best = at;
            best_depth = depth;
            best_rank = rank;
        }
    }
    return best;
}

/* macro: of one, whose lines end in backslashes. */
static void put_code(struct text *out, struct line line, bool macro)
{
    size_t indent = line.indent, column = 0; /* of the text before `line`, whose indentation is not in the text */
    while (line.length + column > LINE_MOST) {
        size_t most = LINE_MOST - column - (macro ? 2 : 0);
        size_t at = find_break(&line, most / 2, most); /* a break far left is worse than one further right */
        if (!at)
            at = find_break(&line, line.indent + INDENT, most);
        if (!at)
            break;
        text_append(out, line.text, at);
        text_puts(out, macro ? " \\\n" : "\n");
        put_indent(out, indent + INDENT);
        line = (struct line){line.text + at + 1, line.length - at - 1, 0};
        column = indent + INDENT;
    }
    text_append(out, line.text, line.length);
    text_puts(out, "\n");
}

/* Puts a comment, or a line of one; continuation lines are aligned with its text. */
static void put_comment(struct text *out, struct line line)
{
    size_t text = line.indent;
    while (text < line.length && strchr(" /*0123456789", line.text[text])) /* the text behind a line number */
        text++;
    bool opens = begins_with(&line, line.indent, "/*");
    size_t hang = opens ? 0 : text - line.indent - 2, column = 0;
    while (line.length + column > LINE_MOST) {
        size_t at = LINE_MOST - column, least = column ? 0 : text;
        while (at > least && (line.text[at] != ' ' || begins_with(&line, at, " */")))
            at--;
        if (at <= least)
            break;
        text_append(out, line.text, at);
        text_puts(out, "\n");
        put_indent(out, line.indent);
        text_puts(out, opens ? " * " : "* ");
        put_indent(out, hang);
        column = line.indent + (opens ? 3 : 2) + hang;
        line = (struct line){line.text + at + 1, line.length - at - 1, line.indent};
    }
    text_append(out, line.text, line.length);
    text_puts(out, "\n");
}

/* Returns the position of a comment behind code, at the end of the line; or 0. */
static size_t trailing_comment(const struct line *line)
{
    if (line->length < 2 || !begins_with(line, line->length - 2, "*/"))
        return 0;
    for (size_t at = line->length - 2; at > line->indent; at--)
        if (begins_with(line, at, "/*"))
            return at;
    return 0;
}

/* True if a comment that is open at the beginning of a line, or begins there, is open at its end. */
static bool comment_goes_on(const struct line *line)
{
    for (size_t at = line->indent; at + 1 < line->length; at++)
        if (begins_with(line, at, "*/"))
            return false;
    return true;
}

static void put_long_line(struct text *out, struct line line, bool comment, bool macro)
{
    size_t behind = comment ? 0 : trailing_comment(&line);
    if (comment) {
        put_comment(out, line);
        return;
    }
    if (behind) {
        put_indent(out, line.indent);
        text_append(out, line.text + behind, line.length - behind);
        text_puts(out, "\n");
        for (line.length = behind; line.text[line.length - 1] == ' ';)
            line.length--;
    }
    put_code(out, line, macro);
}

void put_lines(struct text *out, const char *text)
{
    bool comment = false, macro = false;
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        struct line line = line_of(text, (size_t)(end - text));
        comment |= begins_with(&line, line.indent, "/*");
        if (line.length <= LINE_MOST || *text == '#')
            text_append(out, text, line.length + 1);
        else
            put_long_line(out, line, comment, macro);
        comment = comment && comment_goes_on(&line);
        macro = end > text && end[-1] == '\\';
    }
    text_puts(out, text);
}

/* Diagnostics as text:
 *
 *     lstm.rnn:7:12: error: 'W @ x': W is [512, 64] but x is [96]
 *         7 |   h = tanh(W @ x + U @ h[t-1] + b)
 *           |            ^~~~~
 */
#include "base/diag_print.h"

#include "base/list.h"
#include "base/text.h"
#include "base/utf8.h"

/* Of a longer line only so many bytes are shown, the first of them so many before the caret. */
enum { LINE_WINDOW = 120, LINE_BEFORE_CARET = 80 };

const char *diagnostic_kind_name(enum diagnostic_kind kind)
{
    static const char *const names[] = {DIAGNOSTIC_KINDS(LIST_NAME)};
    return names[kind];
}

static const char *kind_colour(enum diagnostic_kind kind)
{
    static const char *const red_magenta_cyan[] = {"\033[1;31m", "\033[1;35m", "\033[1;36m"};
    return red_magenta_cyan[kind];
}

/* Prints the character at `data` so that a terminal shows it, and returns its length in bytes. */
static int print_character(const char *data, size_t length, FILE *out)
{
    int count = utf8_character_length(data, length);
    unsigned char byte = (unsigned char)*data;
    if (count == 0 || (byte < 0x20 && byte != '\t') || byte == 0x7F) {
        fputc('?', out);
        return 1;
    }
    fwrite(data, 1, (size_t)count, out);
    return count;
}

/* The part of a line that is shown, and the part of that which is marked; offsets into the source. */
struct excerpt {
    size_t line_end, begin, end;
    size_t mark_begin, mark_end;
    bool cut_before, cut_after;
};

/* `row` is the line among those of all files, from 0. */
static struct excerpt find_excerpt(const struct source *source, struct span span, int row)
{
    size_t line_begin = source->line_begin[row];
    struct excerpt e = {.mark_begin = span.begin, .mark_end = span.end};
    e.line_end = row + 1 < source->line_count ? source->line_begin[row + 1] - 1 : source->length;
    if (e.line_end > line_begin && source->data[e.line_end - 1] == '\r')
        e.line_end--;
    e.begin = line_begin;
    e.end = e.line_end;
    if (e.line_end - line_begin > LINE_WINDOW) {
        if (span.begin > line_begin + LINE_BEFORE_CARET)
            e.begin = span.begin - LINE_BEFORE_CARET;
        if (e.end > e.begin + LINE_WINDOW)
            e.end = e.begin + LINE_WINDOW;
        while (e.begin < span.begin && (source->data[e.begin] & 0xC0) == 0x80)
            e.begin++;
    }
    e.cut_before = e.begin > line_begin;
    e.cut_after = e.end < e.line_end;
    if (e.mark_end > e.end)
        e.mark_end = e.end;
    return e;
}

static void print_excerpt(const struct source *source, struct span span, int row, int line, const char *colour,
                          FILE *out)
{
    struct excerpt e = find_excerpt(source, span, row);
    const char *data = source->data;

    fprintf(out, "%5d | %s", line, e.cut_before ? "..." : "");
    for (size_t i = e.begin; i < e.end;)
        i += (size_t)print_character(data + i, e.line_end - i, out);
    fprintf(out, "%s\n      | %s", e.cut_after ? "..." : "", e.cut_before ? "   " : "");

    for (size_t i = e.begin; i < e.mark_begin && i < e.end;) {
        fputc(data[i] == '\t' ? '\t' : ' ', out);
        int count = utf8_character_length(data + i, e.line_end - i);
        i += count ? (size_t)count : 1;
    }
    fprintf(out, "%s^", colour);
    for (size_t i = e.mark_begin; i < e.mark_end;) {
        if (i > e.mark_begin)
            fputc('~', out);
        int count = utf8_character_length(data + i, e.line_end - i);
        i += count ? (size_t)count : 1;
    }
    fprintf(out, "%s\n", *colour ? "\033[0m" : "");
}

static void print_message(const char *message, FILE *out)
{
    for (const char *c = message; *c;) {
        size_t left = 1;
        while (left < 4 && c[left])
            left++;
        c += print_character(c, left, out);
    }
}

static void print_one(const struct source *source, const struct diagnostic *item, bool colour, FILE *out)
{
    int line, column;
    source_locate(source, item->span.begin, &line, &column);
    const char *bold = colour ? "\033[1m" : "", *plain = colour ? "\033[0m" : "";
    const char *kind = colour ? kind_colour(item->kind) : "";
    const struct source_file *file = source_file_at(source, item->span.begin);
    fprintf(out, "%s%s:%d:%d: %s%s:%s ", bold, file->name, line, column, kind, diagnostic_kind_name(item->kind), plain);
    fputs(item->kind == DIAGNOSTIC_NOTE ? "" : bold, out);
    print_message(item->message, out);
    fprintf(out, "%s\n", item->kind == DIAGNOSTIC_NOTE ? "" : plain);
    print_excerpt(source, item->span, file->first_row + line - 1, line, kind, out);
}

void diag_print_text(const struct diagnostics *diag, const struct diag_options *options, FILE *out)
{
    int errors = 0;
    for (int i = 0; i < diag->count; i++) {
        errors += diag->items[i].kind == DIAGNOSTIC_ERROR;
        if (options->error_limit > 0 && errors > options->error_limit)
            break;
        print_one(diag->source, &diag->items[i], options->colour, out);
    }
    int more = options->error_limit > 0 ? diag_error_count(diag) - options->error_limit : 0;
    if (more > 0)
        fprintf(out, "%s: %d more error%s not shown; --error-limit=0 shows all\n", diag->source->name, more,
                plural(more));
}

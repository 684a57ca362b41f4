/* C in HTML: comments, lines of the preprocessor and words of the language are marked. */
#include <ctype.h>
#include <string.h>

#include "report/page.h"

static bool is_word(const char *text, size_t length)
{
    static const char *const words[] = {
        "break",  "const", "continue", "double",   "else",   "enum",    "extern", "float", "for",      "if",
        "inline", "int",   "long",     "return",   "sizeof", "static",  "struct", "void",  "while",    "char",
        "switch", "case",  "rnn_real", "unsigned", "do",     "rnn_vec", "size_t", "bool",  "ptrdiff_t"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == length && memcmp(words[i], text, length) == 0)
            return true;
    return false;
}

static bool is_letter(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* Returns the length of the piece that begins here, and the class of the style sheet that marks it, or NULL. */
static size_t next_piece(const char *code, bool line_begins, const char **class)
{
    *class = NULL;
    if (strncmp(code, "/*", 2) == 0) {
        const char *end = strstr(code + 2, "*/");
        *class = "comment";
        return end ? (size_t)(end - code) + 2 : strlen(code);
    }
    if (line_begins && *code == '#') {
        *class = "directive";
        return strcspn(code, "\n");
    }
    size_t length = 0;
    while (is_letter(code[length]))
        length++;
    if (length) {
        *class = is_word(code, length) ? "word" : NULL;
        return length;
    }
    do /* what stands between words, up to the end of the line */
        length++;
    while (code[length] && code[length - 1] != '\n' && !is_letter(code[length]) &&
           strncmp(code + length, "/*", 2) != 0);
    return length;
}

void write_c(struct page *page, const char *code)
{
    put(page, "<pre class=\"c\" tabindex=\"0\"><code>");
    bool line_begins = true;
    const char *end = code + strlen(code);
    while (end > code && end[-1] == '\n')
        end--;
    while (code < end) {
        const char *class;
        const size_t length = next_piece(code, line_begins, &class);
        const char *text =
            escape(page, arena_copy_string(page->arena, code, code + length < end ? length : (size_t)(end - code)));
        if (class)
            put(page, "<span class=\"%s\">%s</span>", class, text);
        else
            put(page, "%s", text);
        code += length;
        line_begins = code[-1] == '\n';
    }
    put(page, "</code></pre>\n");
}

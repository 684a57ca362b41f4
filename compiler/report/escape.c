/* Text in the page, escaped, and numbers as it shows them. */
#include <math.h>
#include <string.h>

#include "report/page.h"

void put(struct page *page, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_vprintf(page->out, format, args);
    va_end(args);
}

static void escape_byte(struct text *out, char c)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (c == entities[i].c) {
            text_puts(out, entities[i].entity);
            return;
        }
    if ((unsigned char)c < ' ' && c != '\n' && c != '\t') /* no such character is allowed in HTML */
        c = ' ';
    text_append(out, &c, 1);
}

const char *escape(const struct page *page, const char *text) { return cut(page, text, 1 << 30); }

/* True for a byte that begins a character of UTF-8. */
static bool begins_character(char c) { return ((unsigned char)c & 0xC0) != 0x80; }

static int count_characters(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += begins_character(*text);
    return count;
}

const char *cut(const struct page *page, const char *text, int most)
{
    struct text out;
    text_init(&out, page->arena);
    text_puts(&out, "");
    const bool whole = count_characters(text) <= most;
    for (int count = 0; *text; text++) {
        count += begins_character(*text);
        if (!whole && count == most)
            break;
        escape_byte(&out, *text);
    }
    text_puts(&out, whole ? "" : "…");
    return out.data;
}

/* Returns a number of at least 1 with three digits, and a prefix of thousands. */
static const char *scaled(const struct page *page, double number, const char *const prefixes[], int count)
{
    int i = 0;
    while (number >= 999.5 && i + 1 < count) {
        number /= 1000;
        i++;
    }
    const int digits = number >= 99.95 || number == floor(number) ? 0 : number >= 9.995 ? 1 : 2;
    return arena_printf(page->arena, "%.*f %s", digits, number, prefixes[i]);
}

const char *quantity(const struct page *page, double number)
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T"};
    return scaled(page, number, prefixes, 5);
}

const char *duration(const struct page *page, double nanoseconds)
{
    static const char *const units[] = {"ns", "µs", "ms", "s"};
    return scaled(page, nanoseconds, units, 4);
}

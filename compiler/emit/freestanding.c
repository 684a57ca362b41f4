/* Headers of the runtime within emitted C: includes are replaced by their texts, and conditions are resolved where
 * their outcome is known:
 *
 *     #ifdef RNN_FREESTANDING         A
 *     A                               #if defined(__aarch64__)
 *     #else                     ->    C
 *     B                               #endif
 *     #endif
 *     #if defined(__aarch64__)
 *     C
 *     #endif
 *
 * A condition is known, or is left to the C compiler with everything in it. */
#include "emit/freestanding.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

enum outcome { NO, YES, UNKNOWN };

/* A condition that lines stand in. */
struct condition {
    enum outcome
        taken;    /* NO: no branch yet; YES: one has been, so that all others are left out; UNKNOWN: it is written */
    bool written; /* its #if is, so that its #endif has to be */
    bool live;    /* the lines of the branch at hand are copied */
};

enum { DEPTH_MOST = 16, HEADERS_MOST = 64 };

struct copying {
    struct text *out;
    const struct carrying *how;
    struct arena *arena;
    struct condition conditions[DEPTH_MOST];
    int depth;
    const struct runtime_text *carried[HEADERS_MOST];
    int carried_count;
    bool blank; /* the last line that was copied is empty */
};

/* ---- conditions ---- */

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

static bool word_is(const char *word, size_t length, const char *other)
{
    return strlen(other) == length && strncmp(word, other, length) == 0;
}

/* Returns whether a macro is defined. */
static enum outcome find_macro(const struct copying *copying, const char *word, size_t length)
{
    static const char *const never[] = {"_OPENMP", "RNN_REAL_DOUBLE"};
    static const char *const never_plain[] = {"RNN_LANES_AVX512", "RNN_LANES_AVX",  "RNN_LANES_SSE",
                                              "RNN_LANES_NEON",   "RNN_INT8_BYTES", "RNN_INT8_PAIRS",
                                              "RNN_INT8_HALVES",  "RNN_INT8_WORDS"};
    const bool guard = length > 6 && strncmp(word + length - 2, "_H", 2) == 0;
    const bool halves = word_is(word, length, "RNN_HALVES") && copying->how->plain;
    if (word_is(word, length, "RNN_FREESTANDING") || halves || (guard && !copying->how->guards))
        return YES; /* what a header needs in front of it is there */
    if (word_is(word, length, "RNN_PLAIN_C"))
        return copying->how->plain ? YES : NO;
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (word_is(word, length, never[i]))
            return NO;
    for (size_t i = 0; copying->how->plain && i < sizeof never_plain / sizeof *never_plain; i++)
        if (word_is(word, length, never_plain[i]))
            return NO;
    return UNKNOWN;
}

/* Reads one factor of a condition: [!]defined(NAME). Anything else is unknown, up to the operator behind it. */
static enum outcome read_factor(const struct copying *copying, const char **at)
{
    bool negative = false;
    for (; **at == ' ' || **at == '!'; ++*at)
        negative ^= **at == '!';
    enum outcome outcome = UNKNOWN;
    int brackets = 0;
    if (strncmp(*at, "defined(", 8) == 0) {
        const char *word = *at + 8;
        size_t length = strcspn(word, ")");
        outcome = find_macro(copying, word, length);
        *at = word + length + (word[length] == ')');
    }
    for (; **at && (brackets || (strncmp(*at, "&&", 2) != 0 && strncmp(*at, "||", 2) != 0)); ++*at) {
        if (**at != ' ')
            outcome = UNKNOWN;
        brackets += (**at == '(') - (**at == ')');
    }
    return outcome == UNKNOWN ? UNKNOWN : negative ? (enum outcome) !outcome : outcome;
}

/* Returns the outcome of a condition: factors with && between, and such terms with ||. */
static enum outcome read_condition(const struct copying *copying, const char *at)
{
    enum outcome any = NO, all = YES;
    for (;;) {
        const enum outcome factor = read_factor(copying, &at);
        all = all == NO || factor == NO ? NO : all == YES && factor == YES ? YES : UNKNOWN;
        if (strncmp(at, "&&", 2) != 0) {
            any = any == YES || all == YES ? YES : any == NO && all == NO ? NO : UNKNOWN;
            all = YES;
        }
        if (!*at)
            return any;
        at += 2;
    }
}

static bool is_live(const struct copying *copying)
{
    return !copying->depth || copying->conditions[copying->depth - 1].live;
}

static void put_line(struct copying *copying, const char *line)
{
    if (!*line && copying->blank)
        return;
    copying->blank = !*line;
    text_printf(copying->out, "%s\n", line);
}

/* Begins a branch: of an #if, or, if there were others before it, an #elif or #else. */
static void begin_branch(struct copying *copying, struct condition *condition, enum outcome outcome, const char *line,
                         const char *expression)
{
    condition->live = condition->taken != YES && outcome != NO;
    if (!condition->live)
        return;
    if (condition->written)
        put_line(copying, outcome == YES ? "#else" : line);
    else if (outcome == UNKNOWN) {
        put_line(copying, *line == '#' && expression ? arena_printf(copying->arena, "#if %s", expression) : line);
        condition->written = true;
    }
    condition->taken = outcome;
}

/* Returns an #if's expression, with all lines of it as one: #ifdef as defined(). */
static const char *expression_of(struct copying *copying, const char *line)
{
    if (strncmp(line, "#ifdef ", 7) == 0 || strncmp(line, "#ifndef ", 8) == 0) {
        const char *word = strchr(line, ' ') + 1;
        size_t length = 0;
        while (is_word(word[length]))
            length++;
        return arena_printf(copying->arena, "%sdefined(%.*s)", line[3] == 'n' ? "!" : "", (int)length, word);
    }
    const char *expression = strchr(line, ' ') + 1;
    const char *comment = strstr(expression, "/*");
    size_t length = comment ? (size_t)(comment - expression) : strlen(expression);
    while (length && expression[length - 1] == ' ')
        length--;
    return arena_printf(copying->arena, "%.*s", (int)length, expression);
}

/* Takes a line of a condition; false if it is none. */
static bool take_condition(struct copying *copying, const char *line)
{
    if (strncmp(line, "#if", 3) == 0) {
        struct condition *condition = &copying->conditions[copying->depth];
        const bool within = is_live(copying);
        *condition = (struct condition){.taken = within ? NO : YES};
        copying->depth++;
        const char *expression = expression_of(copying, line);
        begin_branch(copying, condition, read_condition(copying, expression), line, NULL);
        return true;
    }
    if (strncmp(line, "#el", 3) == 0) {
        const bool last = strncmp(line, "#else", 5) == 0;
        const char *expression = last ? NULL : expression_of(copying, line);
        begin_branch(copying, &copying->conditions[copying->depth - 1],
                     last ? YES : read_condition(copying, expression), line, expression);
        return true;
    }
    if (strncmp(line, "#endif", 6) != 0)
        return false;
    if (copying->conditions[--copying->depth].written)
        put_line(copying, "#endif");
    return true;
}

/* ---- headers ---- */

static void copy_lines(struct copying *copying, const char *text, size_t length);

/* Carries the header that a line includes; false if it includes none of the runtime. */
static bool take_header(struct copying *copying, const char *line)
{
    static const char include[] = "#include \"";
    if (strncmp(line, include, sizeof include - 1) != 0)
        return false;
    const char *name = line + sizeof include - 1;
    for (const struct runtime_text *header = runtime_texts; header->name; header++) {
        if (!word_is(name, strcspn(name, "\""), header->name))
            continue;
        for (int i = 0; i < copying->carried_count; i++)
            if (copying->carried[i] == header)
                return true;
        copying->carried[copying->carried_count++] = header;
        if (!copying->how->declared ||
            (strcmp(header->name, "rnn/status.h") != 0 && strcmp(header->name, "rnn/real.h") != 0))
            copy_lines(copying, (const char *)header->text, header->length);
        return true;
    }
    return false;
}

/* True for a header's guard, which one that is carried once does not need. */
static bool is_guard(const char *line)
{
    const char *word = line + strcspn(line, " ") + 1;
    size_t length = strcspn(word, " ");
    return !word[length] && length > 6 && strncmp(word, "RNN_", 4) == 0 && strcmp(word + length - 2, "_H") == 0;
}

/* Copies lines; those that end in a backslash as one with the next. */
static void copy_lines(struct copying *copying, const char *text, size_t length)
{
    const char *end = text + length;
    bool guarded = false;
    struct text head; /* the comment that the header begins with: it comes behind what the header includes */
    text_init(&head, copying->arena);
    bool in_head = length > 2 && strncmp(text, "/*", 2) == 0;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        while (stop && stop > text && stop[-1] == '\\' && *text == '#' && strncmp(text, "#define", 7) != 0)
            stop = memchr(stop + 1, '\n', (size_t)(end - stop - 1));
        stop = stop ? stop : end;
        char *line = arena_copy_string(copying->arena, text, (size_t)(stop - text));
        text = stop + 1;
        if (in_head) {
            text_printf(&head, "%s\n", line);
            in_head = !strstr(line, "*/");
            continue;
        }
        if (strncmp(line, "#if", 3) == 0 || strncmp(line, "#el", 3) == 0)
            for (char *c = line; *c; c++)
                *c = *c == '\\' || *c == '\n' ? ' ' : *c;
        if (!guarded && !copying->how->guards && strncmp(line, "#ifndef", 7) == 0 && is_guard(line)) {
            guarded = true;
            const bool within = is_live(copying);
            copying->conditions[copying->depth++] = (struct condition){.taken = YES, .live = within};
            continue;
        }
        if (strncmp(line, "#define", 7) == 0 && is_guard(line) && !copying->how->guards)
            continue;
        if (is_live(copying) && take_header(copying, line))
            continue;
        if (*line && head.length && is_live(copying)) {
            put_line(copying, head.data);
            head.length = 0;
        }
        if (take_condition(copying, line) || !is_live(copying))
            continue;
        put_line(copying, line);
    }
}

void carry_headers(struct text *out, const char *lines, const struct carrying *how, struct arena *arena)
{
    struct copying copying = {.out = out, .how = how, .arena = arena};
    copy_lines(&copying, lines, strlen(lines));
}

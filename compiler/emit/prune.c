/* Of the runtime within emitted C, what the network uses: definitions that nothing needs are left out.
 *
 *     #if defined(__AVX__)                                       RNN_INLINE float rnn_b(float x)
 *     RNN_INLINE float rnn_a(float x) { return x; }       ->     {
 *     #endif                                                         return -x;
 *     RNN_INLINE float rnn_b(float x)                            }
 *     {
 *         return -x;
 *     }
 *
 * The text is as the formatter leaves it, so that lines show where definitions end: one that begins at the left margin
 * ends with its line, or with the next line that begins with a bracket. A name is needed that stands in the network, in
 * a condition, or in a definition that is needed. Calls of macros at the left margin, as RNN_TILES_OF(1), define what
 * the definition behind them uses. */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"
#include "emit/freestanding.h"

enum part_kind {
    PART_BLANK,
    PART_COMMENT,   /* that a blank line follows: it is about all up to the next */
    PART_CONDITION, /* #if, #else and the like, #endif */
    PART_KEPT,      /* other lines that stay */
    PART_CALL,      /* of a macro */
    PART_DEFINITION /* with the comment in front of it */
};

/* Some lines of the text. */
struct part {
    enum part_kind kind;
    const char *begin;
    size_t length;
    bool needed;
    bool macro; /* a definition of one, or its end */
};

struct pruning {
    struct arena *arena;
    struct part *parts;
    int count, capacity;
    struct map names; /* of definitions: a list of them for each */
    int *waiting;     /* needed, but what they need is not yet */
    int waiting_count, waiting_capacity;
};

/* The definitions of a name. */
struct places {
    int *parts;
    int count, capacity;
};

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

static bool begins(const char *text, const char *beginning) { return strncmp(text, beginning, strlen(beginning)) == 0; }

/* ---- parts ---- */

/* Returns the end of the line, behind its newline. */
static const char *line_end(const char *at)
{
    const char *end = strchr(at, '\n');
    return end ? end + 1 : at + strlen(at);
}

static const char *comment_end(const char *at)
{
    const char *end = strstr(at, "*/");
    return line_end(end ? end : at);
}

/* True for RNN_TILES_OF(1). */
static bool is_call(const char *at, const char *end)
{
    return isupper((unsigned char)*at) && end[-1] == ')' && !memchr(at, ' ', (size_t)(end - at));
}

/* Returns the end of a definition: of a macro all lines that a backslash joins. */
static const char *definition_end(const char *at)
{
    const char *end = line_end(at);
    if (*at == '#') {
        for (; end - at >= 2 && end[-2] == '\\'; end = line_end(at))
            at = end;
        return end;
    }
    const char *last = strstr(at, " /*"); /* behind the line's last letter that is no comment's */
    last = last && last < end ? last : end - 1;
    if (last[-1] == ';' || last[-1] == '}' || is_call(at, last))
        return end;
    while (*end && *end != '}')
        end = line_end(end);
    return line_end(end);
}

static void push(struct pruning *pruning, enum part_kind kind, const char *begin, const char *end)
{
    const char *behind = begins(begin, "/*") ? comment_end(begin) : begin;
    const struct part part = {kind, begin, (size_t)(end - begin), kind == PART_KEPT, *behind == '#'};
    ARENA_PUSH(pruning->arena, pruning->parts, pruning->count, pruning->capacity, part);
}

/* True for comments that are about the text as the runtime has it. */
static bool is_for_formatter(const char *at)
{
    return begins(at, "/* clang-format ") || begins(at, "/* The formatter does not know");
}

static bool is_definition(const char *at)
{
    return *at == '#' ? begins(at, "#define") || begins(at, "#undef") : is_word(*at) && !begins(at, "void *mem");
}

static void split(struct pruning *pruning, const char *text)
{
    for (const char *at = text, *end; *at; at = end) {
        end = line_end(at);
        const char *behind = begins(at, "/*") ? comment_end(at) : at; /* a comment in front */
        if (*at == '\n')
            push(pruning, PART_BLANK, at, end);
        else if (is_for_formatter(at))
            push(pruning, PART_BLANK, at, at);
        else if (is_call(at, end - 1))
            push(pruning, PART_CALL, at, end);
        else if (is_definition(behind))
            push(pruning, PART_DEFINITION, at, end = definition_end(behind));
        else if (behind > at)
            push(pruning, PART_COMMENT, at, end = behind);
        else if (begins(at, "#if") || begins(at, "#el") || begins(at, "#endif"))
            push(pruning, PART_CONDITION, at, end);
        else
            push(pruning, PART_KEPT, at, end);
    }
}

/* ---- names ---- */

/* Finds the next name of a text outside comments and strings; NULL at its end. */
static const char *next_name(const char *at, const char *end, size_t *length)
{
    while (at < end) {
        if (begins(at, "/*")) {
            const char *behind = strstr(at, "*/");
            at = behind && behind < end ? behind + 2 : end;
        } else if (*at == '"') {
            for (at++; at < end && *at != '"'; at++)
                at += *at == '\\';
            at++;
        } else if (isdigit((unsigned char)*at)) {
            while (at < end && (is_word(*at) || *at == '.'))
                at++;
        } else if (is_word(*at)) {
            *length = 0;
            while (at + *length < end && is_word(at[*length]))
                ++*length;
            return at;
        } else {
            at++;
        }
    }
    return NULL;
}

static void define(struct pruning *pruning, const char *name, size_t length, int part)
{
    const char *key = arena_copy_string(pruning->arena, name, length);
    struct places *places = map_get(&pruning->names, key);
    if (!places)
        map_put(&pruning->names, key, places = ARENA_NEW(pruning->arena, struct places));
    ARENA_PUSH(pruning->arena, places->parts, places->count, places->capacity, part);
}

/* Finds the names that a definition gives: of a type, of what has a type, of enumerators. */
static void define_names(struct pruning *pruning, const char *at, const char *end, int part)
{
    const bool type = begins(at, "typedef"), list = begins(at, "enum") || begins(at, "typedef enum"),
               several = type && !memchr(at, '{', (size_t)(end - at));
    const char *last = NULL, *name;
    size_t last_length = 0, length;
    for (; (name = next_name(at, end, &length)) != NULL; at = name + length) {
        const char *behind = name + length + strspn(name + length, " \n");
        if (begins(name, "__attribute__") || begins(name, "RNN_ATTRIBUTE"))
            break;
        if ((list && strchr("=,}", *behind)) || (several && *behind == ','))
            define(pruning, name, length, part);
        last = name;
        last_length = length;
        if (!type && !list && strchr("([=;", *behind))
            break;
    }
    if (last && !begins(at, "enum"))
        define(pruning, last, last_length, part);
}

static void define_all(struct pruning *pruning)
{
    for (int i = 0; i < pruning->count; i++) {
        const struct part *part = &pruning->parts[i];
        const char *at = part->begin, *end = at + part->length;
        size_t length;
        if (part->kind != PART_DEFINITION)
            continue;
        if (begins(at, "/*"))
            at = comment_end(at);
        if (*at != '#')
            define_names(pruning, at, end, i);
        else if ((at = next_name(strchr(at, ' '), end, &length)) != NULL) /* behind #define or #undef */
            define(pruning, at, length, i);
    }
}

/* ---- needs ---- */

static void need_part(struct pruning *pruning, int number)
{
    struct part *part = &pruning->parts[number];
    if (part->needed)
        return;
    part->needed = true;
    ARENA_PUSH(pruning->arena, pruning->waiting, pruning->waiting_count, pruning->waiting_capacity, number);
}

/* Notes the calls of macros in front of a definition that is not a macro itself. */
static void need_calls(struct pruning *pruning, int number)
{
    const struct part *part = &pruning->parts[number];
    if (part->macro)
        return;
    for (int i = number - 1; i >= 0; i--) {
        const struct part *before = &pruning->parts[i];
        if (before->kind == PART_CALL)
            need_part(pruning, i);
        else if (before->kind == PART_COMMENT || (before->kind == PART_DEFINITION && !before->macro))
            return;
    }
}

static void need_names(struct pruning *pruning, const char *at, const char *end)
{
    char word[100];
    size_t length;
    for (const char *name; (name = next_name(at, end, &length)) != NULL; at = name + length) {
        if (length >= sizeof word)
            continue; /* longer than the runtime's */
        memcpy(word, name, length);
        word[length] = 0;
        const struct places *places = map_get(&pruning->names, word);
        for (int i = 0; places && i < places->count; i++)
            need_part(pruning, places->parts[i]);
    }
}

static void find_needs(struct pruning *pruning, const char *code)
{
    need_names(pruning, code, code + strlen(code));
    for (int i = 0; i < pruning->count; i++)
        if (pruning->parts[i].kind == PART_CONDITION || pruning->parts[i].kind == PART_KEPT)
            need_names(pruning, pruning->parts[i].begin, pruning->parts[i].begin + pruning->parts[i].length);
    while (pruning->waiting_count) {
        const int number = pruning->waiting[--pruning->waiting_count];
        const struct part *part = &pruning->parts[number];
        need_names(pruning, part->begin, part->begin + part->length);
        if (part->kind == PART_DEFINITION)
            need_calls(pruning, number);
    }
}

/* Notes the conditions that something is left within, and the comments. */
static void find_frames(struct pruning *pruning)
{
    enum { DEPTH_MOST = 32 };
    int open[DEPTH_MOST], depth = 0, comment = -1;
    for (int i = 0; i < pruning->count; i++) {
        struct part *part = &pruning->parts[i];
        if (part->kind == PART_COMMENT) {
            comment = i;
        } else if (part->kind == PART_CONDITION) {
            if (begins(part->begin, "#if") && depth < DEPTH_MOST)
                open[depth++] = i;
            if (begins(part->begin, "#endif") && pruning->parts[open[--depth]].needed)
                for (int k = open[depth], within = 0; k <= i; k++) { /* its own branches */
                    struct part *branch = &pruning->parts[k];
                    if (branch->kind != PART_CONDITION)
                        continue;
                    within += begins(branch->begin, "#if");
                    branch->needed |= within == 1;
                    within -= begins(branch->begin, "#endif");
                }
        } else if (part->needed) {
            for (int k = 0; k < depth; k++)
                pruning->parts[open[k]].needed = true;
            if (comment >= 0)
                pruning->parts[comment].needed = true;
        }
    }
}

void prune_runtime(struct text *out, const char *text, const char *code, struct arena *arena)
{
    struct pruning pruning = {.arena = arena};
    map_init(&pruning.names, arena);
    split(&pruning, text);
    define_all(&pruning);
    find_needs(&pruning, code);
    find_frames(&pruning);
    bool blank = true;
    for (int i = 0; i < pruning.count; i++) {
        const struct part *part = &pruning.parts[i];
        if (part->needed)
            text_append(out, part->begin, part->length);
        else if (part->kind == PART_BLANK && part->length && !blank)
            text_puts(out, "\n");
        if (part->needed || part->kind == PART_BLANK)
            blank = part->kind == PART_BLANK;
    }
}

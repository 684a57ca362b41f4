/* The option --variants, as it is written. */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "sema/sema.h"

/* Returns a name as a part of identifiers: "svd_64_f16"; of a plan, "low" for "@plans/low.txt". */
static const char *word_of(struct arena *arena, const char *name)
{
    const char *slash = strrchr(name, '/'), *from = slash ? slash + 1 : name;
    const char *end = *name == '@' ? from + strcspn(from, ".") : from + strlen(from);
    char *word = arena_copy_string(arena, from, (size_t)(end - from)), *to = word;
    for (; from < end; from++)
        if (isalnum((unsigned char)*from))
            *to++ = *from;
        else if (to > word && to[-1] != '_')
            *to++ = '_';
    *to = '\0';
    return *word ? word : "plan";
}

/* True if a name can stand in comments and strings of C. */
static bool is_printable(const char *name)
{
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127 || *c == '"' || *c == '\\')
            return false;
    return !strstr(name, "*/") && !strstr(name, "/*");
}

/* Returns the text up to the first of some letters, and moves behind it; NULL at the end. */
static const char *next_part(struct arena *arena, const char **at, const char *ends)
{
    const char *begin = *at;
    if (!begin)
        return NULL;
    size_t length = strcspn(begin, ends);
    *at = begin[length] ? begin + length + 1 : NULL;
    return arena_copy_string(arena, begin, length);
}

/* Reads one variant. Returns NULL, or what is wrong. */
static const char *read_variant(struct arena *arena, const char *name, struct variant_option *variant)
{
    const char *word = word_of(arena, name);
    *variant = (struct variant_option){name, word, NULL, {.arena = arena}};
    if (*name == '@') {
        variant->name = word;
        variant->plan = name + 1;
        return form_options_read(&variant->forms, arena_printf(arena, "--variants %s", name), variant->plan);
    }
    const char *error = NULL, *at = name;
    for (const char *part; !error && (part = next_part(arena, &at, ";"));)
        error = form_options_add_part(&variant->forms, part);
    return error;
}

const char *variant_options_read(struct arena *arena, const char *text, struct variant_option variants[VARIANTS_MOST],
                                 int *count)
{
    *count = 0;
    for (const char *at = text, *name; (name = next_part(arena, &at, ","));) {
        if (*count == VARIANTS_MOST)
            return arena_printf(arena, "--variants: at most %d variants", VARIANTS_MOST);
        struct variant_option *variant = &variants[*count];
        const char *error = read_variant(arena, name, variant);
        if (error)
            return error;
        if (!is_printable(variant->name))
            return arena_printf(arena, "--variants: '%s' cannot stand in a comment of C", name);
        for (int i = 0; i < *count; i++)
            if (strcmp(variants[i].word, variant->word) == 0)
                return arena_printf(arena, "--variants: '%s' and '%s' have the same name in C", variants[i].name, name);
        ++*count;
    }
    return NULL;
}

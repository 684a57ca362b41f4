#include "options_variants.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"

/* Returns a name as a part of identifiers: "svd_64_f16"; of a plan, "low" for "@plans/low.txt". */
static const char *word_of(struct arena *arena, const char *name)
{
    const char *slash = strrchr(name, '/'), *begin = slash ? slash + 1 : name + (*name == '@');
    char *word = arena_printf(arena, "%.*s", (int)(*name == '@' ? strcspn(begin, ".") : strlen(begin)), begin);
    for (char *c = word; *c; c++)
        *c = isalnum((unsigned char)*c) ? *c : '_';
    return *word ? word : "plan";
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

static struct variant_option read_variant(struct argp_state *state, struct arena *arena, const char *name)
{
    struct variant_option variant = {name, word_of(arena, name), {.arena = arena}};
    const char *error = *name == '@' ? form_options_read(&variant.forms, name + 1) : NULL;
    const char *at = *name == '@' ? NULL : name;
    for (const char *part; !error && (part = next_part(arena, &at, ";"));)
        error = form_options_add_part(&variant.forms, part);
    if (error)
        argp_error(state, "%s", error);
    return variant;
}

int options_read_variants(struct argp_state *state, struct arena *arena, const char *text,
                          struct variant_option variants[VARIANTS_MOST])
{
    int count = 0;
    for (const char *at = text, *name; (name = next_part(arena, &at, ","));) {
        if (count == VARIANTS_MOST)
            argp_error(state, "--variants: at most %d variants", VARIANTS_MOST);
        variants[count] = read_variant(state, arena, name);
        for (int i = 0; i < count; i++)
            if (strcmp(variants[i].word, variants[count].word) == 0)
                argp_error(state, "--variants: '%s' and '%s' have the same name in C", variants[i].name, name);
        count++;
    }
    return count;
}

/* Text with names in it. */
#include "emit/emitter.h"

/* Appends the text with the prefix for each `$` and the owner's for each `@`. */
static void append_named(struct text *named, const struct emitter *emitter, const char *pattern)
{
    for (const char *c = pattern; *c; c++)
        if (*c == '$')
            text_puts(named, emitter->prefix);
        else if (*c == '@')
            text_puts(named, emitter->owner);
        else
            text_append(named, c, 1);
}

void write_named(struct emitter *emitter, const char *text) { append_named(emitter->out, emitter, text); }

void write_pattern(struct emitter *emitter, const char *pattern, ...)
{
    struct text named;
    text_init(&named, emitter->arena);
    text_puts(&named, "");
    append_named(&named, emitter, pattern);
    va_list args;
    va_start(args, pattern);
    text_vprintf(emitter->out, named.data, args);
    va_end(args);
}

/* Text with names in it. */
#include "emit/emitter.h"

void write_pattern(struct emitter *emitter, const char *pattern, ...)
{
    struct text named;
    text_init(&named, emitter->arena);
    text_puts(&named, "");
    for (const char *c = pattern; *c; c++)
        if (*c == '$')
            text_puts(&named, emitter->prefix);
        else if (*c == '@')
            text_puts(&named, emitter->owner);
        else
            text_append(&named, c, 1);
    va_list args;
    va_start(args, pattern);
    text_vprintf(emitter->out, named.data, args);
    va_end(args);
}

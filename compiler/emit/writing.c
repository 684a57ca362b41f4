#include "emit/writing.h"

void write_line(struct writing *writing, const char *line)
{
    text_printf(writing->emitter->out, "%*s", writing->indent, "");
    write_named(writing->emitter, line);
    text_puts(writing->emitter->out, "\n");
}

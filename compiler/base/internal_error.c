#include "base/internal_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void internal_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("rnnc: internal error: ", stderr);
    vfprintf(stderr, format, args);
    fputs("\n", stderr);
    va_end(args);
    exit(3);
}

#include "base/precision.h"

#include <string.h>

#include "base/list.h"

const double precision_gain_least = 0.05;

static const char *const names[] = {PRECISIONS(LIST_NAME)};

const char *precision_name(enum precision precision) { return names[precision]; }

enum precision precision_find(const char *name)
{
    for (int i = 0; i < PRECISION_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return (enum precision)i;
    return PRECISION_COUNT;
}

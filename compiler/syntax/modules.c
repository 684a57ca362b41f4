#include "syntax/modules.h"

#include <string.h>

const struct module_text *module_find(const char *name)
{
    for (const struct module_text *module = module_texts; module->name; module++)
        if (strcmp(module->name, name) == 0)
            return module;
    return NULL;
}

/* Choices: the parameters that `--form PATTERN=auto` is about, and the forms that become of it. */
#include "base/arena.h"
#include "sema/forms.h"

bool forms_leave_choices(const struct sema_options *options)
{
    bool any = false;
    for (int i = 0; i < options->form_count; i++)
        any |= options->forms[i].chooses;
    return any;
}

int list_form_choices(struct arena *arena, const struct program *program, const struct sema_options *options,
                      struct form_choice **choices)
{
    int count = 0, capacity = 0;
    *choices = NULL;
    for (int i = 0; i < program->value_count; i++) {
        const struct value *value = program->values[i];
        int last = options->form_count - 1;
        if (!value_is_parameter(value) || value->shape.rank < 2)
            continue;
        while (last >= 0 && !(options->forms[last].chooses && form_fits_name(&options->forms[last], value->name)))
            last--;
        if (last < 0)
            continue;
        const struct form_option *option = &options->forms[last];
        const struct form_choice choice = {
            .value = value, .option = last, .stores = option->stores, .storage = option->storage};
        ARENA_PUSH(arena, *choices, count, capacity, choice);
    }
    return count;
}

void settle_forms(struct arena *arena, const struct form_choice *choices, int count, struct sema_options *options)
{
    struct form_options settled = {.arena = arena};
    for (int i = 0; i < options->form_count; i++) {
        struct form_option option = options->forms[i];
        const bool chooses = option.chooses;
        option.chooses = false;
        ARENA_PUSH(arena, settled.items, settled.count, settled.capacity, option);
        option.decomposes = false;
        option.stores = option.exact = true;
        for (int k = 0; chooses && k < count; k++) {
            if (choices[k].option != i)
                continue;
            option.pattern = choices[k].value->name;
            option.storage = choices[k].storage;
            option.multiplies = choices[k].multiplies;
            ARENA_PUSH(arena, settled.items, settled.count, settled.capacity, option);
        }
    }
    options->forms = settled.items;
    options->form_count = settled.count;
}

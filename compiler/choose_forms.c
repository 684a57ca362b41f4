/* --form PATTERN=auto: the storage of parameters, and which svds are multiplied out, by predicted time. */
#include <math.h>

#include "base/arena.h"
#include "base/diag.h"
#include "emit/emit.h"
#include "pipeline.h"
#include "syntax/tree.h"

struct choosing {
    struct source *source;
    const struct pipeline_options *options;
    struct form_choice *choices;
    int count;
    double least; /* nanoseconds with what is chosen so far */
};

/* Returns nanoseconds for a frame with the choices as they are, or infinity if the program is wrong. */
static double predict(const struct choosing *choosing)
{
    struct arena *arena = arena_new();
    struct pipeline_options options = *choosing->options;
    struct pipeline_result result = {0};
    options.emit = EMIT_PREDICT;
    options.train = options.vjp = options.time_stages = false;
    options.dump_after = STAGE_COUNT;
    options.variant_count = 0;
    options.embed = NULL;
    settle_forms(arena, choosing->choices, choosing->count, &options.sema);
    struct diagnostics *diag = diag_new(arena, choosing->source);
    bool done = pipeline_run(arena, choosing->source, &options, diag, &result);
    const double time = done ? result.predicted : INFINITY;
    arena_free(arena);
    return time;
}

/* Keeps the choices as they are if that is worth it, or else puts back those from before. */
static void keep_better(struct choosing *choosing, struct form_choice *choices, const struct form_choice *before,
                        int count)
{
    const double time = predict(choosing);
    if (time < (1 - precision_gain_least) * choosing->least) {
        choosing->least = time;
        return;
    }
    for (int i = 0; i < count; i++)
        choices[i] = before[i];
}

/* Tries each storage, the finest first, for some of the choices at once. */
static void choose_storage(struct choosing *choosing, int first, int count, struct arena *scratch)
{
    struct form_choice *choices = choosing->choices + first, *before = ARENA_ARRAY(scratch, struct form_choice, count);
    for (enum precision storage = PRECISION_F32; storage < PRECISION_COUNT; storage++) {
        bool any = false;
        for (int i = 0; i < count; i++) {
            before[i] = choices[i];
            if (choices[i].stores || choices[i].storage == storage)
                continue;
            choices[i].storage = storage;
            choices[i].multiplies = false;
            any = true;
        }
        if (any)
            keep_better(choosing, choices, before, count);
    }
}

static void try_multiplied(struct choosing *choosing, int i)
{
    struct form_choice *choice = &choosing->choices[i], before = *choice;
    if (choice->value->form != FORM_SVD || choice->value->preview)
        return;
    choice->multiplies = true;
    if (!choice->stores) /* the product is kept as it is computed */
        choice->storage = PRECISION_F32;
    keep_better(choosing, choice, &before, 1);
}

/* Returns the checked program, or NULL if it is wrong, which others report. */
static struct program *check_program(struct arena *arena, struct source *source, const struct pipeline_options *options)
{
    struct diagnostics *diag = diag_new(arena, source);
    const struct tree *tree = parse_program(arena, source, &options->imports, diag);
    struct program *program = diag_error_count(diag) ? NULL : resolve_names(arena, tree, &options->sema, diag);
    if (program)
        infer_shapes(arena, program, diag);
    return diag_error_count(diag) ? NULL : program;
}

/* Puts forms in the place of what the options leave open. */
static void choose(struct arena *arena, struct source *source, struct pipeline_options *options)
{
    const struct program *program = forms_leave_choices(&options->sema) ? check_program(arena, source, options) : NULL;
    struct choosing choosing = {.source = source, .options = options};
    if (program)
        choosing.count = list_form_choices(arena, program, &options->sema, &choosing.choices);
    if (choosing.count)
        choosing.least = predict(&choosing);
    if (!choosing.count || !isfinite(choosing.least))
        return;
    choose_storage(&choosing, 0, choosing.count, arena); /* weights share the caches: all together, then one by one */
    for (int i = 0; i < choosing.count; i++) {
        try_multiplied(&choosing, i);
        choose_storage(&choosing, i, 1, arena);
    }
    settle_forms(arena, choosing.choices, choosing.count, &options->sema);
}

/* Puts forms in the place of what a variant leaves open, on top of --form. */
static void choose_of_variant(struct arena *arena, struct source *source, const struct pipeline_options *options,
                              const struct program *program, struct variant_option *variant)
{
    struct pipeline_options own = *options;
    if (expand_variant(arena, program, variant, &own.sema) || !forms_leave_choices(&own.sema))
        return;
    choose(arena, source, &own);
    struct form_options settled = {.arena = arena};
    for (int i = 0; i < own.sema.form_count; i++)
        ARENA_PUSH(arena, settled.items, settled.count, settled.capacity, own.sema.forms[i]);
    variant->forms = settled;
}

void choose_forms(struct arena *arena, struct source *source, struct pipeline_options *options)
{
    if (!options->variant_count) {
        choose(arena, source, options);
        return;
    }
    const struct program *program = check_program(arena, source, options);
    struct variant_option *variants = ARENA_ARRAY(arena, struct variant_option, options->variant_count);
    for (int i = 0; i < options->variant_count; i++) {
        variants[i] = options->variants[i];
        if (program)
            choose_of_variant(arena, source, options, program, &variants[i]);
    }
    options->variants = variants;
}

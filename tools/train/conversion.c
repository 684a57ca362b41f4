#include "train/conversion.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/source.h"
#include "command/stop.h"
#include "data/file.h"
#include "network/program.h"
#include "train/checkpoint.h"

/* Lists the dense parameters; `tensors` are the parameters of the model, or NULL where only names count. */
static struct factoring list_matrices(const struct conversion *conversion, struct arena *arena, const rnn_model *model,
                                      const rnn_file_tensor *tensors)
{
    const struct program *program = conversion->program;
    struct factoring factoring = {.arena = arena,
                                  .lapack = conversion->lapack,
                                  .source = conversion->source,
                                  .program = program,
                                  .matrices = ARENA_ARRAY(arena, struct matrix, program->parameter_count + 1),
                                  .seed = conversion->options->seed};
    for (int i = 0; i < program->parameter_count; i++) {
        const struct value *value = program->parameters[i];
        if (!can_have_form(value) || is_imported(conversion->source, value))
            continue;
        struct matrix *matrix = &factoring.matrices[factoring.matrix_count++];
        *matrix = (struct matrix){.value = value};
        for (int k = 0; tensors && k < model->parameter_count; k++)
            if (strcmp(tensors[k].name, value->name) == 0)
                matrix->weights = &tensors[k];
        if (!matrix->weights)
            continue;
        double *data = ARENA_ARRAY(arena, double, matrix->weights->elements);
        rnn_file_read_double(matrix->weights, data);
        matrix->data = data;
    }
    return factoring;
}

bool conversion_open(struct conversion *conversion, const struct train_options *options, const char **error)
{
    struct arena *arena = options->network.arena;
    *conversion = (struct conversion){.options = options};
    if (!options->low_rank_after)
        return true;
    conversion->source = source_from_file(arena, options->network.path, error);
    conversion->program = conversion->source ? program_check(&options->network, conversion->source) : NULL;
    if (!conversion->program)
        return false;
    struct factoring factoring = list_matrices(conversion, arena, NULL, NULL);
    return choose_forms(&factoring, &options->forms, error);
}

static const char *folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_copy_string(arena, path, (size_t)(slash + 1 - path)) : ".";
}

/* True if a matrix has factors; else all forms are storages, which training does not see. */
static bool has_factors(const struct factoring *factoring)
{
    bool factors = false;
    for (int i = 0; i < factoring->matrix_count; i++)
        factors |= factoring->matrices[i].choice.form != FORM_DENSE;
    return factors;
}

/* Writes the program with the forms, and puts its network in the place of the dense one. Without factors the
 * parameters are the same, and the optimiser goes on. */
static bool open_factored(const struct conversion *conversion, const struct factoring *factoring,
                          struct trainer *trainer, const char **error)
{
    struct network_options network = conversion->options->network;
    network.path = conversion->options->low_rank;
    const struct source *source = rewrite_program(factoring, folder_of(factoring->arena, network.path));
    if (!trainer->ranks->rank && !file_write(factoring->arena, network.path, source->data, source->length, error))
        return false;
    const rnn_model *model = trainer_open_network(trainer->ranks, &network, error);
    return model && trainer_change_model(trainer, model, !has_factors(factoring), error);
}

/* ---- going on ---- */

static bool refuse(struct trainer *trainer, const char **error, const char *reason)
{
    *error = arena_printf(trainer->arena, "cannot go on from '%s': %s", trainer->options->checkpoint, reason);
    return false;
}

static bool resume_factored(const struct conversion *conversion, struct trainer *trainer, const char **error)
{
    struct arena *arena = trainer->arena;
    struct form_options forms = {.arena = arena};
    char *rest = arena_copy_string(arena, trainer->forms, strlen(trainer->forms));
    *error = NULL;
    while (rest && !*error)
        *error = form_options_add(&forms, strsep(&rest, " "));
    struct factoring factoring = list_matrices(conversion, arena, NULL, NULL);
    if (*error || !choose_forms(&factoring, &forms, error))
        return refuse(trainer, error, *error);
    return open_factored(conversion, &factoring, trainer, error);
}

bool conversion_resume(struct conversion *conversion, struct trainer *trainer, const char **error)
{
    if (!checkpoint_forms(trainer, conversion->options->checkpoint, &trainer->forms, error))
        return false;
    const char *found = !trainer->forms ? "no choice yet" : *trainer->forms ? trainer->forms : "none";
    const struct ranks_item item = {"the factors in the checkpoint", found, false};
    if (!ranks_agree(trainer->ranks, trainer->arena, &item, 1, error)) /* before networks of two kinds are opened */
        return false;
    if (trainer->forms && *trainer->forms && !conversion->program)
        return refuse(trainer, error, "factors have taken the place of its matrices: give --low-rank-after, as before");
    return !trainer->forms || !*trainer->forms || resume_factored(conversion, trainer, error);
}

bool conversion_check(struct conversion *conversion, const struct trainer *trainer, const char **error)
{
    const struct position *position = &trainer->position;
    const int after = conversion->options->low_rank_after;
    if (!after || trainer->forms)
        return true;
    if (position->epoch < after || conversion_is_due(conversion, trainer))
        return lapack_open(&conversion->lapack, error);
    *error = arena_printf(trainer->arena, "--low-rank-after %d: the training is in epoch %d already, and dense", after,
                          position->epoch + 1);
    return false;
}

bool conversion_is_due(const struct conversion *conversion, const struct trainer *trainer)
{
    const struct position *position = &trainer->position;
    return conversion->program && !trainer->forms && position->epoch == conversion->options->low_rank_after &&
           !position->batch && !position->begin;
}

/* ---- the conversion ---- */

/* Copies the parameters of the dense network, by their names. */
static rnn_file_tensor *copy_parameters(struct arena *arena, const struct trainer *trainer)
{
    const rnn_model *model = trainer->model;
    const size_t size = (size_t)model->real_size;
    rnn_file_tensor *tensors = ARENA_ARRAY(arena, rnn_file_tensor, model->parameter_count + 1);
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *parameter = &model->parameters[i];
        const size_t elements = (size_t)tensor_units(parameter);
        void *data = arena_alloc(arena, elements + 1, size);
        memcpy(data, (const char *)trainer->parameters + parameter->offset * size, elements * size);
        tensors[i] = (rnn_file_tensor){.name = parameter->name,
                                       .dtype = size == sizeof(double) ? RNN_DTYPE_F64 : RNN_DTYPE_F32,
                                       .rank = parameter->rank,
                                       .data = data,
                                       .elements = elements};
    }
    return tensors;
}

/* Finds a parameter of the network with factors. */
static const rnn_file_tensor *find_tensor(const struct factoring *factoring, const rnn_file_tensor *tensors, int count,
                                          const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(tensors[i].name, name) == 0)
            return &tensors[i];
    for (int i = 0; i < factoring->matrix_count; i++)
        for (int k = 0; k < factoring->matrices[i].factor_count; k++)
            if (strcmp(factoring->matrices[i].factors[k].name, name) == 0)
                return &factoring->matrices[i].factors[k];
    return NULL;
}

static bool fill_parameters(const struct factoring *factoring, const rnn_file_tensor *tensors, int count,
                            struct trainer *trainer, const char **error)
{
    const rnn_model *model = trainer->model;
    const size_t size = (size_t)model->real_size;
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *parameter = &model->parameters[i];
        const rnn_file_tensor *from = find_tensor(factoring, tensors, count, parameter->name);
        if (!from || from->elements != (size_t)tensor_units(parameter)) {
            *error = arena_printf(trainer->arena, "'%s': its '%s' is not what was written there",
                                  trainer->options->low_rank, parameter->name);
            return false;
        }
        memcpy((char *)trainer->parameters + parameter->offset * size, from->data, from->elements * size);
    }
    ranks_give(trainer->ranks, trainer->parameters, model->parameter_elements * size);
    return true;
}

/* The forms chosen, as --form has them. */
static const char *print_forms(struct arena *arena, const struct factoring *factoring)
{
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "");
    for (int i = 0; i < factoring->matrix_count; i++) {
        const struct choice *choice = &factoring->matrices[i].choice;
        if (choice_is_none(choice))
            continue;
        text_printf(&text, "%s%s=", text.length ? " " : "", factoring->matrices[i].value->name);
        if (choice->form != FORM_DENSE)
            text_printf(&text, "%s:%d", choice->form == FORM_SVD ? "svd" : "cp", choice->rank);
        if (choice->preview)
            text_printf(&text, ":preview=%d:refine=%d", choice->preview, choice->refine);
        text_puts(&text, choice->form == FORM_DENSE ? "" : ",");
        text_puts(&text, precision_name(choice->storage));
    }
    return text.data;
}

/* Chooses forms and computes the factors. */
static bool factor(const struct conversion *conversion, struct factoring *factoring, const char **error)
{
    const struct form_options *forms = &conversion->options->forms;
    bool decomposes = false;
    for (int i = 0; i < forms->count; i++)
        decomposes |= forms->items[i].decomposes;
    if (!choose_forms(factoring, forms, error) || !compute_spectra(factoring, error))
        return false;
    if (!decomposes)
        choose_ranks(factoring);
    return compute_factors(factoring, error);
}

/* Validates the factors as they are, from which the best validation goes on. */
static bool begin_validation(struct trainer *trainer, double *validation, const char **error)
{
    struct position *position = &trainer->position;
    struct score score = {.loss = NAN};
    bool stopped = false;
    position->best = 0;
    position->best_epoch = 0;
    trainer->rates.best = rnn_schedule_start().best;
    trainer->rates.waited = 0;
    *validation = NAN;
    if (!trainer->held->count)
        return true;
    if (!validate(trainer, stop_requested, &score, &stopped, error) || stopped)
        return false;
    *validation = score.loss;
    if (isfinite(score.loss)) {
        position->best = score.loss;
        position->best_epoch = position->epoch;
    }
    return true;
}

static bool convert(const struct conversion *conversion, struct factoring *factoring, const rnn_file_tensor *tensors,
                    struct trainer *trainer, struct report *report, const char **error)
{
    const int count = trainer->model->parameter_count;
    double validation = NAN;
    if (!factor(conversion, factoring, error))
        return false;
    trainer->forms = print_forms(trainer->arena, factoring);
    const struct ranks_item item = {"the forms of matrices", trainer->forms, false};
    if (!ranks_agree(trainer->ranks, trainer->arena, &item, 1, error))
        return false;
    const bool factors = has_factors(factoring);
    if (factors && !trainer->ranks->rank && !weights_save(trainer, conversion->options->dense, error))
        return false;
    if (*trainer->forms && (!open_factored(conversion, factoring, trainer, error) ||
                            !fill_parameters(factoring, tensors, count, trainer, error)))
        return false;
    if (factors && !begin_validation(trainer, &validation, error))
        return false;
    report_conversion(report, factoring, validation);
    return true;
}

bool conversion_run(struct conversion *conversion, struct trainer *trainer, struct report *report, const char **error)
{
    struct arena *scratch = arena_new();
    const rnn_file_tensor *tensors = copy_parameters(scratch, trainer);
    struct factoring factoring = list_matrices(conversion, scratch, trainer->model, tensors);
    *error = NULL;
    bool done = convert(conversion, &factoring, tensors, trainer, report, error);
    if (*error)
        *error = arena_copy_string(trainer->arena, *error, strlen(*error));
    arena_free(scratch);
    return done;
}

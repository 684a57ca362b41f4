/* The rules that each value keeps by itself. */
#include <string.h>

#include "base/arena.h"
#include "sema/check.h"
#include "sema/shape_errors.h"

static void check_delay(void *context, const struct term *term)
{
    struct check *check = context;
    if (term->kind != TERM_DELAY || term->value->time == TIME_FRAME || check->wrong[term->value->id])
        return;
    const char *name = term->value->hidden ? report_excerpt(&check->report, term->value->span) : term->value->name;
    report_error(&check->report, term->span, "'%s' is of %s time: it has no frames, and so no past or future", name,
                 time_name(term->value->time));
    if (!term->value->hidden)
        report_note(&check->report, term->value->span, "'%s' is defined here", name);
}

static void check_term(struct check *check, struct term *term)
{
    shape_term(term, true, &check->report);
    walk_term(term, check_delay, check);
}

/* Reports an id that stands alone where a number is needed. */
static void check_no_id(struct check *check, const struct term *term)
{
    if (term_is_id(term))
        tell_id(&check->report, term);
}

static void check_equation(struct check *check, struct value *value)
{
    check_term(check, value->term);
    const struct shape *shape = &value->term->shape;
    if (value->declared && !value->typed)
        check_no_id(check, value->term);
    if (value->declared && value->shape.rank > 1 && value->time != TIME_STATIC)
        report_error(&check->report, value->span, "a matrix has to be static, but '%s' is of %s time", value->name,
                     time_name(value->time));
    if (shape->rank == SHAPE_OPEN || value->shape.rank == SHAPE_OPEN || shape_equal(shape, &value->shape))
        return;
    if (value->declared && shape->rank == 0)
        return; /* a scalar spreads */
    report_error(&check->report, value->term->span, "'%s' is declared as %s, but '%s' is %s", value->name,
                 shape_words(&check->report, &value->shape), report_excerpt(&check->report, value->term->span),
                 tell_shape(&check->report, value->term));
    report_note(&check->report, value->span, "'%s' is declared here", value->name);
}

static void check_init(struct check *check, struct value *value)
{
    struct term *init = value->init;
    check_term(check, init);
    check_no_id(check, init);
    if (value->vocabulary)
        report_error(&check->report, init->span,
                     "'%s' holds ids, which read -1 before the first frame and have no init", value->name);
    else if (init->time == TIME_FRAME)
        report_error(&check->report, init->span,
                     "the init of '%s' has to be of static or sequence time, but '%s' is of frame time", value->name,
                     report_excerpt(&check->report, init->span));
    else if (init->shape.rank > 0 && value->shape.rank >= 0 && !shape_equal(&init->shape, &value->shape))
        report_error(&check->report, init->span, "'%s' is %s, but its init '%s' is %s", value->name,
                     shape_words(&check->report, &value->shape), report_excerpt(&check->report, init->span),
                     tell_shape(&check->report, init));
    else
        return;
    report_note(&check->report, value->span, "'%s' is defined here", value->name);
}

static void mark_past(void *context, const struct term *term)
{
    bool *read = context;
    const struct value *value = term->kind == TERM_DELAY && term->reads_init ? term->value : NULL;
    for (; value && !read[value->id]; value = value->init ? NULL : value->stands_for)
        read[value->id] = true;
}

/* Warns of an init that nothing reads. It is probably meant for h1.h, where it names h1, which only stands for h1.h. */
static void warn_unread_inits(struct check *check)
{
    struct program *program = check->program;
    bool *read = ARENA_ARRAY(check->arena, bool, program->value_count + 1);
    for (int i = 0; i < program->value_count; i++) {
        if (program->values[i]->term)
            walk_term(program->values[i]->term, mark_past, read);
    }
    for (int i = 0; i < program->loss_count; i++)
        if (program->losses[i].term)
            walk_term(program->losses[i].term, mark_past, read);
    for (int i = 0; i < program->value_count; i++) {
        const struct value *value = program->values[i];
        if (!value->init || read[i])
            continue;
        report_warning(&check->report, value->init->span,
                       "the init of '%s' is never used: '%s' is not read with a delay", value->name, value->name);
        if (value->term && value->term->kind == TERM_VALUE && read[value->term->value->id])
            report_note(&check->report, value->init->span, "did you mean 'init %s'?", value->term->value->name);
    }
}

static void check_losses(struct check *check)
{
    struct program *program = check->program;
    for (int i = 0; i < program->loss_count; i++) {
        struct term *term = program->losses[i].term;
        if (!term)
            continue;
        check_term(check, term);
        check_no_id(check, term);
        if (term->shape.rank > 0)
            report_error(&check->report, term->span, "a loss is a scalar, but '%s' is %s",
                         report_excerpt(&check->report, term->span), shape_text(check->arena, &term->shape));
        else if (term->shape.rank == 0 && term->time == TIME_STATIC)
            report_error(&check->report, term->span, "a loss has to be of frame or sequence time, but '%s' is static",
                         report_excerpt(&check->report, term->span));
    }
}

/* The term itself, or the equation that it names. */
static const struct term *computed_by(const struct check *check, const struct term *term)
{
    for (int i = 0; i < check->program->value_count && term->kind == TERM_VALUE && term->value->term; i++)
        term = term->value->term;
    return term;
}

static void warn_squashed(void *context, const struct term *term)
{
    struct check *check = context;
    bool binary = term->kind == TERM_OP && term->op == OP_binary_cross_entropy;
    if (!binary && (term->kind != TERM_OP || (term->op != OP_cross_entropy && term->op != OP_ctc)))
        return;
    enum op squash = binary ? OP_sigmoid : OP_softmax;
    const struct term *operand = computed_by(check, term->args[0]);
    if (operand->kind == TERM_OP && operand->op == squash)
        report_warning(&check->report, term->args[0]->span, "'%s' applies %s itself, but '%s' is a %s already",
                       op_info(term->op)->name, op_info(squash)->name,
                       report_excerpt(&check->report, term->args[0]->span), op_info(squash)->name);
}

/* Warns of a softmax or sigmoid below a loss that applies its own: the network learns badly, and nothing tells why. */
static void warn_squashed_twice(struct check *check)
{
    const struct program *program = check->program;
    for (int i = 0; i < program->loss_count; i++)
        if (program->losses[i].term)
            walk_term(program->losses[i].term, warn_squashed, check);
    for (int i = 0; i < program->value_count; i++)
        if (program->values[i]->term)
            walk_term(program->values[i]->term, warn_squashed, check);
}

/* Marks all values that read a marked one, directly or through others. */
static void spread_mark(struct check *check, bool *marked)
{
    int *queue = ARENA_ARRAY(check->arena, int, check->program->value_count + 1), count = 0;
    for (int i = 0; i < check->program->value_count; i++)
        if (marked[i])
            queue[count++] = i;
    for (int next = 0; next < count; next++) {
        const struct solver_node *node = &check->solver.nodes[queue[next]];
        for (int i = 0; i < node->user_count; i++) {
            if (!marked[node->users[i]])
                queue[count++] = node->users[i];
            marked[node->users[i]] = true;
        }
    }
}

static void check_outputs(struct check *check)
{
    struct program *program = check->program;
    bool *of_target = ARENA_ARRAY(check->arena, bool, program->value_count + 1);
    for (int i = 0; i < program->target_count; i++)
        of_target[program->targets[i]->id] = true;
    spread_mark(check, of_target);
    for (int i = 0; i < program->output_count; i++) {
        const struct output *output = &program->outputs[i];
        if (of_target[output->value->id])
            report_error(&check->report, output->span,
                         "the output '%s' depends on a target, which is given only in training", output->name);
        else if (output->value->vocabulary)
            report_error(&check->report, output->span, "the output '%s' holds ids; an output is real", output->name);
        else if (output->value->shape.rank > 1)
            report_error(&check->report, output->span, "an output is a scalar or a vector, but '%s' is %s",
                         output->name, shape_text(check->arena, &output->value->shape));
    }
}

/* True for a value that only stands for another one: it is open only if that one is. */
static bool is_handed_on(const struct value *value) { return value->term && value->term->kind == TERM_VALUE; }

/* Reports values that stay open although nothing is wrong around them; of several that depend on each other, the first.
 */
static void check_open(struct check *check, bool hidden)
{
    struct program *program = check->program;
    for (int i = 0; i < program->value_count; i++) {
        const struct value *value = program->values[i];
        if (value->shape.rank != SHAPE_OPEN || check->wrong[i] || value->hidden != hidden || is_handed_on(value) ||
            !value->term)
            continue;
        check->report.origin = value->origin;
        report_error(&check->report, value->span, "the shape of '%s' is open: declare it, as in '%s[n] = ...'",
                     value->name, hidden ? "name" : report_excerpt(&check->report, value->span));
        check->wrong[i] = true;
        spread_mark(check, check->wrong);
    }
}

void check_values(struct check *check)
{
    struct program *program = check->program;
    for (int i = 0; i < program->value_count; i++)
        check->wrong[i] = program->values[i]->kind == VALUE_EQUATION ? !program->values[i]->term
                                                                     : program->values[i]->shape.rank == SHAPE_OPEN;
    spread_mark(check, check->wrong);
    bool *told = ARENA_ARRAY(check->arena, bool, program->value_count + 1);
    for (int i = 0; i < program->value_count; i++) {
        struct value *value = program->values[i];
        int before = check->report.error_count;
        check->report.origin = value->origin;
        if (value->term)
            check_equation(check, value);
        if (value->init)
            check_init(check, value);
        told[i] = check->report.error_count > before;
    }
    check->report.origin = NULL;
    check_losses(check);
    check_outputs(check);
    for (int i = 0; i < program->value_count; i++)
        check->wrong[i] |= told[i];
    if (check->report.error_count)
        return;
    warn_unread_inits(check);
    warn_squashed_twice(check);
}

void check_open_shapes(struct check *check)
{
    spread_mark(check, check->wrong);
    check_open(check, false);
    check_open(check, true);
    check->report.origin = NULL;
}

/* c = C(d), d = c[t-1]: an instance waits for a shape that follows from its own result, and everything for the
 * instance. */
void check_waiting_shapes(struct check *check)
{
    memset(check->wrong, 0, (size_t)check->program->value_count * sizeof *check->wrong);
    check_open(check, false);
    check_open(check, true);
    check->report.origin = NULL;
}

/* Times of targets. A target has the time of the term that it is compared with: in `loss cross_entropy(logits, y)` that
 * of logits; below a function over time or a delay it has frame time. If an equation of the target is compared instead,
 * the question is passed on to the values that the equation reads. */
#include "base/arena.h"
#include "sema/check.h"

/* The question of the time of the targets that a value without a time of its own is made of. */
struct question {
    const struct value *value;
    enum value_time time;
    bool forced;      /* needs frames, whatever stands beside the target */
    struct span span; /* where the question came up */
};

struct targets {
    struct check *check;
    struct span *found;   /* by value id: where the time of a target was found; empty if nowhere */
    unsigned char *asked; /* by value id: a bit for each question that was put */
    struct question *questions;
    int begin, count, capacity;
};

static void set_time(struct targets *targets, struct value *target, enum value_time time, struct span span)
{
    if (target->kind != VALUE_TARGET || target->once || target->labels || time == TIME_STATIC)
        return;
    struct span *found = &targets->found[target->id];
    if (found->end && time != target->time) {
        report_error(&targets->check->report, span, "the target '%s' is compared with a %s value here", target->name,
                     time_name(time));
        report_note(&targets->check->report, *found, "but with a %s value here", time_name(target->time));
    } else if (!found->end) {
        *found = span;
        target->time = time;
    }
}

/* True if the targets below have to be of frame time; those of an operand that has frames by itself do not. */
static bool needs_frames(const struct term *term, const struct term *operand)
{
    return term->kind == TERM_OP && op_is_over_time(term->op) && operand->time != TIME_FRAME;
}

/* Asks about one value of a term of question.time. An equation that is not static has found its targets itself. */
static void ask(struct targets *targets, struct value *value, struct question question)
{
    if (value->kind == VALUE_TARGET)
        set_time(targets, value, question.time, question.span);
    bool is_open = question.forced ? value->time != TIME_FRAME : value->time == TIME_STATIC;
    unsigned char bit = question.forced ? 1 : question.time == TIME_FRAME ? 2 : 4;
    if (!value->term || !is_open || question.time == TIME_STATIC || targets->asked[value->id] & bit)
        return;
    targets->asked[value->id] |= bit;
    question.value = value;
    ARENA_PUSH(targets->check->arena, targets->questions, targets->count, targets->capacity, question);
}

/* Asks about the targets of a term. question.time is the time found beside the nearest operation that has one. Terms
 * below a function over time or a delay are left to find_frames. */
static void find_beside(struct targets *targets, const struct term *term, struct question question)
{
    struct question own = question;
    if (!own.span.end)
        own.span = term->span;
    if (term->kind == TERM_VALUE)
        ask(targets, term->value, own);
    int at[3] = {0}; /* how many operands are of each time */
    for (int i = 0; i < term->count; i++)
        at[term->args[i]->time]++;
    for (int i = 0; i < term->count; i++) {
        int time = term->args[i]->time;
        own = question;
        if (!question.forced && at[TIME_FRAME] > (time == TIME_FRAME))
            own.time = TIME_FRAME;
        else if (!question.forced && at[TIME_SEQUENCE] > (time == TIME_SEQUENCE))
            own.time = TIME_SEQUENCE;
        if (!needs_frames(term, term->args[i]))
            find_beside(targets, term->args[i], own);
    }
}

/* Asks about targets below a function over time or a delay, whose frames are needed. */
static void find_frames(struct targets *targets, const struct term *term)
{
    struct question question = {.time = TIME_FRAME, .forced = true, .span = term->span};
    if (term->kind == TERM_DELAY)
        ask(targets, term->value, question);
    question.span = (struct span){0};
    for (int i = 0; i < term->count; i++) {
        if (needs_frames(term, term->args[i]))
            find_beside(targets, term->args[i], question);
        find_frames(targets, term->args[i]);
    }
}

static void answer(struct targets *targets)
{
    while (targets->begin < targets->count) {
        struct question question = targets->questions[targets->begin++];
        find_beside(targets, question.value->term, question);
    }
}

static void find_targets(struct targets *targets)
{
    const struct program *program = targets->check->program;
    for (int i = 0; i < program->loss_count; i++)
        if (program->losses[i].term)
            find_frames(targets, program->losses[i].term);
    for (int i = 0; i < program->value_count; i++)
        if (program->values[i]->term)
            find_frames(targets, program->values[i]->term);
    answer(targets);
    for (int i = 0; i < program->loss_count; i++)
        if (program->losses[i].term)
            find_beside(targets, program->losses[i].term, (struct question){.time = TIME_STATIC});
    for (int i = 0; i < program->value_count; i++) {
        const struct value *value = program->values[i];
        if (value->term && !(targets->asked[i] & 1))
            find_beside(targets, value->term, (struct question){.time = value->term->time});
    }
    answer(targets);
}

void infer_target_times(struct check *check)
{
    struct program *program = check->program;
    if (!program->target_count)
        return;
    struct targets targets = {.check = check,
                              .found = ARENA_ARRAY(check->arena, struct span, program->value_count + 1),
                              .asked = ARENA_ARRAY(check->arena, unsigned char, program->value_count + 1)};
    for (int i = 0; i < program->loss_count; i++)
        if (program->losses[i].term)
            shape_term(program->losses[i].term, true, NULL);
    find_targets(&targets);
    for (int i = 0; i < program->target_count; i++) {
        struct value *target = program->targets[i];
        if (target->time == TIME_STATIC)
            target->time = TIME_FRAME;
        solver_touch(&check->solver, target);
    }
    solver_run(&check->solver);
}

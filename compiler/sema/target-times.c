/* A target has the time of what it is compared with: in `loss cross_entropy(logits, y)` that of logits. */
#include "base/arena.h"
#include "sema/check.h"

struct targets {
    struct check *check;
    struct span *found; /* by value id: where the time of a target was found; empty if nowhere */
};

/* What a value that only hands another on stands for; names may go round in circles, which is told later. */
static struct value *root_of(const struct targets *targets, struct value *value)
{
    int steps = targets->check->program->value_count;
    while (steps-- && value->kind == VALUE_EQUATION && value->term && value->term->kind == TERM_VALUE)
        value = value->term->value;
    return value;
}

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

/* `around`: the time of what stands beside the nearest operation that has any. */
static void find_targets(struct targets *targets, const struct term *term, enum value_time around)
{
    if (term->kind == TERM_VALUE)
        set_time(targets, root_of(targets, term->value), around, term->span);
    else if (term->kind == TERM_DELAY)
        set_time(targets, root_of(targets, term->value), TIME_FRAME, term->span);
    int at[3] = {0}; /* how many operands are of each time */
    for (int i = 0; i < term->count; i++)
        at[term->args[i]->time]++;
    for (int i = 0; i < term->count; i++) {
        int own = term->args[i]->time;
        enum value_time beside = around;
        if (at[TIME_FRAME] > (own == TIME_FRAME))
            beside = TIME_FRAME;
        else if (at[TIME_SEQUENCE] > (own == TIME_SEQUENCE))
            beside = TIME_SEQUENCE;
        find_targets(targets, term->args[i], beside);
    }
}

void infer_target_times(struct check *check)
{
    struct program *program = check->program;
    if (!program->target_count)
        return;
    struct targets targets = {check, ARENA_ARRAY(check->arena, struct span, program->value_count + 1)};
    for (int i = 0; i < program->loss_count; i++) {
        if (!program->losses[i].term)
            continue;
        shape_term(program->losses[i].term, true, NULL);
        find_targets(&targets, program->losses[i].term, TIME_STATIC);
    }
    for (int i = 0; i < program->value_count; i++) {
        const struct value *value = program->values[i];
        if (value->term)
            find_targets(&targets, value->term, value->term->time);
    }
    for (int i = 0; i < program->target_count; i++) {
        struct value *target = program->targets[i];
        if (target->time == TIME_STATIC)
            target->time = TIME_FRAME;
        solver_touch(&check->solver, target);
    }
    solver_run(&check->solver);
}

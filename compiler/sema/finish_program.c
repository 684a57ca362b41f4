/* Finishes a program without errors, so that no later stage has to know these rules. */
#include "base/arena.h"
#include "sema/check.h"

/* Makes second operands of embed, cross_entropy and ctc read the input or target itself, not a value that only passes
 * it on. */
static void redirect_ids(void *context, const struct term *term)
{
    (void)context;
    bool takes_id =
        term->kind == TERM_OP && (term->op == OP_embed || term->op == OP_cross_entropy || term->op == OP_ctc);
    if (!takes_id)
        return;
    struct term *id = term->args[1];
    while (id->value->kind == VALUE_EQUATION && id->value->term->kind == TERM_VALUE)
        id->value = id->value->term->value;
}

/* Spreads a scalar that is the equation of a declared vector, by a copy. */
static void spread_scalar(struct check *check, struct value *value)
{
    if (value->term->shape.rank == value->shape.rank)
        return;
    struct term *copy = ARENA_NEW(check->arena, struct term);
    *copy = (struct term){.kind = TERM_OP,
                          .op = OP_copy,
                          .shape = value->shape,
                          .time = value->term->time,
                          .span = value->term->span,
                          .count = 1};
    copy->args = ARENA_ARRAY(check->arena, struct term *, 1);
    copy->args[0] = value->term;
    value->term = copy;
}

struct future {
    struct check *check;
    bool *summary; /* by value id: of sequence time, and known only when the sequence has ended */
    bool *reached; /* by value id: an output depends on it */
    int *queue;
    int count;
    bool needed;
};

/* True if a term of sequence time needs the end of the sequence. A frame that uses such a term needs the future. */
static bool is_summary(struct future *future, const struct term *term)
{
    bool any = term->kind == TERM_VALUE && future->summary[term->value->id];
    for (int i = 0; i < term->count; i++)
        any |= is_summary(future, term->args[i]);
    if (term->kind == TERM_OP && op_info(term->op)->class == OP_CLASS_OVER_TIME)
        return true;
    if (any && term->time == TIME_FRAME)
        future->needed = true;
    return any && term->time == TIME_SEQUENCE;
}

static void find_summaries(struct future *future)
{
    const struct program *program = future->check->program;
    int capacity = program->value_count, count = 0;
    int *queue = ARENA_ARRAY(future->check->arena, int, capacity + 1);
    for (int i = 0; i < program->value_count; i++) {
        const struct value *value = program->values[i];
        future->summary[i] = value->time == TIME_SEQUENCE && value->term && is_summary(future, value->term);
        if (future->summary[i])
            queue[count++] = i;
    }
    for (int next = 0; next < count; next++) {
        const struct solver_node *node = &future->check->solver.nodes[queue[next]];
        for (int i = 0; i < node->user_count; i++) {
            int user = node->users[i];
            if (future->summary[user] || program->values[user]->time != TIME_SEQUENCE)
                continue;
            future->summary[user] = is_summary(future, program->values[user]->term);
            if (future->summary[user])
                queue[count++] = user;
        }
    }
}

static void reach(void *context, const struct term *term)
{
    struct future *future = context;
    if (term->kind == TERM_DELAY && term->delay < 0)
        future->needed = true;
    if (!term->value || future->reached[term->value->id])
        return;
    future->reached[term->value->id] = true;
    future->queue[future->count++] = term->value->id;
}

/* True if an output depends on frames ahead. Losses do not count: they may look ahead. */
static bool needs_future(struct check *check)
{
    const struct program *program = check->program;
    struct future future = {.check = check};
    future.summary = ARENA_ARRAY(check->arena, bool, program->value_count + 1);
    future.reached = ARENA_ARRAY(check->arena, bool, program->value_count + 1);
    future.queue = ARENA_ARRAY(check->arena, int, program->value_count + 1);
    find_summaries(&future);
    future.needed = false;
    for (int i = 0; i < program->output_count; i++) {
        struct term output = {.kind = TERM_VALUE, .value = program->outputs[i].value};
        reach(&future, &output);
    }
    for (int next = 0; next < future.count; next++) {
        const struct value *value = program->values[future.queue[next]];
        if (value->term) {
            walk_term(value->term, reach, &future);
            is_summary(&future, value->term);
        }
        if (value->init) {
            walk_term(value->init, reach, &future);
            future.needed |= is_summary(&future, value->init);
        }
    }
    return future.needed;
}

void finish_program(struct check *check)
{
    struct program *program = check->program;
    program->needs_future = needs_future(check);
    for (int i = 0; i < program->value_count; i++) {
        if (!program->values[i]->term)
            continue;
        walk_term(program->values[i]->term, redirect_ids, NULL);
        spread_scalar(check, program->values[i]);
    }
    for (int i = 0; i < program->loss_count; i++)
        walk_term(program->losses[i].term, redirect_ids, NULL);
    refine_products(check);
}

/* The solver: infers shapes and times again and again, until no value changes. */
#include "base/arena.h"
#include "sema/shape_errors.h"
#include "sema/shapes.h"

void solver_init(struct solver *solver, struct arena *arena) { *solver = (struct solver){.arena = arena}; }

void solver_add(struct solver *solver, struct value *value)
{
    value->id = solver->count;
    struct solver_node node = {.value = value};
    ARENA_PUSH(solver->arena, solver->nodes, solver->count, solver->capacity, node);
}

static void enqueue(struct solver *solver, int id)
{
    struct solver_node *node = &solver->nodes[id];
    if (node->queued || !node->value->term)
        return;
    node->queued = true;
    ARENA_PUSH(solver->arena, solver->queue, solver->queue_count, solver->queue_capacity, id);
}

static void add_uses(struct solver *solver, const struct term *term, int user)
{
    if (term->value) {
        struct solver_node *node = &solver->nodes[term->value->id];
        node->read = true;
        if (!node->user_count || node->users[node->user_count - 1] != user)
            ARENA_PUSH(solver->arena, node->users, node->user_count, node->user_capacity, user);
    }
    for (int i = 0; i < term->count; i++)
        add_uses(solver, term->args[i], user);
}

void solver_attach(struct solver *solver, struct value *value)
{
    add_uses(solver, value->term, value->id);
    enqueue(solver, value->id);
}

void solver_read(struct solver *solver, const struct term *term)
{
    if (term->value)
        solver->nodes[term->value->id].read = true;
    for (int i = 0; i < term->count; i++)
        solver_read(solver, term->args[i]);
}

void solver_touch(struct solver *solver, struct value *value)
{
    struct solver_node *node = &solver->nodes[value->id];
    for (int i = 0; i < node->user_count; i++)
        enqueue(solver, node->users[i]);
    ARENA_PUSH(solver->arena, solver->changed, solver->changed_count, solver->changed_capacity, value->id);
}

/* Solves one value from its term; true if anything about it grew. */
static bool solve(struct value *value, bool settled)
{
    struct term *term = value->term;
    shape_term(term, settled, NULL);
    bool grew = false;
    if (!value->declared && value->shape.rank <= 0 && term->shape.rank > value->shape.rank) {
        value->shape = term->shape;
        grew = true;
    }
    if (term->time > value->time) {
        value->time = term->time;
        grew = true;
    }
    if (term_is_id(term) && !value->vocabulary) {
        value->vocabulary = term->value->vocabulary;
        value->labels = term->value->labels;
        grew = true;
    }
    return grew;
}

void solver_run(struct solver *solver)
{
    while (solver->queue_begin < solver->queue_count) {
        struct solver_node *node = &solver->nodes[solver->queue[solver->queue_begin++]];
        node->queued = false;
        if (solve(node->value, false))
            solver_touch(solver, node->value);
    }
    solver->queue_begin = solver->queue_count = 0;
}

/* True if a term reads a scalar that may still grow because it depends on an open value. */
static bool reads_uncertain(const struct term *term, const bool *uncertain)
{
    if (term->value && term->value->shape.rank == 0 && uncertain[term->value->id])
        return true;
    for (int i = 0; i < term->count; i++)
        if (reads_uncertain(term->args[i], uncertain))
            return true;
    return false;
}

bool term_has_open_part(const struct term *term)
{
    if (term_is_open(term))
        return true;
    for (int i = 0; i < term->count; i++)
        if (term_has_open_part(term->args[i]))
            return true;
    return false;
}

static bool is_open(const struct value *value)
{
    return value->shape.rank == SHAPE_OPEN || (!value->declared && value->term && term_has_open_part(value->term));
}

/* Finds, by value id, the values that are open or depend on an open one. */
static bool *find_uncertain(struct solver *solver)
{
    bool *uncertain = ARENA_ARRAY(solver->arena, bool, solver->count + 1);
    int *stack = ARENA_ARRAY(solver->arena, int, solver->count + 1), count = 0;
    for (int i = 0; i < solver->count; i++) {
        uncertain[i] = is_open(solver->nodes[i].value);
        if (uncertain[i])
            stack[count++] = i;
    }
    while (count) {
        const struct solver_node *node = &solver->nodes[stack[--count]];
        for (int i = 0; i < node->user_count; i++) {
            if (!uncertain[node->users[i]])
                stack[count++] = node->users[i];
            uncertain[node->users[i]] = true;
        }
    }
    return uncertain;
}

bool solver_settle(struct solver *solver)
{
    const bool *uncertain = find_uncertain(solver);
    bool progress = false;
    for (int force = 0; force <= 1 && !progress; force++) {
        for (int i = 0; i < solver->count && !(force && progress); i++) {
            struct value *value = solver->nodes[i].value;
            bool candidate = value->term && is_open(value);
            if (!candidate || (!force && reads_uncertain(value->term, uncertain)) || !solve(value, true))
                continue;
            solver_touch(solver, value);
            progress = true;
        }
    }
    return progress;
}

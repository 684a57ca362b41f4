#include "base/arena.h"
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

/* One value from its term; true if anything about it grew. */
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
        if (solve(node->value, solver->settled))
            solver_touch(solver, node->value);
    }
    solver->queue_begin = solver->queue_count = 0;
}

void solver_settle(struct solver *solver)
{
    solver->settled = true;
    for (int i = 0; i < solver->count; i++)
        if (solver->nodes[i].value->shape.rank == SHAPE_OPEN)
            enqueue(solver, i);
}

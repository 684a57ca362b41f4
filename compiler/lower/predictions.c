#include "lower/predictions.h"

#include <string.h>

#include "base/arena.h"
#include "sema/program.h"

/* The term behind equations that only pass it on. */
static const struct term *behind_names(const struct term *term)
{
    while (term->kind == TERM_VALUE && term->value->term)
        term = term->value->term;
    return term;
}

/* The term that decides the largest unit: the one below any softmax. */
static const struct term *behind_softmax(const struct term *term)
{
    for (term = behind_names(term); term->kind == TERM_OP; term = behind_names(term->args[0]))
        if (term->op != OP_softmax && term->op != OP_log_softmax)
            break;
    return term;
}

static bool is_same(const struct term *a, const struct term *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->count != b->count || !shape_equal(&a->shape, &b->shape))
        return false;
    bool same = a->number == b->number && a->value == b->value && a->delay == b->delay &&
                a->reads_init == b->reads_init && a->op == b->op && memcmp(a->begin, b->begin, sizeof a->begin) == 0 &&
                memcmp(a->drop, b->drop, sizeof a->drop) == 0;
    for (int i = 0; i < a->count && same; i++)
        same = is_same(a->args[i], b->args[i]);
    return same;
}

static int find_output(const struct program *program, const struct term *logits)
{
    logits = behind_softmax(logits);
    for (int i = 0; i < program->output_count; i++) {
        const struct value *value = program->outputs[i].value;
        const struct term name = {
            .kind = TERM_VALUE, .shape = value->shape, .time = value->time, .value = (struct value *)value};
        if (is_same(behind_softmax(&name), logits))
            return i;
    }
    return -1;
}

/* Terms that a loss is computed from at the same frame, each value once. */
struct search {
    struct arena *arena;
    const struct term **open;
    int count, capacity;
    bool *seen; /* by value */
};

static void look_at(struct search *search, const struct term *term)
{
    if (term->kind == TERM_VALUE && (search->seen[term->value->id] || !term->value->term))
        return;
    if (term->kind == TERM_VALUE) {
        search->seen[term->value->id] = true;
        term = term->value->term;
    }
    ARENA_PUSH(search->arena, search->open, search->count, search->capacity, term);
}

int find_prediction(const struct program *program, const struct value *target, struct arena *scratch)
{
    struct search search = {.arena = scratch, .seen = ARENA_ARRAY(scratch, bool, program->value_count + 1)};
    int found = -1;
    for (int i = 0; i < program->loss_count; i++)
        look_at(&search, program->losses[i].term);
    while (search.count && found < 0) {
        const struct term *term = search.open[--search.count];
        bool compares = term->kind == TERM_OP && (term->op == OP_cross_entropy || term->op == OP_ctc);
        if (compares && term->args[1]->kind == TERM_VALUE && term->args[1]->value == target)
            found = find_output(program, term->args[0]);
        for (int i = 0; i < term->count; i++)
            look_at(&search, term->args[i]);
    }
    return found;
}

/* True if the loss is the sum of its operands, or a multiple of one. */
static bool adds_up(const struct term *term)
{
    const bool scales = term->op == OP_mul || term->op == OP_div;
    return term->op == OP_add || (scales && (term->args[0]->kind == TERM_NUMBER || term->args[1]->kind == TERM_NUMBER));
}

bool find_probabilities(const struct program *program, const struct value *target, struct arena *scratch)
{
    struct search search = {.arena = scratch, .seen = ARENA_ARRAY(scratch, bool, program->value_count + 1)};
    bool found = false;
    for (int i = 0; i < program->loss_count; i++)
        look_at(&search, program->losses[i].term);
    while (search.count && !found) {
        const struct term *term = search.open[--search.count];
        if (term->kind != TERM_OP)
            continue;
        found =
            op_info(term->op)->of_probabilities && term->args[1]->kind == TERM_VALUE && term->args[1]->value == target;
        for (int i = 0; i < term->count && adds_up(term); i++)
            look_at(&search, term->args[i]);
    }
    return found;
}

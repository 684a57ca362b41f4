/* Products with an output matrix that has a preview, `param W[n, m] : svd(r, preview = w, refine = N)`: SVD-softmax
 * (Shim, Lee, Choi, Boo, Sung, "SVD-Softmax: Fast Softmax Approximation on Large Vocabulary Neural Networks", NIPS
 * 2017).
 *
 *   before:   b + W @ h
 *   after:    refined_product(W.A, W.B @ h, b, preview = w, refine = N)
 *
 * The largest units are those of the whole sum, so a product takes in what it is added to. Losses are left as they are:
 * they are of training, which computes all. */
#include "base/arena.h"
#include "sema/check.h"

static struct term *new_term(struct check *check, enum term_kind kind, const struct term *like)
{
    struct term *term = ARENA_NEW(check->arena, struct term);
    *term = (struct term){.kind = kind, .shape = like->shape, .time = like->time, .span = like->span};
    return term;
}

static struct term *new_operation(struct check *check, enum op op, int count, const struct term *like)
{
    struct term *term = new_term(check, TERM_OP, like);
    term->op = op;
    term->count = count;
    term->args = ARENA_ARRAY(check->arena, struct term *, count);
    term->depth = like->depth;
    return term;
}

/* Makes a read of factor k of the parameter. */
static struct term *read_factor(struct check *check, const struct term *weights, int k)
{
    struct term *factor = new_term(check, TERM_VALUE, weights);
    factor->value = weights->value->term->args[k]->value;
    factor->shape = factor->value->shape;
    return factor;
}

static bool has_preview(const struct term *product)
{
    const struct term *weights = product->args[0];
    return weights->kind == TERM_VALUE && weights->value->preview && product->time != TIME_STATIC;
}

static struct term *refine_product(struct check *check, const struct term *product)
{
    const struct term *weights = product->args[0];
    struct term *thin = new_operation(check, OP_product, 2, product);
    thin->args[0] = read_factor(check, weights, 1);
    thin->args[1] = product->args[1];
    thin->shape = (struct shape){1, {thin->args[0]->shape.dim[0]}};
    struct term *refined = new_operation(check, OP_refined_product, 3, product);
    refined->preview = weights->value->preview;
    refined->refine = weights->value->refine;
    refined->count = 2; /* no summand yet */
    refined->args[0] = read_factor(check, weights, 0);
    refined->args[1] = thin;
    return refined;
}

static bool is_refined(const struct term *term) { return term->kind == TERM_OP && term->op == OP_refined_product; }

static bool takes_in(const struct term *sum)
{
    return (sum->op == OP_add && (is_refined(sum->args[0]) || is_refined(sum->args[1]))) ||
           (sum->op == OP_sub && is_refined(sum->args[0]));
}

/* Moves what a refined product is added to into it. Of two such products the first takes in the other. */
static struct term *take_in(struct check *check, struct term *sum)
{
    int at = is_refined(sum->args[0]) ? 0 : 1;
    struct term *refined = sum->args[at], *summand = sum->args[1 - at];
    refined->span = sum->span;
    refined->time = sum->time;
    if (sum->op == OP_sub) {
        struct term *negative = new_operation(check, OP_neg, 1, summand);
        negative->args[0] = summand;
        summand = negative;
    }
    if (refined->count == 3) {
        struct term *first = refined->args[2];
        sum->op = OP_add;
        sum->args[0] = first;
        sum->args[1] = summand;
        sum->shape = first->shape.rank ? first->shape : summand->shape;
        summand = sum;
    }
    refined->count = 3;
    refined->args[2] = summand;
    return refined;
}

/* Recurses over the term, whose depth is that of an expression. */
static struct term *rewrite(struct check *check, struct term *term)
{
    for (int i = 0; i < term->count; i++)
        term->args[i] = rewrite(check, term->args[i]);
    if (term->kind != TERM_OP)
        return term;
    if (term->op == OP_product && has_preview(term))
        return refine_product(check, term);
    return takes_in(term) ? take_in(check, term) : term;
}

void refine_products(struct check *check)
{
    for (int i = 0; i < check->program->value_count; i++) {
        struct value *value = check->program->values[i];
        if (value->term)
            value->term = rewrite(check, value->term);
        if (value->init)
            value->init = rewrite(check, value->init);
    }
}

/* Losses: a scalar for one frame, or for ctc for one sequence. */
#include <math.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/internal_error.h"
#include "oracle/evaluation.h"

/* log(exp(a) + exp(b)), which moves by the mean of what a and b move by, weighed by exp(a) and exp(b). */
static struct log_sum log_add(const struct evaluation *evaluation, struct log_sum a, struct log_sum b)
{
    double most = a.value > b.value ? a.value : b.value;
    if (most == -INFINITY)
        return (struct log_sum){most, 0};
    double p = exp(a.value - most), q = exp(b.value - most);
    return (struct log_sum){most + log(p + q),
                            rounded(evaluation, (moved_by(p, a.slope) + moved_by(q, b.slope)) / (p + q))};
}

static double log_total(const double *x, long n)
{
    double most = -INFINITY, sum = 0;
    for (long i = 0; i < n; i++)
        most = x[i] > most ? x[i] : most;
    for (long i = 0; i < n; i++)
        sum += exp(x[i] - most);
    return most + log(sum);
}

static double cross_entropy(const double *logits, long n, double id)
{
    return id < 0 ? 0 : log_total(logits, n) - logits[(long)id];
}

/* The mean over units of -y log s(x) - (1 - y) log(1 - s(x)), s the sigmoid. */
static double binary_cross_entropy(const double *x, const double *y, long n)
{
    double sum = 0;
    for (long i = 0; i < n; i++)
        sum += (x[i] > 0 ? x[i] : 0) - x[i] * y[i] + log1p(exp(-fabs(x[i])));
    return sum / (double)n;
}

static double mean_squared_error(const double *x, const double *y, long n)
{
    double sum = 0;
    for (long i = 0; i < n; i++)
        sum += (x[i] - y[i]) * (x[i] - y[i]);
    return sum / (double)n;
}

void oracle_frame_loss(const struct evaluation *evaluation, const struct term *term, const double *const *x,
                       double *out)
{
    long n = shape_size(&term->args[0]->shape);
    if (term->op == OP_cross_entropy)
        *out = cross_entropy(x[0], n, x[1][0]);
    else if (term->op == OP_binary_cross_entropy)
        *out = binary_cross_entropy(x[0], x[1], n);
    else
        *out = mean_squared_error(x[0], x[1], n);
    *out = rounded(evaluation, *out);
}

/* sum_i softmax(x)_i dx_i: the slope of the log of the total */
static double mean_slope(const struct evaluation *evaluation, const double *x, const double *dx, long n)
{
    double *log_p = ARENA_ARRAY(evaluation->scratch, double, n + 1), sum = 0;
    oracle_log_softmax(evaluation, x, n, log_p);
    for (long i = 0; i < n; i++)
        sum = rounded(evaluation, sum + moved_by(rounded(evaluation, exp(log_p[i])), dx[i]));
    return sum;
}

static int label_count(const struct evaluation *evaluation, const struct value *labels)
{
    for (int i = 0; i < evaluation->program->target_count; i++)
        if (evaluation->program->targets[i] == labels)
            return evaluation->call->label_counts[i];
    internal_error("oracle: '%s' is no target", labels->name);
}

/* -log of the probability of all paths that spell the labels, blank 0. Graves et al., "Connectionist Temporal
 * Classification", ICML 2006, section 4.1: state s of 2 * count + 1 is a blank if s is even, else label s / 2. Infinite
 * where the frames are too few. */
struct log_sum oracle_ctc(struct evaluation *evaluation, const struct term *term)
{
    const double *labels = oracle_read_value(evaluation, term->args[1]->value, 0);
    int states = 2 * label_count(evaluation, term->args[1]->value) + 1;
    long n = shape_size(&term->args[0]->shape);
    struct log_sum *now = ARENA_ARRAY(evaluation->scratch, struct log_sum, states);
    struct log_sum *before = ARENA_ARRAY(evaluation->scratch, struct log_sum, states);
    for (int s = 0; s < states; s++)
        before[s] = (struct log_sum){s == 0 ? 0 : -INFINITY, 0};
    for (int frame = 0; frame < evaluation->call->length; frame++) {
        const double *x = oracle_evaluate_term(evaluation, term->args[0], frame);
        const double *dx = evaluation->call->direction ? oracle_evaluate_slope(evaluation, term->args[0], frame) : NULL;
        const struct log_sum total = {log_total(x, n), dx ? mean_slope(evaluation, x, dx, n) : 0};
        for (int s = 0; s < states; s++) {
            long symbol = s % 2 ? (long)labels[s / 2] : 0;
            struct log_sum sum = before[s];
            if (s >= 1)
                sum = log_add(evaluation, sum, before[s - 1]);
            /* A blank may be left out between two labels that differ. */
            if (s >= 3 && s % 2 && labels[s / 2] != labels[s / 2 - 1])
                sum = log_add(evaluation, sum, before[s - 2]);
            double slope = dx ? rounded(evaluation, sum.slope + rounded(evaluation, dx[symbol] - total.slope)) : 0;
            now[s] = (struct log_sum){sum.value + x[symbol] - total.value, slope};
        }
        struct log_sum *swap = before;
        before = now;
        now = swap;
    }
    struct log_sum all = states > 1 ? log_add(evaluation, before[states - 1], before[states - 2]) : before[0];
    return (struct log_sum){rounded(evaluation, -all.value), -all.slope};
}

enum ids oracle_find_ids(struct evaluation *evaluation, const struct term *term, int frame)
{
    if (term->kind == TERM_VALUE)
        return oracle_read_ids(evaluation, term->value, frame);
    enum ids found = NO_IDS;
    if (term->kind == TERM_OP && term->op == OP_cross_entropy)
        found = *oracle_evaluate_term(evaluation, term->args[1], frame) >= 0 ? IDS_THERE : IDS_MISSING;
    const struct frames frames = oracle_frames_needed(evaluation, term, frame);
    for (int i = 0; i < term->count; i++)
        for (int f = frames.begin; f < frames.end; f++) {
            enum ids own = oracle_find_ids(evaluation, term->args[i], f);
            found = own > found ? own : found;
        }
    return found;
}

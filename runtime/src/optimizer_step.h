/* One step of each optimiser, and clipping, on arrays of REAL; included by optimizer_step.c once for float and once for
 * double. The equations stand in rnn/optimizer.h. The coefficients are computed in double and rounded once; the loops
 * are plain, one element after the other, and have no branches, so that compilers vectorise them. */

/* Returns epsilon, above 0 in REAL too, so that 0 / (0 + epsilon) is 0. */
static REAL REAL_NAME(epsilon)(const rnn_optimizer_options *options)
{
    return (REAL)options->epsilon > REAL_MIN ? (REAL)options->epsilon : REAL_MIN;
}

static void REAL_NAME(step_sgd)(const struct step *step, REAL *restrict x, const REAL *restrict gradient,
                                REAL *restrict m, size_t elements)
{
    const REAL rate = (REAL)step->rate, momentum = (REAL)step->options->momentum,
               decay = (REAL)step->options->weight_decay;
    for (size_t i = 0; i < elements; i++) {
        m[i] = momentum * m[i] + (gradient[i] + decay * x[i]);
        x[i] -= rate * m[i];
    }
}

static void REAL_NAME(step_nesterov)(const struct step *step, REAL *restrict x, const REAL *restrict gradient,
                                     REAL *restrict m, size_t elements)
{
    const REAL rate = (REAL)step->rate, momentum = (REAL)step->options->momentum,
               decay = (REAL)step->options->weight_decay;
    for (size_t i = 0; i < elements; i++) {
        REAL g = gradient[i] + decay * x[i];
        m[i] = momentum * m[i] + g;
        x[i] -= rate * (g + momentum * m[i]);
    }
}

static void REAL_NAME(step_rmsprop)(const struct step *step, REAL *restrict x, const REAL *restrict gradient,
                                    REAL *restrict v, REAL *restrict m, size_t elements)
{
    const REAL rate = (REAL)step->rate, momentum = (REAL)step->options->momentum, old = (REAL)step->options->decay,
               new = (REAL)(1 - step->options->decay), epsilon = REAL_NAME(epsilon)(step->options),
               decay = (REAL)step->options->weight_decay;
    for (size_t i = 0; i < elements; i++) {
        REAL g = gradient[i] + decay * x[i];
        v[i] = old * v[i] + new *(g * g);
        m[i] = momentum * m[i] + g / (REAL_SQRT(v[i]) + epsilon);
        x[i] -= rate * m[i];
    }
}

static void REAL_NAME(step_adadelta)(const struct step *step, REAL *restrict x, const REAL *restrict gradient,
                                     REAL *restrict v, REAL *restrict d, size_t elements)
{
    const REAL rate = (REAL)step->rate, old = (REAL)step->options->decay, new = (REAL)(1 - step->options->decay),
               epsilon = REAL_NAME(epsilon)(step->options), decay = (REAL)step->options->weight_decay;
    for (size_t i = 0; i < elements; i++) {
        REAL g = gradient[i] + decay * x[i];
        v[i] = old * v[i] + new *(g * g);
        REAL u = REAL_SQRT(d[i] + epsilon) / REAL_SQRT(v[i] + epsilon) * g;
        d[i] = old * d[i] + new *(u * u);
        x[i] -= rate * u;
    }
}

/* Does a step of adam or adamw: one of the two weight decays is 0. */
static void REAL_NAME(step_adam)(const struct step *step, REAL *restrict x, const REAL *restrict gradient,
                                 REAL *restrict m, REAL *restrict v, size_t elements)
{
    const rnn_optimizer_options *options = step->options;
    const bool decoupled = options->kind == RNN_OPTIMIZER_ADAMW;
    const REAL rate = (REAL)(step->rate / (1 - rnn_power(options->beta1, step->count))),
               correction = (REAL)(1 / (1 - rnn_power(options->beta2, step->count))), old1 = (REAL)options->beta1,
               new1 = (REAL)(1 - options->beta1), old2 = (REAL)options->beta2, new2 = (REAL)(1 - options->beta2),
               epsilon = REAL_NAME(epsilon)(options), decay = decoupled ? 0 : (REAL)options->weight_decay,
               shrink = decoupled ? (REAL)(step->rate * options->weight_decay) : 0;
    for (size_t i = 0; i < elements; i++) {
        REAL g = gradient[i] + decay * x[i];
        m[i] = old1 * m[i] + new1 * g;
        v[i] = old2 * v[i] + new2 * (g * g);
        x[i] -= rate * m[i] / (REAL_SQRT(v[i] * correction) + epsilon) + shrink * x[i];
    }
}

static void REAL_NAME(step)(const struct step *step, void *parameters, const void *gradient, void *first, void *second,
                            size_t elements)
{
    switch (step->options->kind) {
    case RNN_OPTIMIZER_SGD:
        REAL_NAME(step_sgd)(step, parameters, gradient, first, elements);
        return;
    case RNN_OPTIMIZER_NESTEROV:
        REAL_NAME(step_nesterov)(step, parameters, gradient, first, elements);
        return;
    case RNN_OPTIMIZER_RMSPROP:
        REAL_NAME(step_rmsprop)(step, parameters, gradient, first, second, elements);
        return;
    case RNN_OPTIMIZER_ADADELTA:
        REAL_NAME(step_adadelta)(step, parameters, gradient, first, second, elements);
        return;
    case RNN_OPTIMIZER_ADAM:
    case RNN_OPTIMIZER_ADAMW:
        REAL_NAME(step_adam)(step, parameters, gradient, first, second, elements);
        return;
    case RNN_OPTIMIZERS:
        return;
    }
}

/* ---- clipping ---- */

/* Returns sum (scale g)^2, as NORM_SUMS sums side by side. */
static double REAL_NAME(sum_squares)(const REAL *gradient, size_t elements, double scale)
{
    double sums[NORM_SUMS] = {0}, sum = 0;
    size_t i = 0;
    for (; i + NORM_SUMS <= elements; i += NORM_SUMS)
        for (size_t k = 0; k < NORM_SUMS; k++)
            sums[k] += (scale * (double)gradient[i + k]) * (scale * (double)gradient[i + k]);
    for (; i < elements; i++)
        sum += (scale * (double)gradient[i]) * (scale * (double)gradient[i]);
    for (size_t k = 0; k < NORM_SUMS; k++)
        sum += sums[k];
    return sum;
}

/* Returns the largest magnitude; NaN is ignored. */
static double REAL_NAME(largest)(const REAL *gradient, size_t elements)
{
    REAL largest = 0;
    for (size_t i = 0; i < elements; i++) {
        REAL size = gradient[i] < 0 ? -gradient[i] : gradient[i];
        largest = size > largest ? size : largest;
    }
    return (double)largest;
}

/* Returns the Euclidean norm. If squares overflow or vanish, all numbers are scaled by a power of two first, which is
 * exact. */
static double REAL_NAME(norm)(const REAL *gradient, size_t elements)
{
    double sum = REAL_NAME(sum_squares)(gradient, elements, 1);
    if (sum > 1e-280 && sum < INFINITY)
        return sqrt(sum);
    double largest = REAL_NAME(largest)(gradient, elements);
    int exponent = 0;
    if (largest < INFINITY)
        (void)frexp(largest, &exponent);
    return ldexp(sqrt(REAL_NAME(sum_squares)(gradient, elements, ldexp(1, -exponent))), exponent);
}

static double REAL_NAME(clip_norm)(REAL *gradient, size_t elements, double limit)
{
    double norm = REAL_NAME(norm)(gradient, elements);
    const double factor = norm > limit && norm < INFINITY ? limit / norm : 1;
    for (size_t i = 0; factor < 1 && i < elements; i++)
        gradient[i] = (REAL)(factor * (double)gradient[i]);
    return norm;
}

/* Clips values. Comparisons with NaN are false, so that NaN stays. */
static void REAL_NAME(clip_value)(REAL *gradient, size_t elements, REAL limit)
{
    for (size_t i = 0; i < elements; i++) {
        REAL g = gradient[i] > limit ? limit : gradient[i];
        gradient[i] = g < -limit ? -limit : g;
    }
}

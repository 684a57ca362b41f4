/* The derivative of a function of one number by central differences. */
#ifndef RNN_TOOLS_DIFFERENCES_H
#define RNN_TOOLS_DIFFERENCES_H

struct difference {
    double value;
    double error; /* an estimate of how far off it is; INFINITY where no two steps agree */
};

/* f'(0), from steps of `step` downwards until the error is at most `enough` or rounding would take over. */
struct difference difference_estimate(double (*f)(void *context, double x), void *context, double step, double enough);

#endif

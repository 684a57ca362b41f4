#include "optimizer_numbers.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "status.h"

static bool is_whole(double value) { return value >= 0 && value <= 0x1p53 && value == floor(value); }

/* Returns NULL if the value is within the range, else a description of the range. */
static const char *find_breach(enum range range, double value)
{
    switch (range) {
    case RANGE_FROM_0:
        return value >= 0 && value < INFINITY ? NULL : "0 or more";
    case RANGE_ABOVE_0:
        return value > 0 && value < INFINITY ? NULL : "above 0";
    case RANGE_DECAY:
        return value >= 0 && value < 1 ? NULL : "0 or more and below 1";
    case RANGE_FACTOR:
        return value > 0 && value <= 1 ? NULL : "above 0 and at most 1";
    case RANGE_WHOLE:
        return is_whole(value) ? NULL : "a whole number, 0 or more";
    case RANGE_WHOLE_FROM_1:
        return is_whole(value) && value >= 1 ? NULL : "a whole number, 1 or more";
    }
    return "a number with a range";
}

static bool has_number(const struct numbers *numbers, int index)
{
    return numbers->numbers[index].kinds >> numbers->kind & 1;
}

static rnn_status check_number(const struct numbers *numbers, const struct number *number, double value,
                               rnn_error *error)
{
    const char *wanted = find_breach(number->range, value);
    if (!wanted)
        return rnn_succeed(error);
    return rnn_fail(error, RNN_ERROR_ARGUMENT, "%s: %s is %g but must be %s", numbers->name, number->name, value,
                    wanted);
}

static rnn_status fail_unknown(const struct numbers *numbers, const char *name, rnn_error *error)
{
    char names[200] = "";
    size_t used = 0;
    for (int i = 0; i < numbers->count; i++)
        if (has_number(numbers, i) && used < sizeof names)
            used +=
                (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", numbers->numbers[i].name);
    return rnn_fail(error, RNN_ERROR_ARGUMENT, "%s has no number '%.60s'; it has %s", numbers->name, name, names);
}

rnn_status rnn_numbers_set(const struct numbers *numbers, void *options, const char *name, double value,
                           rnn_error *error)
{
    for (int i = 0; i < numbers->count; i++) {
        const struct number *number = &numbers->numbers[i];
        if (!has_number(numbers, i) || strcmp(number->name, name) != 0)
            continue;
        rnn_status status = check_number(numbers, number, value, error);
        if (!status)
            memcpy((char *)options + number->offset, &value, sizeof value);
        return status;
    }
    return fail_unknown(numbers, name, error);
}

rnn_status rnn_numbers_check(const struct numbers *numbers, const void *options, rnn_error *error)
{
    for (int i = 0; i < numbers->count; i++) {
        double value;
        memcpy(&value, (const char *)options + numbers->numbers[i].offset, sizeof value);
        rnn_status status = has_number(numbers, i) ? check_number(numbers, &numbers->numbers[i], value, error) : RNN_OK;
        if (status)
            return status;
    }
    return rnn_succeed(error);
}

double rnn_power(double x, uint64_t k)
{
    double power = 1;
    for (; k; k >>= 1) {
        if (k & 1)
            power *= x;
        x *= x;
    }
    return power;
}

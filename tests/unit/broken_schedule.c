#include "broken_schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

const char *const looks_back = "model M {\n  input x[4], id: index[5]\n  param W[8, 4], U[8, 8], E[5, 8], b[8], k[8]\n"
                               "  h = tanh(b + W @ x + U @ h[t-1])\n  g = tanh(k + W @ x)\n  o = tanh(U @ h + g)\n"
                               "  c = c[t-1] * g + o\n  e = embed(E, id)\n  s = softmax(h + e)\n  p = s[t-2] + c\n"
                               "  output p\n  output l = last(p)\n  init h = k\n}";

const char *const looks_ahead = "model M {\n  input x[4]\n  param W[4, 4], U[4, 4]\n  h = tanh(W @ x + U @ h[t-1])\n"
                                "  k = tanh(W @ h + U @ k[t+1])\n"
                                "  w = k * mean_over_time(k)\n  output y = w + h[t+2]\n  init k = last(h)\n}";

const char *const looks_far_back =
    "model M {\n  input x[4]\n  param W[4, 4], U[4, 4]\n  r = tanh(U @ h[t-4])\n  q = softmax(r)\n"
    "  h = tanh(W @ q + x)\n"
    "  output y = h\n}";

const char *const begins_late = "model M {\n  input x[4]\n  param W[4, 4], U[4, 4]\n  h = tanh(W @ x + U @ h[t-1])\n"
                                "  k = tanh(W @ x + U @ k[t-1])\n  output y = k\n  init k = last(h)\n}";

const char *const trains = "model M {\n  input x[4]\n  target y[4]\n  param W[4, 4], U[4, 4], b[4]\n"
                           "  h = tanh(b + W @ x + U @ h[t-1])\n  output q = h\n  loss mse(q, y)\n}";

struct scheduled schedule(const char *text)
{
    return strcmp(text, trains) == 0 ? schedule_training(text, &default_schedule_options)
                                     : schedule_program(text, &default_schedule_options);
}

int id_of(const struct scheduled *scheduled, const char *name) { return node_called(&scheduled->lowered, name); }

struct region *region_of(const struct scheduled *scheduled, const char *name)
{
    return &scheduled->schedule->regions[scheduled->schedule->region_of[id_of(scheduled, name)]];
}

struct kernel *kernel_of(const struct scheduled *scheduled, const char *name)
{
    return scheduled->schedule->kernel_of[id_of(scheduled, name)];
}

struct buffer *buffer_of(const struct scheduled *scheduled, const char *name)
{
    return &scheduled->schedule->buffers[id_of(scheduled, name)];
}

int id_of_op(const struct scheduled *scheduled, enum op op)
{
    const struct graph *graph = scheduled->schedule->graph;
    for (int i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op == op)
            return i;
    fail_msg("there is no %s", op_info(op)->id);
    return NO_NODE;
}

int reader_of(const struct scheduled *scheduled, const char *name, enum op op)
{
    const struct uses *uses = &scheduled->schedule->uses;
    int id = id_of(scheduled, name), reader = NO_NODE;
    for (int u = uses->begin[id]; u < uses->begin[id + 1]; u++)
        if (uses->use[u].reader >= 0 && scheduled->schedule->graph->nodes[uses->use[u].reader]->op == op)
            reader = uses->use[u].reader;
    assert_int_not_equal(reader, NO_NODE);
    return reader;
}

void expect_wrong(struct scheduled *scheduled, const char *wanted)
{
    const char *found = schedule_verify(scheduled->schedule, scheduled->lowered.arena);
    char text[400] = "", *end = text;
    for (const char *c = wanted; *c;) {
        size_t length = 0;
        while (c[0] == '%' && ((c[1 + length] >= 'a' && c[1 + length] <= 'z') || c[1 + length] == '_'))
            length++;
        char name[40] = "";
        if (length)
            memcpy(name, c + 1, length);
        if (length)
            end += sprintf(end, "%%%d", id_of(scheduled, name));
        else
            *end++ = *c;
        c += length ? length + 1 : 1;
    }
    if (!found || strcmp(found, text) != 0)
        fail_msg("expected '%s', but found '%s' in\n%s", text, found ? found : "nothing", schedule_lines(scheduled));
    scheduled_free(scheduled);
}

void expect_wrong_about(struct scheduled *scheduled, const char *format, ...)
{
    char wanted[100];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(wanted, sizeof wanted, format, arguments);
    va_end(arguments);
    assert_in_range(length, 1, sizeof wanted - 1);
    expect_wrong(scheduled, wanted);
}

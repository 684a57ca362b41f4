/* Schedules by the compiler, broken by hand in one place: everything that the verifier claims to find. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "schedule_check.h"

/* A program that looks back: a scan with products whose value is overwritten in place, an elementwise one, ids,
 * columns, and gathered values. */
static const char *const looks_back =
    "model M {\n  input x[4], id: index[5]\n  param W[8, 4], U[8, 8], E[5, 8], b[8], k[8]\n"
    "  h = tanh(b + W @ x + U @ h[t-1])\n  g = tanh(k + W @ x)\n  o = tanh(U @ h + g)\n"
    "  c = c[t-1] * g + o\n  e = embed(E, id)\n  s = softmax(h + e)\n  p = s[t-2] + c\n"
    "  output p\n  output l = last(p)\n  init h = k\n}";

/* Two scans, the second of which runs backward. */
static const char *const looks_ahead =
    "model M {\n  input x[4]\n  param W[4, 4], U[4, 4]\n  h = tanh(W @ x + U @ h[t-1])\n"
    "  k = tanh(W @ h + U @ k[t+1])\n"
    "  w = k * mean_over_time(k)\n  output y = w + h[t+2]\n  init k = last(h)\n}";

/* Four frames at a time, by way of a value that only the scan reads. */
static const char *const looks_far_back =
    "model M {\n  input x[4]\n  param W[4, 4], U[4, 4]\n  r = tanh(U @ h[t-4])\n  q = softmax(r)\n"
    "  h = tanh(W @ q + x)\n"
    "  output y = h\n}";

/* A scan that begins with the last value of another. */
static const char *const begins_late =
    "model M {\n  input x[4]\n  param W[4, 4], U[4, 4]\n  h = tanh(W @ x + U @ h[t-1])\n"
    "  k = tanh(W @ x + U @ k[t-1])\n  output y = k\n  init k = last(h)\n}";

static const char *const trains = "model M {\n  input x[4]\n  target y[4]\n  param W[4, 4], U[4, 4], b[4]\n"
                                  "  h = tanh(b + W @ x + U @ h[t-1])\n  output q = h\n  loss mse(q, y)\n}";

static struct scheduled schedule(const char *text)
{
    return strcmp(text, trains) == 0 ? schedule_training(text, &default_schedule_options)
                                     : schedule_program(text, &default_schedule_options);
}

static int id_of(const struct scheduled *scheduled, const char *name) { return node_called(&scheduled->lowered, name); }

static struct region *region_of(const struct scheduled *scheduled, const char *name)
{
    return &scheduled->schedule->regions[scheduled->schedule->region_of[id_of(scheduled, name)]];
}

static struct kernel *kernel_of(const struct scheduled *scheduled, const char *name)
{
    return scheduled->schedule->kernel_of[id_of(scheduled, name)];
}

static struct buffer *buffer_of(const struct scheduled *scheduled, const char *name)
{
    return &scheduled->schedule->buffers[id_of(scheduled, name)];
}

/* The only node with this operation, or the first. */
static int id_of_op(const struct scheduled *scheduled, enum op op)
{
    const struct graph *graph = scheduled->schedule->graph;
    for (int i = 0; i < graph->node_count; i++)
        if (graph->nodes[i]->op == op)
            return i;
    fail_msg("there is no %s", op_info(op)->id);
    return NO_NODE;
}

/* The last reader of a value with this operation. */
static int reader_of(const struct scheduled *scheduled, const char *name, enum op op)
{
    const struct uses *uses = &scheduled->schedule->uses;
    int id = id_of(scheduled, name), reader = NO_NODE;
    for (int u = uses->begin[id]; u < uses->begin[id + 1]; u++)
        if (uses->use[u].reader >= 0 && scheduled->schedule->graph->nodes[uses->use[u].reader]->op == op)
            reader = uses->use[u].reader;
    assert_int_not_equal(reader, NO_NODE);
    return reader;
}

/* Names of values stand in the message as they do here: "%h is computed twice". */
static void expect_wrong(struct scheduled *scheduled, const char *wanted)
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

static void test_schedules_are_right(void **state)
{
    (void)state;
    static const char *const programs[] = {looks_back, looks_ahead, looks_far_back, begins_late, trains};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        struct scheduled scheduled = schedule(programs[i]); /* which verifies it */
        scheduled_free(&scheduled);
    }
}

/* ---- regions ---- */

static void test_nodes_and_regions(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule(looks_back);
    region_of(&scheduled, "h")->node_count--;
    int last = region_of(&scheduled, "h")->nodes[region_of(&scheduled, "h")->node_count];
    assert_int_equal(last, id_of(&scheduled, "h"));
    expect_wrong(&scheduled, "%h is in no region");

    scheduled = schedule(looks_back);
    struct region *region = region_of(&scheduled, "g");
    region->nodes[0] = region->nodes[1];
    char text[100];
    snprintf(text, sizeof text, "%%%d is in a region twice, or in two of them", region->nodes[1]);
    expect_wrong(&scheduled, text);

    scheduled = schedule(looks_back);
    scheduled.schedule->region_of[id_of(&scheduled, "h")]--;
    region = &scheduled.schedule->regions[scheduled.schedule->region_of[id_of(&scheduled, "h")] + 1];
    snprintf(text, sizeof text, "region %s has %%h, which is said to be elsewhere", region->name);
    expect_wrong(&scheduled, text);
}

static void swap_regions(struct schedule *schedule, int a, int b)
{
    struct region region = schedule->regions[a];
    schedule->regions[a] = schedule->regions[b];
    schedule->regions[b] = region;
    for (int i = 0; i < schedule->graph->node_count; i++)
        if (schedule->region_of[i] == a || schedule->region_of[i] == b)
            schedule->region_of[i] = a + b - schedule->region_of[i];
}

static void test_regions_in_their_order(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule(looks_ahead);
    swap_regions(scheduled.schedule, 1, 2); /* the last of pass 0, the first of pass 1 */
    expect_wrong(&scheduled, "region scan runs before frames_1, which precedes it");

    scheduled = schedule(looks_ahead);
    region_of(&scheduled, "k")->reversed = false;
    expect_wrong(&scheduled, "region scan_2 runs against its pass");

    scheduled = schedule(looks_back);
    region_of(&scheduled, "h")->pass = 1;
    expect_wrong(&scheduled, "region scan is of pass 1, which is not there");

    scheduled = schedule(looks_back);
    region_of(&scheduled, "h")->kind = REGION_FRAMES;
    int first = region_of(&scheduled, "h")->nodes[0];
    char text[100];
    snprintf(text, sizeof text, "%%%d does not belong in region scan", first);
    expect_wrong(&scheduled, text);

    scheduled = schedule(looks_back);
    region_of(&scheduled, "h")->name = region_of(&scheduled, "g")->name;
    snprintf(text, sizeof text, "region %d has no name of its own",
             scheduled.schedule->region_of[id_of(&scheduled, "h")]);
    expect_wrong(&scheduled, text);
}

static void test_reads_behind_writes(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule(looks_back);
    scheduled.schedule->graph->nodes[id_of(&scheduled, "o")]->edges[0].node = id_of(&scheduled, "p");
    expect_wrong(&scheduled, "%o reads %p before it is there"); /* later in the pass */

    scheduled = schedule(looks_back);
    swap_regions(scheduled.schedule, scheduled.schedule->region_of[id_of(&scheduled, "h")],
                 scheduled.schedule->region_of[id_of(&scheduled, "o")]);
    char text[100];
    int product = reader_of(&scheduled, "h", OP_product);
    snprintf(text, sizeof text, "%%%d reads %%h before it is there", product);
    expect_wrong(&scheduled, text);

    scheduled = schedule(looks_back);
    struct edge *edge = &scheduled.schedule->graph->nodes[id_of(&scheduled, "p")]->edges[0];
    edge->delay = -2;
    expect_wrong(&scheduled, "%p reads %s before it is there"); /* ahead of the pass */

    scheduled = schedule(looks_far_back);
    region_of(&scheduled, "h")->group = 5;
    product = reader_of(&scheduled, "h", OP_product);
    snprintf(text, sizeof text, "%%%d reads %%h before it is there", product); /* four frames back */
    expect_wrong(&scheduled, text);

    scheduled = schedule(begins_late); /* with a value that is gathered in the same pass */
    struct edge *past = &scheduled.schedule->graph->nodes[reader_of(&scheduled, "h", OP_product)]->edges[1];
    assert_int_equal(past->delay, 1);
    past->init = id_of_op(&scheduled, OP_last);
    snprintf(text, sizeof text, "%%%d begins with %%%d before it is there", reader_of(&scheduled, "h", OP_product),
             past->init);
    expect_wrong(&scheduled, text);
}

/* ---- kernels ---- */

static void test_what_kernels_compute(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule(looks_back);
    kernel_of(&scheduled, "h")->node_count--;
    expect_wrong(&scheduled, "%h is in no kernel");

    scheduled = schedule(looks_back);
    kernel_of(&scheduled, "h")->units = 7;
    char text[100];
    snprintf(text, sizeof text, "%%%d has other units than its kernel, which has 7",
             kernel_of(&scheduled, "h")->accumulators[0].result);
    expect_wrong(&scheduled, text);

    scheduled = schedule(looks_back);
    kernel_of(&scheduled, "s")->kind = KERNEL_EMBED;
    expect_wrong(&scheduled, "%s is in a kernel of kind embed");

    scheduled = schedule(looks_back);
    scheduled.schedule->kernel_of[id_of(&scheduled, "s")] = kernel_of(&scheduled, "o");
    expect_wrong(&scheduled, "a kernel computes %s, which is said to be elsewhere");

    scheduled = schedule(looks_back);
    region_of(&scheduled, "s")->kernels[0].phase = 2;
    expect_wrong(&scheduled, "kernels of region frames_1 are not in the order of their phases");
}

static void test_kernels_read_behind_writes(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule(looks_far_back);
    struct region *region = region_of(&scheduled, "h");
    assert_int_equal(region->kernel_count, 3);
    region->kernels[1].phase = region->kernels[2].phase = 0;
    expect_wrong(&scheduled, "%q reads %r before a kernel has made it");

    scheduled = schedule(looks_back);
    struct kernel *kernel = kernel_of(&scheduled, "c");
    assert_int_equal(kernel->node_count, 2);
    int first = kernel->nodes[0];
    kernel->nodes[0] = kernel->nodes[1];
    kernel->nodes[1] = first;
    char text[100];
    snprintf(text, sizeof text, "%%c reads %%%d before a kernel has made it", first);
    expect_wrong(&scheduled, text);
}

static void test_sums(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule(looks_back);
    struct accumulator *accumulator = &kernel_of(&scheduled, "h")->accumulators[0];
    int start = accumulator->start.node, result = accumulator->result;
    char text[100];
    accumulator->start.node = id_of(&scheduled, "g");
    snprintf(text, sizeof text, "row 0, which ends as %%%d, does not start from %%%d", result, start);
    expect_wrong(&scheduled, text);

    scheduled = schedule(looks_back);
    struct operand *operand = &kernel_of(&scheduled, "h")->operands[0];
    operand->x.delay = 2;
    snprintf(text, sizeof text, "panels %d are not for the product %%%d", operand->panels, operand->products[0]);
    expect_wrong(&scheduled, text);

    scheduled = schedule(looks_back);
    operand = &kernel_of(&scheduled, "h")->operands[0];
    operand->first_row = 1;
    snprintf(text, sizeof text, "panels %d have rows beyond the accumulators of their kernel", operand->panels);
    expect_wrong(&scheduled, text);

    scheduled = schedule(looks_back);
    operand = &kernel_of(&scheduled, "h")->operands[0];
    operand->panels--;
    snprintf(text, sizeof text, "panels %d are there twice, or not counted", operand->panels);
    expect_wrong(&scheduled, text);

    scheduled = schedule(looks_back);
    snprintf(text, sizeof text, "panels %d belong to no kernel", scheduled.schedule->panel_count++);
    expect_wrong(&scheduled, text);
}

/* ---- buffers ---- */

static void test_values_are_stored(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule(looks_back);
    buffer_of(&scheduled, "p")->storage = STORE_NONE;
    char text[100];
    snprintf(text, sizeof text, "%%%d cannot read %%p where it is stored: none", id_of_op(&scheduled, OP_last));
    expect_wrong(&scheduled, text);

    scheduled = schedule(looks_far_back);
    buffer_of(&scheduled, "h")->storage = STORE_NONE;
    expect_wrong(&scheduled, "%h (none) cannot be stored like that"); /* it has a past */

    scheduled = schedule(looks_back);
    buffer_of(&scheduled, "g")->storage = STORE_NONE;
    snprintf(text, sizeof text, "%%%d cannot read %%g where it is stored: none", reader_of(&scheduled, "g", OP_add));
    expect_wrong(&scheduled, text);

    scheduled = schedule(looks_back);
    buffer_of(&scheduled, "o")->storage = STORE_STATIC;
    expect_wrong(&scheduled, "%o (static) cannot be stored like that");

    scheduled = schedule(looks_back);
    buffer_of(&scheduled, "h")->storage = STORE_SEQUENCE;
    expect_wrong(&scheduled, "%h (sequence) cannot be stored like that"); /* a call is no whole sequence */
}

/* Whole vectors are read from padded columns, columns from their first unit, ids where the caller has them. */
static void test_alignment(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule(looks_far_back);
    int x = id_of_op(&scheduled, OP_input);
    scheduled.schedule->buffers[x].storage = STORE_INPUT;
    char text[100];
    const struct graph *graph = scheduled.schedule->graph;
    const struct use *use = &scheduled.schedule->uses.use[scheduled.schedule->uses.begin[x]];
    assert_int_equal(graph->nodes[use->reader]->op, OP_add);
    snprintf(text, sizeof text, "%%%d cannot read %%%d where it is stored: input", use->reader, x);
    expect_wrong(&scheduled, text);

    scheduled = schedule(looks_back);
    struct node *softmax = scheduled.schedule->graph->nodes[id_of(&scheduled, "s")];
    softmax->edges[0].begin = 1;
    snprintf(text, sizeof text, "%%s cannot read %%%d where it is stored: block", softmax->edges[0].node);
    expect_wrong(&scheduled, text);

    scheduled = schedule(looks_back);
    int embed = id_of_op(&scheduled, OP_embed), id = scheduled.schedule->graph->nodes[embed]->edges[1].node;
    scheduled.schedule->buffers[id].storage = STORE_BLOCK;
    snprintf(text, sizeof text, "%%e cannot read %%%d where it is stored: block", id);
    expect_wrong(&scheduled, text);
}

static void test_pasts(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule(looks_back);
    buffer_of(&scheduled, "s")->past = 1;
    expect_wrong(&scheduled, "%s (block) is read 2 frames back, but keeps 1 and 0 ahead");

    scheduled = schedule(looks_ahead);
    buffer_of(&scheduled, "h")->future = 1;
    expect_wrong(&scheduled, "%h (sequence) is read -2 frames back, but keeps 1 and 1 ahead");

    scheduled = schedule(looks_back);
    buffer_of(&scheduled, "h")->init = NO_NODE;
    expect_wrong(&scheduled, "%h (block) is read with another initial value than it keeps");

    scheduled = schedule(begins_late);
    int init = buffer_of(&scheduled, "k")->init;
    char text[100];
    snprintf(text, sizeof text, "%%k (sequence) begins with %%%d, which is not stored", init);
    scheduled.schedule->buffers[init].storage = STORE_NONE;
    expect_wrong(&scheduled, text);
}

/* Nobody reads frames that a value of one frame, or of a block, no longer has. */
static void test_lifetimes(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule(looks_far_back);
    assert_int_equal(buffer_of(&scheduled, "q")->storage, STORE_FRAME);
    buffer_of(&scheduled, "q")->group = 3;
    expect_wrong(&scheduled, "%q (frame) cannot be stored like that");

    scheduled = schedule(looks_far_back);
    *buffer_of(&scheduled, "h") = (struct buffer){.storage = STORE_FRAME, .init = NO_NODE, .group = 4};
    expect_wrong(&scheduled, "%h (frame) is read 4 frames back, but keeps 0 and 0 ahead");

    scheduled = schedule(looks_ahead);
    *buffer_of(&scheduled, "k") = (struct buffer){.storage = STORE_BLOCK, .init = NO_NODE, .group = 1, .future = 1};
    expect_wrong(&scheduled, "%k (block) cannot be stored like that");

    scheduled = schedule(looks_ahead);
    const struct buffer *h = buffer_of(&scheduled, "h");
    *buffer_of(&scheduled, "h") = (struct buffer){.storage = STORE_BLOCK, .init = h->init, .group = 1, .past = 1};
    expect_wrong(&scheduled, "%h (block) cannot be stored like that"); /* another pass reads it */
}

/* A value that is overwritten in place is not read once its new frame is there. */
static void test_in_place(void **state)
{
    (void)state;
    static const char *const early =
        "model M {\n  input x[4]\n  param W[4, 4], U[4, 4]\n  a = tanh(W @ x + U @ h[t-1])\n"
        "  h = tanh(U @ a + h[t-1])\n  output y = a\n}";
    static const char *const late =
        "model M {\n  input x[4]\n  param W[4, 4], U[4, 4]\n  h = tanh(W @ x + U @ g[t-1])\n"
        "  g = tanh(U @ h + h[t-1])\n  output y = g\n}";
    struct scheduled scheduled = schedule(early);
    assert_true(buffer_of(&scheduled, "h")->in_place);
    buffer_of(&scheduled, "h")->in_place = false;
    expect_wrong(&scheduled, "%h (frame) cannot be stored like that");

    scheduled = schedule(late);
    assert_int_equal(buffer_of(&scheduled, "h")->storage, STORE_BLOCK);
    buffer_of(&scheduled, "h")->storage = STORE_FRAME;
    buffer_of(&scheduled, "h")->in_place = true;
    char text[100];
    snprintf(text, sizeof text, "%%h (frame) is not there when %%%d reads it", reader_of(&scheduled, "h", OP_add));
    expect_wrong(&scheduled, text);

    scheduled = schedule(early); /* nor by an output */
    buffer_of(&scheduled, "a")->storage = STORE_FRAME;
    expect_wrong(&scheduled, "%a (frame) is not there when an output wants it");
}

/* Values computed once, when weights are packed, are computed by kernels too. */
static void test_static(void **state)
{
    (void)state;
    static const char *const text = "model M {\n  input x[4]\n  param W[4, 4], b[4]\n  c = softmax(b)\n  d = tanh(c)\n"
                                    "  output y = W @ x + d\n}";
    struct scheduled scheduled = schedule(text);
    struct region *region = region_of(&scheduled, "d");
    assert_int_equal(region->kernel_count, 2);
    region->kernels[1].phase = 0;
    expect_wrong(&scheduled, "%d reads %c before a kernel has made it");

    scheduled = schedule(text);
    int b = scheduled.schedule->graph->nodes[id_of(&scheduled, "c")]->edges[0].node;
    scheduled.schedule->buffers[b].storage = STORE_NONE;
    char wanted[100];
    snprintf(wanted, sizeof wanted, "%%c cannot read %%%d where it is stored: none", b);
    expect_wrong(&scheduled, wanted);
}

static void test_training(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule(trains);
    int outer = id_of_op(&scheduled, OP_outer);
    assert_int_equal(scheduled.schedule->buffers[outer].storage, STORE_GRADIENT);
    char text[100];
    snprintf(text, sizeof text, "%%%d (gradient) cannot be stored like that", outer);
    scheduled.schedule->buffers[outer].target = outer;
    expect_wrong(&scheduled, text);

    scheduled = schedule(trains);
    buffer_of(&scheduled, "h")->storage = STORE_BLOCK;
    expect_wrong(&scheduled, "%h (block) cannot be stored like that");

    scheduled = schedule(trains); /* the next window may begin behind any frame of this one */
    buffer_of(&scheduled, "h")->storage = STORE_FRAME;
    buffer_of(&scheduled, "h")->in_place = true;
    expect_wrong(&scheduled, "%h (frame) cannot be stored like that");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedules_are_right),
        cmocka_unit_test(test_nodes_and_regions),
        cmocka_unit_test(test_regions_in_their_order),
        cmocka_unit_test(test_reads_behind_writes),
        cmocka_unit_test(test_what_kernels_compute),
        cmocka_unit_test(test_kernels_read_behind_writes),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_values_are_stored),
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_pasts),
        cmocka_unit_test(test_lifetimes),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_static),
        cmocka_unit_test(test_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Buffers of a schedule, broken by hand in one place: the verifier finds each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broken_schedule.h"

static void test_values_are_stored(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule(looks_back);
    buffer_of(&scheduled, "p")->storage = STORE_NONE;
    expect_wrong_about(&scheduled, "%%%d cannot read %%p where it is stored: none", id_of_op(&scheduled, OP_last));

    scheduled = schedule(looks_far_back);
    buffer_of(&scheduled, "h")->storage = STORE_NONE;
    expect_wrong(&scheduled, "%h (none) cannot be stored like that"); /* it has a past */

    scheduled = schedule(looks_back);
    buffer_of(&scheduled, "g")->storage = STORE_NONE;
    expect_wrong_about(&scheduled, "%%%d cannot read %%g where it is stored: none", reader_of(&scheduled, "g", OP_add));

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
    const struct graph *graph = scheduled.schedule->graph;
    const struct use *use = &scheduled.schedule->uses.use[scheduled.schedule->uses.begin[x]];
    assert_int_equal(graph->nodes[use->reader]->op, OP_add);
    expect_wrong_about(&scheduled, "%%%d cannot read %%%d where it is stored: input", use->reader, x);

    scheduled = schedule(looks_back);
    struct node *softmax = scheduled.schedule->graph->nodes[id_of(&scheduled, "s")];
    softmax->edges[0].begin = 1;
    expect_wrong_about(&scheduled, "%%s cannot read %%%d where it is stored: block", softmax->edges[0].node);

    scheduled = schedule(looks_back);
    int embed = id_of_op(&scheduled, OP_embed), id = scheduled.schedule->graph->nodes[embed]->edges[1].node;
    scheduled.schedule->buffers[id].storage = STORE_BLOCK;
    expect_wrong_about(&scheduled, "%%e cannot read %%%d where it is stored: block", id);
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
    scheduled.schedule->buffers[init].storage = STORE_NONE;
    expect_wrong_about(&scheduled, "%%k (sequence) begins with %%%d, which is not stored", init);
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
    expect_wrong_about(&scheduled, "%%h (frame) is not there when %%%d reads it", reader_of(&scheduled, "h", OP_add));

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
    expect_wrong_about(&scheduled, "%%c cannot read %%%d where it is stored: none", b);
}

static void test_training(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule(trains);
    int outer = id_of_op(&scheduled, OP_outer);
    assert_int_equal(scheduled.schedule->buffers[outer].storage, STORE_GRADIENT);
    scheduled.schedule->buffers[outer].target = outer;
    expect_wrong_about(&scheduled, "%%%d (gradient) cannot be stored like that", outer);

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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_stored), cmocka_unit_test(test_alignment), cmocka_unit_test(test_pasts),
        cmocka_unit_test(test_lifetimes),         cmocka_unit_test(test_in_place),  cmocka_unit_test(test_static),
        cmocka_unit_test(test_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

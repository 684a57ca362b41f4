/* Regions and kernels of a schedule, broken by hand in one place: the verifier finds each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broken_schedule.h"

static void test_schedules_are_right(void **state)
{
    (void)state;
    const char *const programs[] = {looks_back, looks_ahead, looks_far_back, begins_late, trains};
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
    expect_wrong_about(&scheduled, "%%%d is in a region twice, or in two of them", region->nodes[1]);

    scheduled = schedule(looks_back);
    scheduled.schedule->region_of[id_of(&scheduled, "h")]--;
    region = &scheduled.schedule->regions[scheduled.schedule->region_of[id_of(&scheduled, "h")] + 1];
    expect_wrong_about(&scheduled, "region %s has %%h, which is said to be elsewhere", region->name);
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
    expect_wrong(&scheduled, "region h_scan runs before frames_2, which precedes it");

    scheduled = schedule(looks_ahead);
    region_of(&scheduled, "k")->reversed = false;
    expect_wrong(&scheduled, "region k_scan runs against its pass");

    scheduled = schedule(looks_back);
    region_of(&scheduled, "h")->pass = 1;
    expect_wrong(&scheduled, "region h_scan is of pass 1, which is not there");

    scheduled = schedule(looks_back);
    region_of(&scheduled, "h")->kind = REGION_FRAMES;
    int first = region_of(&scheduled, "h")->nodes[0];
    expect_wrong_about(&scheduled, "%%%d does not belong in region h_scan", first);

    scheduled = schedule(looks_back);
    region_of(&scheduled, "h")->name = region_of(&scheduled, "g")->name;
    expect_wrong_about(&scheduled, "region %d has no name of its own",
                       scheduled.schedule->region_of[id_of(&scheduled, "h")]);
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
    int product = reader_of(&scheduled, "h", OP_product);
    expect_wrong_about(&scheduled, "%%%d reads %%h before it is there", product);

    scheduled = schedule(looks_back);
    struct edge *edge = &scheduled.schedule->graph->nodes[id_of(&scheduled, "p")]->edges[0];
    edge->delay = -2;
    expect_wrong(&scheduled, "%p reads %s before it is there"); /* ahead of the pass */

    scheduled = schedule(looks_far_back);
    region_of(&scheduled, "h")->group = 5;
    product = reader_of(&scheduled, "h", OP_product);
    expect_wrong_about(&scheduled, "%%%d reads %%h before it is there", product); /* four frames back */

    scheduled = schedule(begins_late); /* with a value that is gathered in the same pass */
    struct edge *past = &scheduled.schedule->graph->nodes[reader_of(&scheduled, "h", OP_product)]->edges[1];
    assert_int_equal(past->delay, 1);
    past->init = id_of_op(&scheduled, OP_last);
    expect_wrong_about(&scheduled, "%%%d begins with %%%d before it is there", reader_of(&scheduled, "h", OP_product),
                       past->init);
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
    expect_wrong_about(&scheduled, "%%%d has other units than its kernel, which has 7",
                       kernel_of(&scheduled, "h")->accumulators[0].result);

    scheduled = schedule(looks_back);
    kernel_of(&scheduled, "s")->kind = KERNEL_EMBED;
    expect_wrong(&scheduled, "%s is in a kernel of kind embed");

    scheduled = schedule(looks_back);
    scheduled.schedule->kernel_of[id_of(&scheduled, "s")] = kernel_of(&scheduled, "o");
    expect_wrong(&scheduled, "a kernel computes %s, which is said to be elsewhere");

    scheduled = schedule(looks_back);
    region_of(&scheduled, "s")->kernels[0].phase = 2;
    expect_wrong(&scheduled, "kernels of region s_frames are not in the order of their phases");
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
    expect_wrong_about(&scheduled, "%%c reads %%%d before a kernel has made it", first);
}

static void test_sums(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule(looks_back);
    struct accumulator *accumulator = &kernel_of(&scheduled, "h")->accumulators[0];
    int start = accumulator->start.node, result = accumulator->result;
    accumulator->start.node = id_of(&scheduled, "g");
    expect_wrong_about(&scheduled, "row 0, which ends as %%%d, does not start from %%%d", result, start);

    scheduled = schedule(looks_back);
    struct operand *operand = &kernel_of(&scheduled, "h")->operands[0];
    operand->x.delay = 2;
    expect_wrong_about(&scheduled, "panels %d are not for the product %%%d", operand->panels, operand->products[0]);

    scheduled = schedule(looks_back);
    operand = &kernel_of(&scheduled, "h")->operands[0];
    operand->storage = PRECISION_F16;
    expect_wrong_about(&scheduled, "panels %d are not for the product %%%d", operand->panels, operand->products[0]);

    scheduled = schedule(looks_back);
    operand = &kernel_of(&scheduled, "h")->operands[0];
    operand->first_row = 1;
    expect_wrong_about(&scheduled, "panels %d have rows beyond the accumulators of their kernel", operand->panels);

    scheduled = schedule(looks_back);
    operand = &kernel_of(&scheduled, "h")->operands[0];
    operand->panels--;
    expect_wrong_about(&scheduled, "panels %d have been packed for another product", operand->panels);

    scheduled = schedule(looks_back);
    expect_wrong_about(&scheduled, "panels %d belong to no kernel", scheduled.schedule->panel_count++);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedules_are_right),
        cmocka_unit_test(test_nodes_and_regions),
        cmocka_unit_test(test_regions_in_their_order),
        cmocka_unit_test(test_reads_behind_writes),
        cmocka_unit_test(test_what_kernels_compute),
        cmocka_unit_test(test_kernels_read_behind_writes),
        cmocka_unit_test(test_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

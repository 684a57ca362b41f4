/* Sections: what runs side by side in a wavefront, what it waits for, and that no wait can be left out without being
 * noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "broken_schedule.h"
#include "schedule/plan.h"

#define CELL "cell C[n](x[m]) -> h[n] {\n  param W[n, m], U[n, n]\n  h = tanh(W @ x + U @ h[t-1])\n}\n"

static const char *const two_layers = CELL "model M {\n  input x[8]\n  a = C[8](x)\n  b = C[8](a)\n  output b\n}";

static const char *const both_directions =
    CELL "cell R[n](x[m]) -> h[n] {\n  param W[n, m], U[n, n]\n  h = tanh(W @ x + U @ h[t+1])\n}\n"
         "model M {\n  input x[8]\n  param V[8, 16]\n  f = C[8](x)\n  r = R[8](x)\n  output y = V @ concat(f, r)\n}";

static const char *const trains_layers =
    CELL "model M {\n  input x[8]\n  target y[8]\n  a = C[8](x)\n  b = C[8](a)\n  output b\n  loss mse(b, y)\n}";

/* One matrix for both layers: two sums in the gradient of one parameter. */
static const char *const trains_tied =
    "model M {\n  input x[8]\n  target y[8]\n  param U[8, 8], V[8, 8]\n  a = tanh(x + U @ a[t-1])\n"
    "  b = tanh(V @ a + U @ b[t-1])\n  output b\n  loss mse(b, y)\n}";

static struct scheduled form(const char *text, bool training)
{
    struct schedule_options options = default_schedule_options;
    options.threads = THREADS_WAVEFRONT;
    return training ? schedule_training(text, &options) : schedule_program(text, &options);
}

static struct section *section_of_node(const struct scheduled *scheduled, const char *name)
{
    int region = scheduled->schedule->region_of[id_of(scheduled, name)];
    assert_int_not_equal(scheduled->schedule->section_of[region], NO_SECTION);
    return &scheduled->schedule->sections[scheduled->schedule->section_of[region]];
}

/* ---- what is formed ---- */

static void test_layers(void **state)
{
    (void)state;
    struct scheduled scheduled = form(two_layers, false);
    const struct schedule *schedule = scheduled.schedule;
    assert_int_equal(schedule->section_count, 2);
    const struct section *b = section_of_node(&scheduled, "b.h");
    assert_ptr_equal(b, &schedule->sections[1]);
    assert_true(b->wait_count == 1 && b->waits[0].section == 0 && !b->waits[0].whole && b->region_count == 2);
    assert_int_equal(buffer_of(&scheduled, "a.h")->storage, STORE_SEQUENCE);
    assert_int_equal(buffer_of(&scheduled, "b.h")->storage, STORE_BLOCK);
    scheduled_free(&scheduled);
}

/* Both directions run side by side; what reads both is a section of its own. */
static void test_directions(void **state)
{
    (void)state;
    struct scheduled scheduled = form(both_directions, false);
    const struct section *f = section_of_node(&scheduled, "f.h"), *r = section_of_node(&scheduled, "r.h"),
                         *y = section_of_node(&scheduled, "y");
    assert_true(f != r && f != y && r != y);
    assert_true(f->wavefront == r->wavefront && r->wavefront == y->wavefront && f->pass == 0 && r->pass == 1);
    assert_true(!f->wait_count && !r->wait_count && y->wait_count == 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(y->waits[i].whole, &scheduled.schedule->sections[y->waits[i].section] == f);
    scheduled_free(&scheduled);
}

/* The adjoint is a wavefront behind that of the network; sums come last and wait, if for each other, wholly. */
static void test_training(void **state)
{
    (void)state;
    struct scheduled scheduled = form(trains_layers, true);
    const struct schedule *schedule = scheduled.schedule;
    assert_int_equal(schedule->sections[0].wavefront, 0);
    assert_int_equal(schedule->sections[schedule->section_count - 1].wavefront, 1);
    assert_true(schedule->sections[schedule->section_count - 1].sums && !schedule->sections[0].sums);
    scheduled_free(&scheduled);
}

static void test_none(void **state)
{
    (void)state;
    struct scheduled scheduled = schedule_program(two_layers, &default_schedule_options);
    assert_int_equal(scheduled.schedule->section_count, 0);
    assert_int_equal(buffer_of(&scheduled, "a.h")->storage, STORE_BLOCK);
    scheduled_free(&scheduled);
    scheduled = form("model M {\n  input x[4]\n  param U[4, 4]\n  h = tanh(x + U @ h[t-1])\n  output h\n}", false);
    assert_int_equal(scheduled.schedule->section_count, 0); /* one region */
    scheduled_free(&scheduled);
}

/* ---- what is noticed ---- */

static void test_waits(void **state)
{
    (void)state;
    struct scheduled scheduled = form(two_layers, false);
    section_of_node(&scheduled, "b.h")->wait_count = 0;
    const struct region *frames = &scheduled.schedule->regions[section_of_node(&scheduled, "b.h")->regions[0]];
    expect_wrong_about(&scheduled, "%%%d reads %%%d, for which section 1 does not wait", frames->nodes[0],
                       id_of(&scheduled, "a.h"));
    scheduled = form(two_layers, false);
    section_of_node(&scheduled, "b.h")->waits[0].section = 1;
    expect_wrong(&scheduled, "section 1 waits for 1, which may never begin");
    scheduled = form(both_directions, false);
    struct section *y = section_of_node(&scheduled, "y");
    for (int i = 0; i < y->wait_count; i++)
        y->waits[i].whole = false;
    assert_non_null(schedule_verify(scheduled.schedule, scheduled.lowered.arena));
    scheduled_free(&scheduled);
    scheduled = form(both_directions, false);
    section_of_node(&scheduled, "y")->wavefront = 1;
    section_of_node(&scheduled, "y")->wait_count = 0;
    assert_null(schedule_verify(scheduled.schedule, scheduled.lowered.arena)); /* a wavefront ends wholly */
    scheduled_free(&scheduled);
}

static void test_members(void **state)
{
    (void)state;
    struct scheduled scheduled = form(two_layers, false);
    scheduled.schedule->sections[0].region_count--;
    expect_wrong(&scheduled, "region a_scan is not in its section once");
    scheduled = form(two_layers, false);
    scheduled.schedule->section_of[section_of_node(&scheduled, "a.h")->regions[0]] = 5;
    expect_wrong(&scheduled, "region a_frames is in section 5, which is not there");
    scheduled = form(two_layers, false);
    int *regions = scheduled.schedule->sections[0].regions, first = regions[0];
    regions[0] = regions[1];
    regions[1] = first;
    expect_wrong(&scheduled, "section 0 has its regions in another order");
    scheduled = form(two_layers, false);
    scheduled.schedule->sections[0].pass = 1;
    expect_wrong(&scheduled, "region a_frames cannot be in section 0");
}

static void test_storage(void **state)
{
    (void)state;
    struct scheduled scheduled = form(two_layers, false);
    const struct region *frames = &scheduled.schedule->regions[section_of_node(&scheduled, "b.h")->regions[0]];
    buffer_of(&scheduled, "a.h")->storage = STORE_BLOCK;
    expect_wrong_about(&scheduled, "%%%d (block) is not there when %%%d reads it", id_of(&scheduled, "a.h"),
                       frames->nodes[0]);
}

/* Sums in one gradient are added up one behind the other. */
static void test_sums(void **state)
{
    (void)state;
    struct scheduled scheduled = form(trains_tied, true);
    struct schedule *schedule = scheduled.schedule;
    int sums = 0;
    for (int s = 0; s < schedule->section_count; s++)
        sums += schedule->sections[s].sums;
    assert_int_equal(sums, 2);
    struct section *last = &schedule->sections[schedule->section_count - 1];
    bool waits = false;
    for (int i = 0; i < last->wait_count; i++) {
        waits |= last->waits[i].section == schedule->section_count - 2 && last->waits[i].whole;
        last->waits[i].whole = false;
    }
    assert_true(waits);
    expect_wrong_about(&scheduled, "sections %d and %d add to one gradient at once", schedule->section_count - 2,
                       schedule->section_count - 1);
}

/* Each step is in the loop of its section. */
static void test_plan(void **state)
{
    (void)state;
    struct scheduled scheduled = form(two_layers, false);
    struct arena *arena = scheduled.lowered.arena;
    plan(scheduled.schedule, arena);
    assert_null(plan_verify(scheduled.schedule, arena));
    struct plan *run = &scheduled.schedule->plans[1];
    for (int i = 0; i < run->step_count; i++) {
        struct step *step = &run->steps[i];
        if (step->scope != SCOPE_BLOCK)
            continue;
        const int section = step->section;
        step->section = 1 - section;
        assert_non_null(plan_verify(scheduled.schedule, arena));
        step->section = NO_SECTION;
        assert_non_null(plan_verify(scheduled.schedule, arena));
        step->section = section;
    }
    assert_null(plan_verify(scheduled.schedule, arena));
    scheduled_free(&scheduled);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),  cmocka_unit_test(test_directions), cmocka_unit_test(test_training),
        cmocka_unit_test(test_none),    cmocka_unit_test(test_waits),      cmocka_unit_test(test_members),
        cmocka_unit_test(test_storage), cmocka_unit_test(test_sums),       cmocka_unit_test(test_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

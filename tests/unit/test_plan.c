/* Plans: every call runs each region once, begins, carries and keeps each value that needs it, and does so in an order
 * that works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schedule/plan.h"
#include "schedule_check.h"

static const char *const looks_back =
    "model M {\n  input x[4], s[4] once\n  param W[4, 4], U[4, 4], V[4, 4]\n"
    "  u = W @ x + V @ s\n  h = tanh(u[t-2] + U @ h[t-1])\n  c = c[t-1] * h + x[t-3]\n"
    "  output y = c\n  output m = max_over_time(h)\n  output l = last(c)\n}";

static const char *const looks_ahead = "model M {\n  input x[4]\n  param W[4, 4], U[4, 4]\n  h = tanh(W @ x + U @ "
                                       "h[t-1])\n  k = tanh(W @ h + U @ k[t+1])\n"
                                       "  w = exp(k) / sum_over_time(exp(k))\n  output y = w + h[t+2]\n  output m = "
                                       "sum_over_time(w * h)\n  init k = last(h)\n}";

static struct scheduled plan_program(const char *text)
{
    struct scheduled scheduled = schedule_program(text, &default_schedule_options);
    plan(scheduled.schedule, scheduled.lowered.arena);
    return scheduled;
}

/* The place of the only step of this kind about a value, or -1 where there is none. */
static int step_about(const struct plan *plan, enum step_kind kind, int value)
{
    int found = -1;
    for (int i = 0; i < plan->step_count; i++)
        for (int k = 0; plan->steps[i].kind == kind && k < plan->steps[i].value_count; k++)
            if (plan->steps[i].values[k] == value) {
                assert_int_equal(found, -1);
                found = i;
            }
    return found;
}

/* The place of the only step that runs a region. */
static int step_of_region(const struct plan *plan, int region)
{
    int found = -1;
    for (int i = 0; i < plan->step_count; i++)
        if (plan->steps[i].kind == STEP_REGION && plan->steps[i].region == region) {
            assert_int_equal(found, -1);
            found = i;
        }
    return found;
}

/* Regions run once each, in their order; what is done block by block is together. */
static void expect_regions(const struct schedule *schedule, const struct plan *plan)
{
    int before = -1;
    for (int r = 0; r < schedule->region_count; r++) {
        const struct region *region = &schedule->regions[r];
        int at = step_of_region(plan, r);
        if (region->kind == REGION_STATIC) { /* _pack is a call of its own */
            assert_int_equal(at, -1);
            continue;
        }
        assert_true(at > before);
        before = at;
        assert_int_equal(plan->steps[at].scope == SCOPE_BLOCK, region->kind != REGION_SEQUENCE);
        if (plan->steps[at].scope != SCOPE_CALL)
            assert_int_equal(plan->steps[at].pass, region->pass);
        assert_int_equal(plan->steps[at].backward, plan->steps[at].scope != SCOPE_CALL && region->pass % 2 == 1);
    }
    for (int i = 0, loops = 0, pass = -1; i < plan->step_count; i++) {
        bool begins = plan->steps[i].scope == SCOPE_BLOCK && (!i || plan->steps[i - 1].scope != SCOPE_BLOCK);
        loops += begins;
        if (begins) { /* one loop a pass */
            assert_true(plan->steps[i].pass > pass);
            pass = plan->steps[i].pass;
        }
        assert_true(loops <= schedule->passes.count);
    }
}

/* The first and the last step in which a value is written or read by a region. */
static int last_use(const struct schedule *schedule, const struct plan *plan, int id)
{
    int last = -1;
    for (int u = schedule->uses.begin[id]; u < schedule->uses.begin[id + 1]; u++) {
        int reader = schedule->uses.use[u].reader;
        int at = reader < 0 ? -1 : step_of_region(plan, schedule->region_of[reader]);
        last = at > last ? at : last;
    }
    return last;
}

static bool is_read_out_of_range(const struct buffer *buffer)
{
    return buffer_is_value(buffer) && (buffer->past || buffer->future);
}

static void expect_steps_of(const struct schedule *schedule, const struct plan *plan, int id)
{
    const struct buffer *buffer = &schedule->buffers[id];
    bool gathers = node_gathers(schedule->graph->nodes[id]), ranges = is_read_out_of_range(buffer);
    bool keeps = plan->call == CALL_RUN && !plan->whole && (gathers || (ranges && buffer->past));
    int start = step_about(plan, STEP_START, id), take = step_about(plan, STEP_TAKE, id);
    int keep = step_about(plan, STEP_KEEP, id), carry = step_about(plan, STEP_CARRY, id);
    int finish = step_about(plan, STEP_FINISH, id);
    assert_int_equal(start >= 0, gathers || ranges);
    assert_int_equal(take >= 0, keeps);
    assert_int_equal(keep >= 0, keeps);
    assert_int_equal(finish >= 0, gathers);
    assert_int_equal(carry >= 0, !plan->whole && buffer->past && buffer->storage == STORE_BLOCK);
    int own = schedule->region_of[id] < 0 ? -1 : step_of_region(plan, schedule->region_of[id]);
    if (start >= 0) { /* known before it is read; initial values are known before that */
        assert_true(start < last_use(schedule, plan, id) || gathers);
        assert_int_equal(plan->steps[start].scope, SCOPE_PASS);
        int init = buffer->init == NO_NODE ? -1 : buffer->init;
        if (init >= 0 && node_gathers(schedule->graph->nodes[init]))
            assert_true(step_about(plan, STEP_FINISH, init) < start);
    }
    if (keeps)
        assert_true(start < take && take < (own < 0 ? keep : own) && own < keep);
    if (carry >= 0) /* what is carried is no longer there to be kept or given to the caller */
        assert_true(keep < carry && own < carry);
    if (gathers)
        assert_true(own < finish && plan->steps[finish].scope == SCOPE_PASS);
}

static void expect_plan(const struct schedule *schedule, const struct plan *plan)
{
    expect_regions(schedule, plan);
    for (int i = 0; i < schedule->graph->node_count; i++)
        if (schedule->graph->nodes[i]->time != TIME_STATIC)
            expect_steps_of(schedule, plan, i);
    for (int i = 0; i < schedule->graph->output_count; i++) {
        int at = step_about(plan, STEP_OUTPUTS, i), region = schedule->region_of[schedule->graph->outputs[i].edge.node];
        assert_true(at >= 0 && (region < 0 || at > step_of_region(plan, region)));
    }
}

static void test_looks_back(void **state)
{
    (void)state;
    struct scheduled scheduled = plan_program(looks_back);
    const struct plan *step = plan_of_call(scheduled.schedule, CALL_STEP),
                      *run = plan_of_call(scheduled.schedule, CALL_RUN);
    assert_true(step && run && !plan_of_call(scheduled.schedule, CALL_GRAD));
    assert_true(!step->whole && step->carries && !run->whole && run->carries);
    expect_plan(scheduled.schedule, step);
    expect_plan(scheduled.schedule, run);
    scheduled_free(&scheduled);
}

static void test_looks_ahead(void **state)
{
    (void)state;
    struct scheduled scheduled = plan_program(looks_ahead);
    const struct plan *run = plan_of_call(scheduled.schedule, CALL_RUN);
    assert_true(run && !plan_of_call(scheduled.schedule, CALL_STEP) && scheduled.schedule->passes.count >= 3);
    assert_true(run->whole && !run->carries);
    expect_plan(scheduled.schedule, run);
    scheduled_free(&scheduled);
}

/* A network without anything to remember has nothing to begin, carry or keep. */
static void test_remembers_nothing(void **state)
{
    (void)state;
    struct scheduled scheduled = plan_program("cell C[n = 4](x[n]) -> y[n] {\n  param W[n, n]\n  y = tanh(W @ x)\n}");
    const struct plan *run = plan_of_call(scheduled.schedule, CALL_RUN);
    expect_plan(scheduled.schedule, run);
    static const enum step_kind kinds[] = {STEP_INPUTS, STEP_REGION, STEP_OUTPUTS, STEP_AGE};
    assert_int_equal(run->step_count, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(run->steps[i].kind, kinds[i]);
    scheduled_free(&scheduled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_looks_back), cmocka_unit_test(test_looks_ahead),
                                       cmocka_unit_test(test_remembers_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

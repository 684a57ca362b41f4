/* Plans: those of the compiler pass their verifier, and no step of them can be left out, done twice or done at the
 * wrong time without being noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "schedule/plan.h"
#include "schedule_check.h"

static const char *const looks_back =
    "model M {\n  input x[4], s[4] once\n  param W[4, 4], U[4, 4], V[4, 4]\n"
    "  u = W @ x + V @ s\n  h = tanh(u[t-2] + U @ h[t-1])\n  c = c[t-1] * h + x[t-3]\n"
    "  output y = c\n  output m = max_over_time(h)\n  output l = last(c)\n}";

static const char *const looks_ahead =
    "model M {\n  input x[4]\n  param W[4, 4], U[4, 4]\n  h = tanh(W @ x + U @ h[t-1])\n"
    "  k = tanh(W @ h + U @ k[t+1])\n  w = exp(k) / sum_over_time(exp(k))\n  output y = w + h[t+2]\n"
    "  output m = sum_over_time(w * h)\n  init k = last(h)\n}";

static const char *const trains = "model M {\n  input x[4]\n  target y[4]\n  param W[4, 4], U[4, 4], b[4]\n"
                                  "  h = tanh(b + W @ x + U @ h[t-1])\n  output q = h\n  loss mse(q, y)\n}";

static const char *const trains_sequences =
    "model M {\n  input x[4]\n  target y[4]\n  target k: index[4]\n  param W[4, 4], U[4, 4], b[4]\n"
    "  h = tanh(b + W @ x + U @ h[t-1])\n  r = tanh(W @ x + U @ r[t+1])\n  output q = h + r\n"
    "  output p = W @ mean_over_time(q)\n  loss mse(q, y)\n  loss cross_entropy(p, k)\n}";

static struct scheduled plan_program(const char *text, bool training)
{
    struct scheduled scheduled = training ? schedule_training(text, &default_schedule_options)
                                          : schedule_program(text, &default_schedule_options);
    plan(scheduled.schedule, scheduled.lowered.arena);
    return scheduled;
}

static const char *verify(const struct scheduled *scheduled)
{
    return plan_verify(scheduled->schedule, scheduled->lowered.arena);
}

static void expect_noticed(const struct scheduled *scheduled, const struct step *step, const char *change)
{
    if (!verify(scheduled))
        fail_msg("nobody notices that a step '%s' of region %d in pass %d is %s", step_kind_name(step->kind),
                 step->region, step->pass, change);
}

/* Every step in turn. */
static void expect_steps_needed(const struct scheduled *scheduled, struct plan *plan)
{
    struct arena *arena = scheduled->lowered.arena;
    const struct plan whole = *plan;
    plan->steps = ARENA_ARRAY(arena, struct step, whole.step_count + 1);
    for (int i = 0; i < whole.step_count; i++) {
        const struct step *step = &whole.steps[i];
        size_t before = (size_t)i * sizeof *step, behind = (size_t)(whole.step_count - i) * sizeof *step;
        memcpy(plan->steps, whole.steps, before);
        memcpy(plan->steps + i, step + 1, behind - sizeof *step);
        plan->step_count = whole.step_count - 1;
        expect_noticed(scheduled, step, "left out");
        memcpy(plan->steps + i, step, sizeof *step);
        memcpy(plan->steps + i + 1, step, behind);
        plan->step_count = whole.step_count + 1;
        expect_noticed(scheduled, step, "done twice");
        memcpy(plan->steps, whole.steps, (size_t)whole.step_count * sizeof *step);
        plan->step_count = whole.step_count;
        for (int k = step->value_count - 1; k >= 0; k--) { /* each value counts */
            plan->steps[i].value_count = step->value_count - 1;
            int value = step->values[k];
            step->values[k] = step->values[step->value_count - 1];
            expect_noticed(scheduled, step, "done without one of its values");
            step->values[k] = value;
        }
    }
    *plan = whole;
    assert_null(verify(scheduled));
}

static int find_step(const struct plan *plan, enum step_kind kind)
{
    for (int i = 0; i < plan->step_count; i++)
        if (plan->steps[i].kind == kind)
            return i;
    fail_msg("there is no step '%s'", step_kind_name(kind));
    return 0;
}

/* The first step of a kind is put before, or behind, the first of another. */
static void expect_order(const struct scheduled *scheduled, struct plan *plan, enum step_kind kind,
                         enum step_kind other)
{
    const struct plan whole = *plan;
    int from = find_step(plan, kind), to = find_step(plan, other);
    plan->steps = ARENA_ARRAY(scheduled->lowered.arena, struct step, whole.step_count);
    memcpy(plan->steps, whole.steps, (size_t)whole.step_count * sizeof *plan->steps);
    for (int i = from; i != to; i += from < to ? 1 : -1)
        plan->steps[i] = whole.steps[i + (from < to ? 1 : -1)];
    plan->steps[to] = whole.steps[from];
    expect_noticed(scheduled, &whole.steps[from], "done at the wrong time");
    *plan = whole;
}

static void expect_program(const char *text, bool training)
{
    struct scheduled scheduled = plan_program(text, training);
    assert_null(verify(&scheduled));
    for (int i = 0; i < scheduled.schedule->plan_count; i++)
        expect_steps_needed(&scheduled, &scheduled.schedule->plans[i]);
    scheduled_free(&scheduled);
}

static void test_every_step_is_needed(void **state)
{
    (void)state;
    expect_program(looks_back, false);
    expect_program(looks_ahead, false);
    expect_program(trains, true);
    expect_program(trains_sequences, true);
}

static void test_order(void **state)
{
    (void)state;
    struct scheduled scheduled = plan_program(looks_back, false);
    struct plan *run = &scheduled.schedule->plans[1];
    assert_int_equal(run->call, CALL_RUN);
    expect_order(&scheduled, run, STEP_TAKE, STEP_START);
    expect_order(&scheduled, run, STEP_KEEP, STEP_REGION);
    expect_order(&scheduled, run, STEP_CARRY, STEP_KEEP);
    expect_order(&scheduled, run, STEP_OUTPUTS, STEP_REGION);
    expect_order(&scheduled, run, STEP_OUTPUTS, STEP_AGE);
    expect_order(&scheduled, run, STEP_FINISH, STEP_START);
    run->steps[find_step(run, STEP_CARRY)].backward = true;
    expect_noticed(&scheduled, &run->steps[find_step(run, STEP_CARRY)], "done backward");
    scheduled_free(&scheduled);
    scheduled = plan_program(trains, true);
    struct plan *grad = &scheduled.schedule->plans[0];
    expect_order(&scheduled, grad, STEP_PACK, STEP_START);
    expect_order(&scheduled, grad, STEP_LOSS, STEP_REGION);
    expect_order(&scheduled, grad, STEP_CLEAR, STEP_LOSS);
    expect_order(&scheduled, grad, STEP_TELL, STEP_CLEAR);
    grad->steps[find_step(grad, STEP_CLEAR)].gradient = false;
    expect_noticed(&scheduled, &grad->steps[find_step(grad, STEP_CLEAR)], "done though no gradient is wanted");
    scheduled_free(&scheduled);
}

/* The calls that a network has, and whether they are whole sequences or carry their past. */
static void test_calls(void **state)
{
    (void)state;
    struct scheduled scheduled = plan_program(looks_back, false);
    const struct plan *step = plan_of_call(scheduled.schedule, CALL_STEP),
                      *run = plan_of_call(scheduled.schedule, CALL_RUN);
    assert_true(step && run && !plan_of_call(scheduled.schedule, CALL_GRAD));
    assert_true(!step->whole && step->carries && !run->whole && run->carries);
    scheduled_free(&scheduled);
    scheduled = plan_program(looks_ahead, false);
    run = plan_of_call(scheduled.schedule, CALL_RUN);
    assert_true(run && !plan_of_call(scheduled.schedule, CALL_STEP) && run->whole && !run->carries);
    scheduled_free(&scheduled);
    for (int sequences = 0; sequences < 2; sequences++) {
        scheduled = plan_program(sequences ? trains_sequences : trains, true);
        const struct plan *grad = plan_of_call(scheduled.schedule, CALL_GRAD);
        assert_true(grad && !plan_of_call(scheduled.schedule, CALL_RUN) && grad->whole);
        assert_int_equal(grad->carries, !sequences);
        scheduled_free(&scheduled);
    }
}

/* A network without anything to remember has nothing to begin, carry or keep. */
static void test_remembers_nothing(void **state)
{
    (void)state;
    struct scheduled scheduled =
        plan_program("cell C[n = 4](x[n]) -> y[n] {\n  param W[n, n]\n  y = tanh(W @ x)\n}", false);
    const struct plan *run = plan_of_call(scheduled.schedule, CALL_RUN);
    static const enum step_kind kinds[] = {STEP_INPUTS, STEP_REGION, STEP_OUTPUTS, STEP_AGE};
    assert_int_equal(run->step_count, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(run->steps[i].kind, kinds[i]);
    scheduled_free(&scheduled);
}

/* A call of one frame goes through the panels of both regions at once, but for weights that a second-level cache is far
 * too small for, and that the third holds: 2 MiB, 8 MiB and 18 MiB here, of a machine with 512 KiB and 8 MiB. */
static void test_joined_frames(void **state)
{
    (void)state;
    static const struct {
        const char *units;
        bool forward;
    } cases[] = {{"512", false}, {"1024", true}, {"1536", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char program[200];
        snprintf(program, sizeof program,
                 "const n = %s\nmodel M {\n  input x[n]\n  param W[n, n], U[n, n]\n"
                 "  h = tanh(W @ x + U @ h[t-1])\n  output h\n}",
                 cases[i].units);
        struct scheduled scheduled = plan_program(program, false);
        const struct schedule *schedule = scheduled.schedule;
        assert_int_equal(frame_reads_forward(schedule), cases[i].forward);
        int joined = NO_REGION;
        for (int r = 0; r < schedule->region_count; r++)
            if (frames_joined(schedule, r) != NO_REGION)
                joined = r;
        assert_int_equal(joined == NO_REGION, cases[i].forward);
        scheduled_free(&scheduled);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_step_is_needed), cmocka_unit_test(test_order),         cmocka_unit_test(test_calls),
        cmocka_unit_test(test_remembers_nothing),    cmocka_unit_test(test_joined_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

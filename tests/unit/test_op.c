/* The table of operations: lookups, and the properties of every line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/op.h"

static void test_names_find_their_operation(void **state)
{
    (void)state;
    for (int op = 0; op < OP_COUNT; op++) {
        const struct op_info *info = op_info((enum op)op);
        assert_int_equal(op_find_id(info->id, (int)strlen(info->id)), op);
        if (info->name)
            assert_int_equal(op_find(info->name, (int)strlen(info->name)), op);
    }
    assert_int_equal(op_find("add", 3), OP_COUNT); /* it has an operator instead */
    assert_int_equal(op_find("sigm", 4), OP_COUNT);
}

/* An entry for one operand holds for all operands behind it. */
static void test_how_operands_are_read(void **state)
{
    (void)state;
    assert_int_equal(op_reads(OP_add, 1), READS_UNITS);
    assert_int_equal(op_reads(OP_layernorm, 2), READS_COLUMN);
    assert_int_equal(op_reads(OP_concat, 0), READS_PART);
    assert_int_equal(op_reads(OP_concat, 9), READS_PART);
    assert_int_equal(op_reads(OP_product, 0), READS_WEIGHTS);
    assert_int_equal(op_reads(OP_product, 1), READS_VECTOR);
    assert_int_equal(op_reads(OP_cross_entropy, 1), READS_NUMBER);
}

static void test_kinds_of_kernels(void **state)
{
    (void)state;
    assert_int_equal(op_kernel(OP_tanh), KERNEL_ELEMENTWISE);
    assert_int_equal(op_kernel(OP_softmax), KERNEL_COLUMN);
    assert_int_equal(op_kernel(OP_cross_entropy), KERNEL_COLUMN);
    assert_int_equal(op_kernel(OP_product), KERNEL_PANEL);
    assert_int_equal(op_kernel(OP_last), KERNEL_OVER_TIME);
    assert_int_equal(op_kernel(OP_parameter), KERNEL_NONE);
    assert_true(op_is_over_time(OP_ctc));
    assert_false(op_is_over_time(OP_mse));
}

static void test_times_of_results(void **state)
{
    (void)state;
    assert_int_equal(op_result_time(OP_add, TIME_SEQUENCE), TIME_SEQUENCE);
    assert_int_equal(op_result_time(OP_last, TIME_FRAME), TIME_SEQUENCE);
    assert_int_equal(op_result_time(OP_ctc_slope, TIME_FRAME), TIME_FRAME);
    assert_int_equal(op_result_time(OP_outer, TIME_FRAME), TIME_CALL);
    assert_int_equal(op_result_time(OP_parameter, TIME_FRAME), TIME_STATIC);
    assert_int_equal(op_result_time(OP_input, TIME_SEQUENCE), TIME_SEQUENCE);
}

/* A pattern uses each of its operands, and no other. */
static void expect_pattern(const struct op_info *info)
{
    static const char *const operands[] = {"$0", "$1", "$2", "$3"};
    for (int k = 0; k < 4; k++) {
        bool drawn = strcmp(info->id, "dropout") == 0 && k > 0; /* of its own numbers */
        if ((strstr(info->emit, operands[k]) != NULL) != (k < info->most) && !drawn)
            fail_msg("'%s', which %s is emitted as, and %s", info->emit, info->id, operands[k]);
    }
}

/* The text of an operand may be a whole expression, which is to be computed once. */
static void test_patterns_write_operands_once(void **state)
{
    (void)state;
    for (int op = 0; op < OP_COUNT; op++) {
        const struct op_info *info = op_info((enum op)op);
        int written[3] = {0};
        for (const char *c = info->emit; c && *c; c++)
            if (*c == '$' && written[c[1] - '0']++)
                fail_msg("%s writes operand %c twice", info->id, c[1]);
    }
}

static void test_every_line(void **state)
{
    (void)state;
    for (int op = 0; op < OP_COUNT; op++) {
        const struct op_info *info = op_info((enum op)op);
        assert_true(info->least >= 0 && (info->most == -1 || (info->least <= info->most && info->most <= 3)));
        if (info->class == OP_CLASS_LEAF)
            assert_int_equal(info->most, 0);
        if (info->class == OP_CLASS_ELEMENTWISE)
            expect_pattern(info);
        if (info->class == OP_CLASS_COLUMN) {
            assert_non_null(info->emit);
            assert_int_equal(op_reads((enum op)op, 0), READS_COLUMN);
        }
        if (info->infix.text)
            assert_int_equal(info->most, 2);
        if (info->one_frame || info->adds)
            assert_int_equal(info->class, OP_CLASS_OVER_TIME);
        if (info->training)
            assert_true(!info->name || info->class == OP_CLASS_LOSS); /* a program has losses alone */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_find_their_operation),
        cmocka_unit_test(test_how_operands_are_read),
        cmocka_unit_test(test_kinds_of_kernels),
        cmocka_unit_test(test_times_of_results),
        cmocka_unit_test(test_patterns_write_operands_once),
        cmocka_unit_test(test_every_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* As much of CMocka as the tests need that are run under an emulator, where the library is missing: a check that fails
 * ends the process. */
#ifndef RNNC_TESTS_AARCH64_CMOCKA_H
#define RNNC_TESTS_AARCH64_CMOCKA_H

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int CMFixtureFunction(void **state);

struct CMUnitTest {
    const char *name;
    void (*function)(void **state);
};

extern jmp_buf cmocka_skipped; /* where skip() goes on */

#define print_message(...) printf(__VA_ARGS__)
#define fail_msg(...)                                                                                                  \
    (printf("%s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), printf("\n"), fflush(stdout), exit(EXIT_FAILURE))
#define assert_true(condition)              ((condition) ? (void)0 : fail_msg("not true: %s", #condition))
#define assert_false(condition)             assert_true(!(condition))
#define assert_null(pointer)                assert_true((pointer) == NULL)
#define assert_non_null(pointer)            assert_true((pointer) != NULL)
#define assert_ptr_equal(a, b)              assert_true((const void *)(a) == (const void *)(b))
#define assert_string_equal(a, b)           assert_true(strcmp(a, b) == 0)
#define assert_memory_equal(a, b, size)     assert_true(memcmp(a, b, size) == 0)
#define assert_memory_not_equal(a, b, size) assert_true(memcmp(a, b, size) != 0)
#define assert_in_range(x, least, most)     assert_true((x) >= (least) && (x) <= (most))
#define assert_int_equal(a, b)                                                                                         \
    ((intmax_t)(a) == (intmax_t)(b) ? (void)0 : fail_msg("%s is %jd, not %jd", #a, (intmax_t)(a), (intmax_t)(b)))
#define test_calloc calloc
#define test_free   free
#define skip()      longjmp(cmocka_skipped, 1)

#define cmocka_unit_test(function)                                                                                     \
    {                                                                                                                  \
#function, function                                                                                            \
    }
#define cmocka_run_group_tests(tests, begin, end) cmocka_run_group_tests_name(__FILE__, tests, begin, end)
#define cmocka_run_group_tests_name(name, tests, begin, end)                                                           \
    cmocka_run(name, tests, (int)(sizeof(tests) / sizeof *(tests)), begin, end)

jmp_buf cmocka_skipped;

static inline int cmocka_run(const char *group, const struct CMUnitTest *tests, int count, CMFixtureFunction *begin,
                             CMFixtureFunction *end)
{
    void *state = NULL;
    if (begin && begin(&state) != 0)
        fail_msg("%s does not begin", group);
    for (int i = 0; i < count; i++) {
        const int skipped = setjmp(cmocka_skipped);
        if (!skipped)
            tests[i].function(&state);
        printf("%s %s: %s\n", group, tests[i].name, skipped ? "skipped" : "passed");
    }
    return end ? end(&state) : 0;
}

#endif

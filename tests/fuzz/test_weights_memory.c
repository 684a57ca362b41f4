/* Every allocation of the weights files' reader and writer, refused: one after the other, alone and with all that
 * follow. They say that there is no memory, give back what they have, and leave parameters and files as they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "rnn/weights.h"

enum { BIAS = 0, WEIGHT = 4, ELEMENTS = 10, FILE_ROOM = 2000 };

static const rnn_tensor tensors[] = {
    {.name = "bias", .rank = 1, .shape = {3}, .offset = BIAS, .start = RNN_START_ORTHOGONAL},
    {.name = "a.longer.name.W", .rank = 2, .shape = {3, 2}, .offset = WEIGHT, .start = RNN_START_ORTHOGONAL},
};

static const rnn_model model = {.name = "network",
                                .real_size = sizeof(float),
                                .fingerprint = 0x1234,
                                .parameters = tensors,
                                .parameter_count = 2,
                                .parameter_elements = ELEMENTS};

static char folder[] = "/tmp/rnnc_weights_memory_XXXXXX", path[100];
static float saved[ELEMENTS], loaded[ELEMENTS];
static unsigned char bytes[FILE_ROOM];
static size_t byte_count;

/* ---- attempts ---- */

static rnn_status load(rnn_error *error) { return rnn_parameters_load(&model, loaded, path, error); }
static rnn_status load_memory(rnn_error *error)
{
    return rnn_parameters_load_memory(&model, loaded, bytes, byte_count, error);
}
static rnn_status save(rnn_error *error) { return rnn_parameters_save(&model, saved, path, error); }
static rnn_status init(rnn_error *error)
{
    float started[ELEMENTS];
    return error->status = rnn_parameters_init(&model, started, 7);
}

/* ---- checks ---- */

static size_t read_file(unsigned char *room)
{
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    size_t size = fread(room, 1, FILE_ROOM, stream);
    fclose(stream);
    return size;
}

static void check_file_is_whole_and_alone(void)
{
    unsigned char now[FILE_ROOM];
    assert_int_equal(read_file(now), byte_count);
    assert_memory_equal(now, bytes, byte_count);
    int count = 0;
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    closedir(directory);
    assert_int_equal(count, 1);
}

/* Refuses each allocation of an attempt. If memory is refused once and given again, jansson may take that for an error
 * of the text, or lose letters. */
static void refuse_each(rnn_status (*attempt)(rnn_error *), bool and_after)
{
    bool reads = attempt == load || attempt == load_memory;
    long refused = 0;
    for (long at = 1;; at++) {
        rnn_error error = {RNN_OK, ""};
        memset(loaded, 0, sizeof loaded);
        failing = (struct failing){.next = 1, .fail_at = at, .and_after = and_after};
        rnn_status status = attempt(&error);
        struct failing result = failing;
        failing = (struct failing){.next = 1};

        assert_int_equal(result.alive, 0);
        assert_int_equal(error.status, status);
        bool fits = memcmp(&loaded[WEIGHT], &saved[WEIGHT], 6 * sizeof *saved) == 0;
        bool untouched = memcmp(loaded, (float[ELEMENTS]){0}, sizeof loaded) == 0;
        assert_true(status == RNN_OK && reads ? fits : untouched);
        check_file_is_whole_and_alone();
        if (!result.failed) {
            assert_int_equal(status, RNN_OK);
            break;
        }
        bool jansson_erred = reads && !and_after && (status == RNN_ERROR_FORMAT || status == RNN_ERROR_WEIGHTS);
        if (status != RNN_OK && status != RNN_ERROR_MEMORY && !jansson_erred)
            fail_msg("allocation %ld: status %d: %s", at, status, error.text);
        refused += status == RNN_ERROR_MEMORY;
    }
    assert_in_range(refused, 1, 10000);
}

static void test_load(void **state)
{
    (void)state;
    refuse_each(load, false);
    refuse_each(load, true);
}

static void test_load_memory(void **state)
{
    (void)state;
    refuse_each(load_memory, false);
    refuse_each(load_memory, true);
}

static void test_save(void **state)
{
    (void)state;
    refuse_each(save, false);
    refuse_each(save, true);
}

static void test_init(void **state)
{
    (void)state;
    refuse_each(init, false);
    refuse_each(init, true);
}

/* Makes the file first: jansson seeds its tables once for each process, which is not under test here. */
static int make_file(void **state)
{
    (void)state;
    rnn_error error;
    for (int i = 0; i < ELEMENTS; i++)
        saved[i] = (float)i + 1;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/w.safetensors", folder);
    if (save(&error) != RNN_OK)
        return -1;
    byte_count = read_file(bytes);
    return 0;
}

static int remove_file(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_load), cmocka_unit_test(test_load_memory),
                                       cmocka_unit_test(test_save), cmocka_unit_test(test_init)};
    return cmocka_run_group_tests(tests, make_file, remove_file);
}

/* Files of Keras, written here: the ways in which weights lie in them, and those that are damaged. */
#define _GNU_SOURCE /* memmem */
#include "keras_files.h"

#include <signal.h>

#include "data/array.h"
#include "import/trial.h"
#include "zip_archive.h"

static const char *const program_3 = "# Keras: listener\n"
                                     "import std.keras\n\n"
                                     "model net {\n"
                                     "  input frames[3]\n"
                                     "  encoder = keras.LSTM[1, tanh, keras.hard_sigmoid_3](frames)\n"
                                     "  head = keras.Dense[2, softmax](last(encoder))\n"
                                     "  output head\n"
                                     "}\n";

static void check_weights(const struct keras_network *network)
{
    static const struct {
        const char *name;
        int first, size;
    } wanted[] = {{"encoder.kernel", 0, 12},
                  {"encoder.recurrent_kernel", 100, 4},
                  {"encoder.bias", 200, 4},
                  {"head.kernel", 300, 2},
                  {"head.bias", 400, 2}};
    assert_int_equal(network->weight_count, 5);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(network->weights[i].name, wanted[i].name);
        assert_int_equal(array_size(&network->weights[i]), wanted[i].size);
        for (int k = 0; k < wanted[i].size; k++)
            assert_true(network->weights[i].data[k] == (k + wanted[i].first) / 8.0);
    }
}

static void writes_programs(void **state)
{
    struct keras_network network;
    const char *error;
    assert_true(import_keras(*state, LAYERS, &network, &error));
    assert_string_equal(network.program, program_3);
    assert_null(network.note);
    check_weights(&network);
}

/* A model.h5 has all; hard_sigmoid of Keras 2 is another function. Names of weights have one size or several. */
static void reads_whole_models(void **state)
{
    struct fixture *fixture = *state;
    struct keras_network network;
    const char *error, *path = in_folder(fixture, "m.h5");
    for (size_t size = 0; size <= 40; size += 40) {
        const hid_t file = new_file(path);
        put_named(file, LAYERS, size);
        H5Fclose(file);
        if (!keras_import(fixture->arena, path, NULL, &network, &error))
            fail_msg("%s", error);
        unlink(path);
        assert_non_null(strstr(network.program, "# Keras 2.15.0: listener\n"));
        assert_non_null(strstr(network.program, "  encoder = keras.LSTM[1, tanh, hard_sigmoid](frames)\n"));
        check_weights(&network);
    }
}

/* Weights outside the file, or none behind a shape, are not read. */
static void reads_only_the_file(void **state)
{
    struct fixture *fixture = *state;
    struct keras_network network;
    const char *error, *path = in_folder(fixture, "w.h5"), *json = in_folder(fixture, "m.json");
    put_config(json, MODEL INPUT ", " HEAD END);
    hid_t file = new_file(path), links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    H5Lcreate_external("other.h5", "/layers/dense/vars", file, "layers/dense/vars", links, H5P_DEFAULT);
    H5Fclose(file);
    assert_false(keras_import(fixture->arena, path, json, &network, &error));
    assert_non_null(strstr(error, "lacks the weight 'layers/dense/vars/0'"));
    file = new_file(path);
    const hid_t space = H5Screate_simple(2, (hsize_t[]){3, 2}, NULL);
    H5Dclose(H5Dcreate2(file, "layers/dense/vars/0", H5T_IEEE_F32LE, space, links, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(links);
    H5Fclose(file);
    assert_false(keras_import(fixture->arena, path, json, &network, &error));
    assert_non_null(strstr(error, "whose numbers are not all in the file"));
    file = new_file(path);
    H5Fclose(file);
    assert_false(keras_import(fixture->arena, path, json, &network, &error));
    assert_non_null(strstr(error, "has no weights as Keras writes them"));
    unlink(path);
    unlink(json);
}

/* Makes a .keras file of a model of Keras 3. */
static void put_archive(struct fixture *fixture, struct archive *archive)
{
    const char *path = in_folder(fixture, "w.h5"), *error, about[] = "{\"keras_version\": \"3.15.1\"}";
    const hid_t file = new_file(path);
    struct text weights;
    put_grouped(file);
    H5Fclose(file);
    assert_true(file_read(fixture->arena, path, &weights, &error));
    unlink(path);
    *archive = (struct archive){.length = 0};
    add_member(archive, "metadata.json", 0, about, sizeof about - 1);
    add_member(archive, "config.json", 8, LAYERS, sizeof LAYERS - 1);
    add_member(archive, "model.weights.h5", 0, weights.data, weights.length);
    finish(archive);
}

static void reads_archives(void **state)
{
    static struct archive archive;
    struct fixture *fixture = *state;
    struct keras_network network;
    const char *error;
    put_archive(fixture, &archive);
    const char *path = put(fixture, "m.keras", archive.bytes, archive.length);
    if (!keras_import(fixture->arena, path, NULL, &network, &error))
        fail_msg("%s", error);
    assert_non_null(strstr(network.program, "# Keras 3.15.1: listener\n"));
    check_weights(&network);
    archive = (struct archive){.length = 0};
    add_member(&archive, "config.json", 0, "{}", 2);
    finish(&archive);
    put(fixture, "m.keras", archive.bytes, archive.length);
    assert_false(keras_import(fixture->arena, path, NULL, &network, &error));
    assert_non_null(strstr(error, "it lacks 'model.weights.h5'"));
    unlink(path);
}

/* No byte can be missing, and none that is changed leads out of bounds. */
static void refuses_damaged_files(void **state)
{
    static struct archive archive;
    struct fixture *fixture = *state;
    struct keras_network network;
    const char *error;
    put_archive(fixture, &archive);
    const char *path = in_folder(fixture, "m.keras");
    for (size_t length = 0; length < archive.length; length += 997) {
        put(fixture, "m.keras", archive.bytes, length);
        assert_false(keras_import(fixture->arena, path, NULL, &network, &error));
        assert_non_null(strstr(error, "m.keras"));
    }
    unlink(path);
    const char *weights = in_folder(fixture, "m.h5");
    const hid_t file = new_file(weights);
    struct text content;
    put_named(file, LAYERS, 40);
    H5Fclose(file);
    assert_true(file_read(fixture->arena, weights, &content, &error));
    for (size_t length = 0; length < content.length; length += 997) {
        put(fixture, "m.h5", content.data, length);
        assert_false(keras_import(fixture->arena, weights, NULL, &network, &error));
        assert_non_null(strstr(error, "m.h5"));
    }
    int refused = 0;
    for (size_t at = 0; at < content.length; at += 131) {
        content.data[at] ^= 0x41;
        put(fixture, "m.h5", content.data, content.length);
        const bool read = keras_import(fixture->arena, weights, NULL, &network, &error);
        refused += !read;
        if (read)
            assert_int_equal(network.weight_count, 5);
        content.data[at] ^= 0x41;
    }
    assert_true(refused > 10);
    unlink(weights);
}

/* Writes m.h5, and gives its content and the place in it where the text of the model is named: its length, of four
 * bytes, the address of a heap, of eight, and an index there. */
static char *find_text(struct fixture *fixture, struct text *content)
{
    const char *error, *path = in_folder(fixture, "m.h5");
    const hid_t file = new_file(path);
    put_named(file, LAYERS, 40);
    H5Fclose(file);
    assert_true(file_read(fixture->arena, path, content, &error));
    const char *heap = memmem(content->data, content->length, "GCOL", 4);
    assert_non_null(heap);
    const uint32_t length = (uint32_t)strlen(LAYERS), index = 1;
    const uint64_t address = (uint64_t)(heap - content->data);
    char reference[16];
    memcpy(reference, &length, 4);
    memcpy(reference + 4, &address, 8);
    memcpy(reference + 12, &index, 4);
    char *found = memmem(content->data, content->length, reference, sizeof reference);
    assert_non_null(found);
    return found;
}

/* HDF5 takes an index without looking: behind the end of the heap, it crashes. */
static void survives_crashes_of_hdf5(void **state)
{
    struct fixture *fixture = *state;
    struct keras_network network;
    const char *error, *path = in_folder(fixture, "m.h5");
    const uint32_t wrong = 0xff000001;
    struct text content;
    memcpy(find_text(fixture, &content) + 12, &wrong, sizeof wrong);
    put(fixture, "m.h5", content.data, content.length);
    assert_false(keras_import(fixture->arena, path, NULL, &network, &error));
    assert_non_null(strstr(error, "m.h5' is damaged, so that the HDF5 library fails over it: save the model again"));
    unlink(path);
}

/* A text that says it is of 2 GB: HDF5 gets no memory for it, and says so to nobody but who asks. */
static void says_where_memory_lacks(void **state)
{
#ifdef __SANITIZE_ADDRESS__
    (void)state;
    skip(); /* its allocator ends the process instead */
#else
    struct fixture *fixture = *state;
    struct keras_network network;
    const char *error, *path = in_folder(fixture, "m.h5");
    const uint32_t long_text = 0x7ffffff0;
    struct text content;
    memcpy(find_text(fixture, &content), &long_text, sizeof long_text);
    put(fixture, "m.h5", content.data, content.length);
    assert_false(keras_import(fixture->arena, path, NULL, &network, &error));
    if (!strstr(error, "m.h5' needs more memory to be read than there is, or than its size explains: free some, or"))
        fail_msg("'%s' does not speak of memory", error);
    unlink(path);
#endif
}

static const char *run_out(void *context) { return context ? (out_of_memory(), NULL) : NULL; }
static const char *be_killed(void *context) { return raise(SIGKILL) ? context : NULL; }
static const char *crash(void *context) { return raise(SIGSEGV) ? context : NULL; }
static const char *refuse(void *context) { return context; }

/* A file is called damaged only where the library failed over it. A process that ignores its children learns it, too;
 * what it has not yet written is written once. */
static void tells_how_trials_end(void **state)
{
    static const struct {
        const char *(*work)(void *context);
        const char *words;
    } trials[] = {{run_out, "'m.h5' needs more memory to be read than there is, or than its size explains"},
                  {be_killed, "'m.h5' is not read: the process that tries it was ended by signal 9"},
                  {crash, "'m.h5' is damaged"},
                  {refuse, "a reason"}};
    struct fixture *fixture = *state;
    const struct import_limits limits = {10, 1 << 29};
    const char *path = in_folder(fixture, "stream"), *error;
    struct text written;
    FILE *stream = fopen(path, "wb");
    assert_true(stream && fputs("once", stream) >= 0);
    signal(SIGCHLD, SIG_IGN);
    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
        error = "";
        assert_false(import_try(fixture->arena, "m.h5", trials[i].work, "a reason", &limits, &error));
        if (!strstr(error, trials[i].words))
            fail_msg("'%s' does not say '%s'", error, trials[i].words);
    }
    assert_true(import_try(fixture->arena, "m.h5", refuse, NULL, &limits, &error));
    assert_true(fclose(stream) == 0 && file_read(fixture->arena, path, &written, &error));
    assert_int_equal(written.length, 4);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_programs),      TEST(reads_whole_models),      TEST(reads_only_the_file),
        TEST(reads_archives),       TEST(refuses_damaged_files),   TEST(survives_crashes_of_hdf5),
        TEST(tells_how_trials_end), TEST(says_where_memory_lacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

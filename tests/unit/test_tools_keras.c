/* Files of Keras, written here, as programs; those that cannot be, and those that are damaged. */
#include "tools_fixture.h"

#include <hdf5.h>

#include "data/array.h"
#include "import/keras.h"
#include "zip_archive.h"

/* libhdf5 loses some bytes over a damaged file. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libhdf5"; }

/* ---- HDF5 files ---- */

/* Writes a data set of rank 1 or 2, whose element k is (k + first) / 8, and the groups above it. */
static void put_weight(hid_t file, const char *path, hsize_t rows, hsize_t columns, int first, hid_t type)
{
    float numbers[256];
    const hid_t links = H5Pcreate(H5P_LINK_CREATE),
                space = H5Screate_simple(columns ? 2 : 1, (hsize_t[]){rows, columns}, NULL);
    assert_true(rows * (columns ? columns : 1) <= 256);
    for (int k = 0; k < 256; k++)
        numbers[k] = (float)(k + first) / 8;
    H5Pset_create_intermediate_group(links, 1);
    const hid_t data = H5Dcreate2(file, path, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(data >= 0 && H5Dwrite(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0);
    H5Dclose(data);
    H5Sclose(space);
    H5Pclose(links);
}

/* The same of rank 3, from 0 on. */
static void put_weight_3(hid_t file, const char *path, const hsize_t *shape)
{
    put_weight(file, "numbers", shape[0] * shape[1], shape[2], 0, H5T_IEEE_F32LE);
    float numbers[256];
    const hid_t links = H5Pcreate(H5P_LINK_CREATE), space = H5Screate_simple(3, shape, NULL),
                from = H5Dopen2(file, "numbers", H5P_DEFAULT);
    H5Pset_create_intermediate_group(links, 1);
    assert_true(H5Dread(from, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0);
    const hid_t data = H5Dcreate2(file, path, H5T_IEEE_F32LE, space, links, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(data >= 0 && H5Dwrite(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0);
    H5Dclose(from);
    H5Dclose(data);
    H5Sclose(space);
    H5Pclose(links);
}

/* Writes an attribute with texts, of one size each or of several. */
static void put_texts(hid_t object, const char *name, const char *const *texts, int count, size_t size)
{
    const hid_t type = H5Tcopy(H5T_C_S1),
                space = count ? H5Screate_simple(1, (hsize_t[]){(hsize_t)count}, NULL) : H5Screate(H5S_SCALAR);
    H5Tset_size(type, size ? size : H5T_VARIABLE);
    const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    char fixed[256] = {0};
    assert_true(size * (size_t)(count ? count : 1) <= sizeof fixed);
    for (int i = 0; size && i < (count ? count : 1); i++)
        memcpy(fixed + (size_t)i * size, texts[i], strlen(texts[i]));
    assert_true(H5Awrite(attribute, type, size ? (const void *)fixed : (const void *)texts) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
}

/* The weights of an LSTM of one unit over three features, and of a Dense of two units, as Keras 3 lays them out. */
static void put_grouped(hid_t file)
{
    put_weight(file, "layers/lstm/cell/vars/0", 3, 4, 0, H5T_IEEE_F32LE);
    put_weight(file, "layers/lstm/cell/vars/1", 1, 4, 100, H5T_IEEE_F32LE);
    put_weight(file, "layers/lstm/cell/vars/2", 4, 0, 200, H5T_IEEE_F32LE);
    put_weight(file, "layers/dense/vars/0", 1, 2, 300, H5T_IEEE_F64LE);
    put_weight(file, "layers/dense/vars/1", 2, 0, 400, H5T_IEEE_F32LE);
}

static void put_named(hid_t file, const char *config, size_t size)
{
    static const char *const lstm[] = {"encoder/cell/kernel:0", "encoder/cell/recurrent_kernel:0",
                                       "encoder/cell/bias:0"};
    static const char *const dense[] = {"head/kernel", "head/bias"};
    put_weight(file, "model_weights/encoder/encoder/cell/kernel:0", 3, 4, 0, H5T_IEEE_F32LE);
    put_weight(file, "model_weights/encoder/encoder/cell/recurrent_kernel:0", 1, 4, 100, H5T_IEEE_F32LE);
    put_weight(file, "model_weights/encoder/encoder/cell/bias:0", 4, 0, 200, H5T_IEEE_F32LE);
    put_weight(file, "model_weights/head/head/kernel", 1, 2, 300, H5T_IEEE_F32LE);
    put_weight(file, "model_weights/head/head/bias", 2, 0, 400, H5T_IEEE_F32LE);
    hid_t group = H5Gopen2(file, "model_weights/encoder", H5P_DEFAULT);
    put_texts(group, "weight_names", lstm, 3, size);
    H5Gclose(group);
    group = H5Gopen2(file, "model_weights/head", H5P_DEFAULT);
    put_texts(group, "weight_names", dense, 2, size);
    H5Gclose(group);
    put_texts(file, "model_config", &config, 0, 0);
    put_texts(file, "keras_version", (const char *const[]){"2.15.0"}, 0, 16);
}

static hid_t new_file(const char *path) { return H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT); }

static void put_config(const char *path, const char *config)
{
    FILE *file = fopen(path, "wb");
    assert_true(file && fputs(config, file) >= 0 && fclose(file) == 0);
}

/* ---- models ---- */

#define SOFTMAX "\"activation\": \"softmax\"}}"

#define INPUT "{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"frames\", \"batch_shape\": [null, null, 3]}}"
#define LSTM  "{\"class_name\": \"LSTM\", \"config\": {\"name\": \"encoder\", \"units\": 1, \"activation\": \"tanh\", "
#define HEAD  "{\"class_name\": \"Dense\", \"config\": {\"name\": \"head\", \"units\": 2, " SOFTMAX
#define MODEL "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"listener\", \"layers\": ["
#define CONV                                                                                                           \
    "{\"class_name\": \"Conv1D\", \"config\": {\"name\": \"it\", \"filters\": 2, \"kernel_size\": [2], "               \
    "\"dilation_rate\": [3], \"activation\": \"relu\", "
#define END    "]}}"
#define LAYERS MODEL INPUT ", " LSTM "\"recurrent_activation\": \"hard_sigmoid\"}}, " HEAD END

static const char *const program_3 = "# Keras: listener\n"
                                     "import std.keras\n\n"
                                     "model net {\n"
                                     "  input frames[3]\n"
                                     "  encoder = keras.LSTM[1, tanh, keras.hard_sigmoid_3](frames)\n"
                                     "  head = keras.Dense[2, softmax](last(encoder))\n"
                                     "  output head\n"
                                     "}\n";

/* Imports weights.h5, as `put` fills it, with this config. */
static bool import(struct fixture *fixture, const char *config, struct keras_network *network, const char **error)
{
    const char *weights = in_folder(fixture, "w.h5"), *json = in_folder(fixture, "m.json");
    const hid_t file = new_file(weights);
    put_grouped(file);
    H5Fclose(file);
    put_config(json, config);
    *error = NULL;
    const bool done = keras_import(fixture->arena, weights, json, network, error);
    assert_true(done == !*error);
    unlink(weights);
    unlink(json);
    return done;
}

static void refuses(struct fixture *fixture, const char *config, const char *words)
{
    struct keras_network network;
    const char *error = "";
    if (import(fixture, config, &network, &error))
        fail_msg("nothing says '%s', but there is %s", words, network.program);
    if (!strstr(error, words))
        fail_msg("'%s' does not say '%s'", error, words);
}

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
    assert_true(import(*state, LAYERS, &network, &error));
    assert_string_equal(network.program, program_3);
    assert_null(network.note);
    check_weights(&network);
}

/* Types in both spellings of Keras, of a layer and of one within a wrapper; those of more bytes have no note. */
static void notes_numbers_of_two_bytes(void **state)
{
    static const struct {
        const char *type;
        bool noted;
    } types[] = {
        {"\"float16\"", true},
        {"{\"class_name\": \"DTypePolicy\", \"config\": {\"name\": \"mixed_float16\"}}", true},
        {"{\"class_name\": \"DTypePolicy\", \"config\": {\"name\": \"bfloat16\"}}", true},
        {"{\"class_name\": \"DTypePolicy\", \"config\": {\"name\": \"float32\"}}", false},
        {"\"float64\"", false},
        {"null", false},
    };
    struct fixture *fixture = *state;
    struct keras_network network;
    const char *error;
    for (size_t i = 0; i < 2 * (sizeof types / sizeof types[0]); i++) {
        const char *type = types[i / 2].type;
        const char *lstm = arena_printf(fixture->arena, LSTM "\"dtype\": %s}}", type);
        const char *layers = i % 2 ? arena_printf(fixture->arena,
                                                  "{\"class_name\": \"TimeDistributed\", \"config\": {\"name\": "
                                                  "\"each\", \"layer\": {\"class_name\": \"Activation\", "
                                                  "\"config\": {\"name\": \"it\", \"activation\": \"relu\", "
                                                  "\"dtype\": %s}}}}",
                                                  type)
                                   : lstm;
        assert_true(import(fixture, arena_printf(fixture->arena, MODEL INPUT ", %s" END, layers), &network, &error));
        assert_true(types[i / 2].noted == !!network.note);
        if (network.note)
            assert_string_equal(network.note,
                                "the layers compute in numbers of two bytes in parts, the program in float");
    }
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

/* Layers by name, in both spellings of Keras: what reads what. */
static void follows_graphs(void **state)
{
    struct keras_network network;
    const char *error;
    assert_true(
        import(*state,
               "{\"class_name\": \"Functional\", \"config\": {\"name\": \"f\", \"layers\": ["
               "{\"class_name\": \"InputLayer\", \"name\": \"x\", \"config\": {\"batch_input_shape\": [null, 7, 3]}},"
               "{\"class_name\": \"LSTM\", \"name\": \"tanh\", \"config\": {\"units\": 1, \"activation\": \"tanh\", "
               "\"return_sequences\": true, \"go_backwards\": true, \"recurrent_activation\": \"sigmoid\"}, "
               "\"inbound_nodes\": [[[\"x\", 0, 0, {}]]]},"
               "{\"class_name\": \"Add\", \"name\": \"a-b\", \"config\": {}, \"inbound_nodes\": [{\"args\": [["
               "{\"class_name\": \"__keras_tensor__\", \"config\": {\"keras_history\": [\"tanh\", 0, 0]}}, "
               "{\"class_name\": \"__keras_tensor__\", \"config\": {\"keras_history\": [\"tanh\", 0, 0]}}]], "
               "\"kwargs\": {}}]}], \"output_layers\": [\"a-b\", 0, 0]}}",
               &network, &error));
    assert_string_equal(network.program, "# Keras: f\nimport std.keras\n\nmodel net {\n  input x[3]\n"
                                         "  tanh_2 = reverse keras.LSTM[1](x)\n  a_b = tanh_2 + tanh_2\n"
                                         "  # Keras gives these frames from the last to the first:\n  output a_b\n}\n");
    assert_non_null(strstr(network.note, "Keras gives them the other way round"));
}

/* Convolutions read the past, both sides, or what zeros make up for; backwards, the other side. */
static void writes_convolutions(void **state)
{
    static const struct {
        const char *layers, *words;
    } convolutions[] = {
        {CONV "\"padding\": \"causal\"}}",
         "  param it.kernel[2, 3, 2]\n  param it.bias[2]\n"
         "  it.y = relu(transpose(it.kernel[0]) @ frames[t-3] + transpose(it.kernel[1]) @ frames + it.bias)\n"},
        {CONV "\"padding\": \"same\"}}",
         "transpose(it.kernel[0]) @ frames[t-1] + transpose(it.kernel[1]) @ frames[t+2] + it.bias"},
        {"{\"class_name\": \"ZeroPadding1D\", \"config\": {\"name\": \"zeros\", \"padding\": [2, 1]}}, " CONV
         "\"padding\": \"valid\"}}",
         "transpose(it.kernel[0]) @ frames[t-2] + transpose(it.kernel[1]) @ frames[t+1] + it.bias"},
    };
    struct fixture *fixture = *state;
    struct keras_network network;
    const char *error, *path = in_folder(fixture, "w.h5"), *json = in_folder(fixture, "m.json");
    for (size_t i = 0; i < sizeof convolutions / sizeof convolutions[0]; i++) {
        const hid_t file = new_file(path);
        put_weight_3(file, "layers/conv1d/vars/0", (const hsize_t[]){2, 3, 2});
        put_weight(file, "layers/conv1d/vars/1", 2, 0, 100, H5T_IEEE_F32LE);
        H5Fclose(file);
        put_config(json, arena_printf(fixture->arena, MODEL INPUT ", %s" END, convolutions[i].layers));
        if (!keras_import(fixture->arena, path, json, &network, &error))
            fail_msg("%s", error);
        if (!strstr(network.program, convolutions[i].words))
            fail_msg("'%s' does not say '%s'", network.program, convolutions[i].words);
        assert_int_equal(network.weights[0].rank, 3);
        assert_true(network.weights[0].data[11] == 11 / 8.0);
    }
    unlink(path);
    unlink(json);
}

static void names_what_it_cannot_write(void **state)
{
    refuses(*state, "{", "m.json': its description of the model is no JSON: line 1");
    refuses(*state, "[]", "does not describe a model of Keras");
    refuses(*state, "{\"class_name\": \"Tagger\", \"config\": {}}", "it is of the class 'Tagger'");
    refuses(*state, MODEL END, "it has no layers");
    refuses(*state, MODEL INPUT ", {}" END, "one of its layers has no class, name or settings");
    refuses(*state, MODEL INPUT ", " INPUT END, "the InputLayer 'frames' has the name of a layer before it");
    refuses(*state, MODEL LSTM "\"batch_input_shape\": [null, 3]}}" END,
            "the LSTM 'encoder' has to read features at each frame, but reads ids");
    refuses(*state, MODEL LSTM "\"batch_input_shape\": [null, null, null]}}" END,
            "the LSTM 'encoder_input' has to be of shape [batch, frames, features]");
    refuses(*state, MODEL INPUT ", " LSTM "\"recurrent_activation\": \"cube\"}}" END,
            "the LSTM 'encoder' has the recurrent_activation 'cube', which rnn import does not know");
    static const struct {
        const char *class, *settings, *words;
    } layers[] = {
        {"Conv2D", "", "is of a class that rnn import does not read"},
        {"MaxPooling1D", "", "changes the number of frames, but a program gives one for each that it is given"},
        {"Lambda", "", "is of a function of one's own, which a file does not say"},
        {"RNN", "", "has a cell of its own"},
        {"MultiHeadAttention", "", "reads all frames at each, which a program does not"},
        {"Activation", ", \"activation\": {\"class_name\": \"PReLU\"}",
         "has the activation 'PReLU', which is no function of Keras"},
        {"Bidirectional", ", \"merge_mode\": null", "has a merge_mode that is none of 'concat'"},
        {"TimeDistributed", "", "does not say which 'layer' it has"},
        {"TimeDistributed", ", \"layer\": " INPUT, "the InputLayer 'frames' cannot stand in a TimeDistributed"},
        {"Softmax", ", \"axis\": 1", "works over another axis than the features"},
        {"ReLU", ", \"threshold\": 1", "has a threshold"},
        {"LayerNormalization", ", \"rms_scaling\": true", "has rms_scaling"},
        {"GlobalMaxPooling1D", ", \"keepdims\": true", "has to read frames, with channels_last and without keepdims"},
        {"Embedding", ", \"input_dim\": 5, \"output_dim\": 2", "has to read an input of ids"},
        {"Add", "", "has 1 inputs, but 2 are read"},
        {"Conv1D", ", \"filters\": 2", "needs a 'kernel_size' from 1 to 1000 and a 'dilation_rate' from 1"},
        {"Conv1D", ", \"filters\": 2, \"kernel_size\": [3], \"padding\": \"valid\"",
         "gives another number of frames than it takes: with a padding of 'causal' or 'same', or 'valid' behind a "
         "ZeroPadding1D of 2, there would be as many"},
        {"Conv1D", ", \"filters\": 2, \"kernel_size\": [3], \"strides\": [2]",
         "is only read with strides, groups and depth_multiplier of 1"},
        {"Conv1D", ", \"filters\": 2, \"kernel_size\": 3, \"data_format\": \"channels_first\"",
         "has the data_format 'channels_first', but only channels_last is read"},
        {"ZeroPadding1D", ", \"padding\": [1]", "its output 'it' has another number of frames than its input"},
        {"ZeroPadding1D", ", \"padding\": [-1, 1]", "needs a 'padding' of numbers from 0 to 1000000"},
        {"ZeroPadding1D", ", \"padding\": 1}}, {\"class_name\": \"ReLU\", \"config\": {\"name\": \"r\"",
         "the ReLU 'r' reads what a ZeroPadding1D has put zeros around"},
        {"Normalization", ", \"mean\": [0]", "has invert, or a mean and variance that are settings"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        refuses(fixture,
                arena_printf(fixture->arena,
                             MODEL INPUT ", {\"class_name\": \"%s\", \"config\": {\"name\": \"it\"%s}}" END,
                             layers[i].class, layers[i].settings),
                layers[i].words);
}

/* The numbers of the file are those that the layers have. */
static void compares_shapes(void **state)
{
    struct fixture *fixture = *state;
    struct keras_network network;
    const char *error;
    refuses(*state, MODEL INPUT ", " HEAD END,
            "the Dense 'head' has a 'layers/dense/vars/0' of [1, 2] instead of [3, 2]");
    refuses(*state, MODEL INPUT ", {\"class_name\": \"GRU\", \"config\": {\"name\": \"g\", \"units\": 4}}" END,
            "the GRU 'g' lacks the weight 'layers/gru/cell/vars/0'");
    refuses(*state, MODEL INPUT ", {\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": -1}}" END,
            "the Dense 'd' needs a 'units' of 1 or more");
    refuses(*state, MODEL INPUT ", {\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 1e99}}" END,
            "the Dense 'd' needs a 'units' of 1 or more");
    const char *path = in_folder(fixture, "w.h5"), *json = in_folder(fixture, "m.json");
    const struct {
        hid_t type;
        hsize_t rows, columns;
        const char *words;
    } wrong[] = {{H5T_STD_I8LE, 3, 2, "that is not of floats"}, {H5T_IEEE_F32LE, 6, 0, "of rank 1 instead of [3, 2]"}};
    put_config(json, MODEL INPUT ", " HEAD END);
    for (int i = 0; i < 2; i++) {
        const hid_t file = new_file(path);
        put_weight(file, "layers/dense/vars/0", wrong[i].rows, wrong[i].columns, 0, wrong[i].type);
        H5Fclose(file);
        assert_false(keras_import(fixture->arena, path, json, &network, &error));
        if (!strstr(error, wrong[i].words))
            fail_msg("'%s' does not say '%s'", error, wrong[i].words);
        unlink(path);
    }
    unlink(json);
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
    for (size_t at = 0; at < content.length; at += 61) {
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_programs),       TEST(notes_numbers_of_two_bytes), TEST(reads_whole_models),
        TEST(follows_graphs),        TEST(writes_convolutions),        TEST(names_what_it_cannot_write),
        TEST(compares_shapes),       TEST(reads_only_the_file),        TEST(reads_archives),
        TEST(refuses_damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

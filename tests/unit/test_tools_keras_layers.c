/* Layers of Keras as programs, and those that cannot be. */
#include "keras_files.h"

#include "data/array.h"

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
        assert_true(
            import_keras(fixture, arena_printf(fixture->arena, MODEL INPUT ", %s" END, layers), &network, &error));
        assert_true(types[i / 2].noted == !!network.note);
        if (network.note)
            assert_string_equal(network.note,
                                "the layers compute in numbers of two bytes in parts, the program in float");
    }
}

/* Layers by name, in both spellings of Keras: what reads what. */
static void follows_graphs(void **state)
{
    struct keras_network network;
    const char *error;
    assert_true(import_keras(
        *state,
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

#define CALL(class, config, arguments)                                                                                 \
    "{\"class_name\": \"" class "\", \"name\": \"it\", \"config\": {" config                                           \
                                "}, \"inbound_nodes\": [{\"args\": [" arguments "], \"kwargs\": {}}]}"
#define TENSOR "{\"class_name\": \"__keras_tensor__\", \"config\": {\"keras_history\": [\"x\", 0, 0]}}"
#define ALL    "{\"class_name\": \"__slice__\", \"config\": {\"start\": null, \"stop\": null, \"step\": null}}"
#define SOME   "{\"class_name\": \"__slice__\", \"config\": {\"start\": 1, \"stop\": null, \"step\": null}}"
#define REST   "{\"class_name\": \"__ellipsis__\", \"config\": {}}"

/* Layers of operations, with numbers among their arguments, as Keras 3 makes them of x * 2 and x[:, -1]. */
static void follows_operations(void **state)
{
    static const struct {
        const char *layer, *words;
        bool read;
    } operations[] = {
        {CALL("Multiply", "", TENSOR ", 2"), "  it = x * 2\n", true},
        {CALL("Subtract", "", "-1, " TENSOR), "  it = (-1) - x\n", true},
        {CALL("Maximum", "", TENSOR ", 2"), "the Maximum 'it' has 1 inputs, but 2 are read", false},
        {CALL("Multiply", "", TENSOR ", \"two\""), "the Multiply 'it' has 1 inputs, but 2 are read", false},
        {CALL("Silu", "", TENSOR), "  it = silu(x)\n", true},
        {CALL("Mean", "\"axis\": 1, \"keepdims\": false", TENSOR), "  it = mean_over_time(x)\n", true},
        {CALL("Max", "\"axis\": [1], \"keepdims\": false", TENSOR), "  it = max_over_time(x)\n", true},
        {CALL("Max", "\"axis\": 1, \"initial\": null", TENSOR), "  it = max_over_time(x)\n", true},
        {CALL("Max", "\"axis\": 1, \"initial\": 0.0", TENSOR),
         "the Max 'it' has an 'initial' value, which is not read: leave it out", false},
        {CALL("Mean", "\"axis\": -1", TENSOR), "the Mean 'it' is read over the axis of the frames only", false},
        {CALL("GetItem", "", TENSOR ", [" ALL ", -1]"), "  output it_output = last(x)\n", true},
        {CALL("GetItem", "", TENSOR ", [" ALL ", 0, " ALL "]"), "  output it_output = first(x)\n", true},
        {CALL("GetItem", "", TENSOR ", [" ALL ", -1, " REST "]"), "  output it_output = last(x)\n", true},
        {CALL("GetItem", "", TENSOR ", [" ALL ", 0, " ALL ", " REST "]"), "  output it_output = first(x)\n", true},
        {CALL("GetItem", "", TENSOR ", [" REST ", -1]"), "takes the last or the first frame", false},
        {CALL("GetItem", "", TENSOR ", [" ALL ", -1, " REST ", " ALL "]"), "takes the last or the first frame", false},
        {CALL("GetItem", "", TENSOR ", [" ALL ", -2]"), "takes the last or the first frame, x[:, -1] or x[:, 0]",
         false},
        {CALL("GetItem", "", TENSOR ", [" ALL ", -1, " SOME "]"), "takes the last or the first frame", false},
        {CALL("GetItem", "", TENSOR ", [" SOME ", -1]"), "takes the last or the first frame", false},
        {CALL("GetItem", "", TENSOR ", -1"), "takes the last or the first frame", false},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        struct keras_network network;
        const char *error;
        const char *config =
            arena_printf(fixture->arena,
                         "{\"class_name\": \"Functional\", \"config\": {\"name\": \"f\", \"layers\": [{\"class_name\": "
                         "\"InputLayer\", \"name\": \"x\", \"config\": {\"batch_shape\": [null, null, 3]}}, %s], "
                         "\"output_layers\": [\"it\", 0, 0]}}",
                         operations[i].layer);
        const bool read = import_keras(fixture, config, &network, &error);
        if (read != operations[i].read || !strstr(read ? network.program : error, operations[i].words))
            fail_msg("'%s' does not say '%s'", read ? network.program : error, operations[i].words);
    }
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
        {SEPARABLE "\"padding\": \"causal\"}}",
         "  param it.depthwise_kernel[2, 3]\n  param it.pointwise_kernel[1, 3, 2]\n  param it.bias[2]\n"
         "  it.depthwise = it.depthwise_kernel[0] * frames[t-1] + it.depthwise_kernel[1] * frames\n"
         "  it.y = relu(transpose(it.pointwise_kernel[0]) @ it.depthwise + it.bias)\n"},
    };
    struct fixture *fixture = *state;
    struct keras_network network;
    const char *error, *path = in_folder(fixture, "w.h5"), *json = in_folder(fixture, "m.json");
    for (size_t i = 0; i < sizeof convolutions / sizeof convolutions[0]; i++) {
        const hid_t file = new_file(path);
        put_weight_3(file, "layers/conv1d/vars/0", (const hsize_t[]){2, 3, 2});
        put_weight(file, "layers/conv1d/vars/1", 2, 0, 100, H5T_IEEE_F32LE);
        put_weight_3(file, "layers/separable_conv1d/vars/0", (const hsize_t[]){2, 3, 1});
        put_weight_3(file, "layers/separable_conv1d/vars/1", (const hsize_t[]){1, 3, 2});
        put_weight(file, "layers/separable_conv1d/vars/2", 2, 0, 100, H5T_IEEE_F32LE);
        H5Fclose(file);
        put_config(json, arena_printf(fixture->arena, MODEL INPUT ", %s" END, convolutions[i].layers));
        if (!keras_import(fixture->arena, path, json, &network, &error))
            fail_msg("%s", error);
        if (!strstr(network.program, convolutions[i].words))
            fail_msg("'%s' does not say '%s'", network.program, convolutions[i].words);
        assert_int_equal(network.weights[0].rank, i < 3 ? 3 : 2);
        assert_true(network.weights[0].data[5] == 5 / 8.0);
    }
    unlink(path);
    unlink(json);
}

/* Layers that are an equation, behind three features at each frame. */
static void writes_functions(void **state)
{
    static const struct {
        const char *class, *settings, *words;
    } layers[] = {
        {"PReLU", ", \"shared_axes\": [1]", "  param it.alpha[3]\n  it.y = relu(frames) + it.alpha * min(frames, 0)\n"},
        {"Rescaling", ", \"scale\": 0.5, \"offset\": -1", "  it = frames * 0.5 - 1\n"},
        {"Rescaling", ", \"scale\": 2, \"offset\": 0.0", "  it = frames * 2\n"},
        {"UnitNormalization", ", \"axis\": -1", "  it = frames / sqrt(max(sum(frames * frames), 1e-12))\n"},
        {"GlobalMaxPooling1D", "}}, {\"class_name\": \"Flatten\", \"config\": {\"name\": \"flat\"",
         "  it = max_over_time(frames)\n  output it\n"},
    };
    struct fixture *fixture = *state;
    struct keras_network network;
    const char *error, *path = in_folder(fixture, "w.h5"), *json = in_folder(fixture, "m.json");
    const hid_t file = new_file(path);
    put_weight(file, "layers/p_re_lu/vars/0", 1, 3, 0, H5T_IEEE_F32LE);
    H5Fclose(file);
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        put_config(json, arena_printf(fixture->arena,
                                      MODEL INPUT ", {\"class_name\": \"%s\", \"config\": {\"name\": \"it\"%s}}" END,
                                      layers[i].class, layers[i].settings));
        if (!keras_import(fixture->arena, path, json, &network, &error))
            fail_msg("%s", error);
        if (!strstr(network.program, layers[i].words))
            fail_msg("'%s' does not say '%s'", network.program, layers[i].words);
    }
    unlink(path);
    unlink(json);
}

static void names_what_it_cannot_write(void **state)
{
    refuses_keras(*state, "{", "m.json': its description of the model is no JSON: line 1");
    refuses_keras(*state, "[]", "does not describe a model of Keras");
    refuses_keras(*state, "{\"class_name\": \"Tagger\", \"config\": {}}", "it is of the class 'Tagger'");
    refuses_keras(*state, MODEL END, "it has no layers");
    refuses_keras(*state, MODEL INPUT ", {}" END, "one of its layers has no class, name or settings");
    refuses_keras(*state, MODEL INPUT ", " INPUT END, "the InputLayer 'frames' has the name of a layer before it");
    refuses_keras(*state, MODEL LSTM "\"batch_input_shape\": [null, 3]}}" END,
                  "the LSTM 'encoder' has to read features at each frame, but reads ids");
    refuses_keras(*state, MODEL LSTM "\"batch_input_shape\": [null, null, null]}}" END,
                  "the LSTM 'encoder_input' has to be of shape [batch, frames, features]");
    refuses_keras(*state, MODEL INPUT ", " LSTM "\"recurrent_activation\": \"cube\"}}" END,
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
        {"PReLU", ", \"shared_axes\": null", "has slopes for each frame, which a program does not know apart"},
        {"Rescaling", ", \"scale\": [1, 2]", "has a scale or an offset that is no number"},
        {"Flatten", "", "makes features of all frames, however many a program is given"},
        {"RepeatVector", ", \"n\": 3", "makes frames of what there is once for a sequence"},
        {"Permute", ", \"dims\": [2, 1]", "moves frames and features among each other"},
        {"GroupNormalization", "", "has statistics over all frames of a sequence"},
        {"Normalization", ", \"mean\": [0]", "has invert, or a mean and variance that are settings"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        refuses_keras(fixture,
                      arena_printf(fixture->arena,
                                   MODEL INPUT ", {\"class_name\": \"%s\", \"config\": {\"name\": \"it\"%s}}" END,
                                   layers[i].class, layers[i].settings),
                      layers[i].words);
}

/* A class of the user's may have the name of one of Keras's: its module tells, of a layer, within a wrapper, and of the
 * model. */
static void refuses_classes_of_others(void **state)
{
    static const struct {
        const char *module;
        bool read;
    } modules[] = {{"\"keras\"", true},
                   {"\"keras.layers\"", true},
                   {"\"keras.src.ops.nn\"", true},
                   {"\"tf_keras.src.layers\"", true},
                   {"null", false},
                   {"\"kerasish.layers\"", false},
                   {"\"layers.keras\"", false},
                   {"7", false}};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 2 * (sizeof modules / sizeof modules[0]); i++) {
        struct keras_network network;
        const char *error = "";
        const char *layer = arena_printf(fixture->arena,
                                         "{\"module\": %s, \"class_name\": \"ReLU\", \"config\": {\"name\": \"it\"}, "
                                         "\"registered_name\": \"Custom>ReLU\"}",
                                         modules[i / 2].module);
        if (i % 2)
            layer = arena_printf(fixture->arena,
                                 "{\"module\": \"keras.layers\", \"class_name\": \"TimeDistributed\", \"config\": "
                                 "{\"name\": \"each\", \"layer\": %s}}",
                                 layer);
        const bool read =
            import_keras(fixture, arena_printf(fixture->arena, MODEL INPUT ", %s" END, layer), &network, &error);
        if (read != modules[i / 2].read || (!read && !strstr(error, "the ReLU 'it' is of a class of one's own, whose "
                                                                    "code a file does not hold")))
            fail_msg("%s: %s", modules[i / 2].module, read ? network.program : error);
    }
    const char *root = "{\"module\": %s, \"class_name\": \"Sequential\", \"config\": {\"name\": \"listener\", "
                       "\"layers\": [" INPUT ", " LSTM "\"recurrent_activation\": \"hard_sigmoid\"}}, " HEAD END;
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        struct keras_network network;
        const char *error = "";
        const bool read =
            import_keras(fixture, arena_printf(fixture->arena, root, modules[i].module), &network, &error);
        if (read != modules[i].read || (!read && !strstr(error, "the model is of a class of one's own, 'Sequential', "
                                                                "whose code a file does not hold")))
            fail_msg("%s: %s", modules[i].module, read ? network.program : error);
    }
}

/* The numbers of the file are those that the layers have. */
static void compares_shapes(void **state)
{
    struct fixture *fixture = *state;
    struct keras_network network;
    const char *error;
    refuses_keras(*state, MODEL INPUT ", " HEAD END,
                  "the Dense 'head' has a 'layers/dense/vars/0' of [1, 2] instead of [3, 2]");
    refuses_keras(*state, MODEL INPUT ", {\"class_name\": \"GRU\", \"config\": {\"name\": \"g\", \"units\": 4}}" END,
                  "the GRU 'g' lacks the weight 'layers/gru/cell/vars/0'");
    refuses_keras(*state, MODEL INPUT ", {\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": -1}}" END,
                  "the Dense 'd' needs a 'units' of 1 or more");
    refuses_keras(*state,
                  MODEL INPUT ", {\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 1e99}}" END,
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(notes_numbers_of_two_bytes), TEST(follows_graphs),   TEST(follows_operations),
        TEST(writes_convolutions),        TEST(writes_functions), TEST(names_what_it_cannot_write),
        TEST(refuses_classes_of_others),  TEST(compares_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

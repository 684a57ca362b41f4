/* ONNX files, written here, as programs; those that cannot be, and those that are damaged. */
#include "tools_fixture.h"

#include "data/array.h"
#include "import/onnx.h"
#include "import/onnx.pb-c.h"

/* A model of an LSTM and what follows it; tests change parts of it. */
struct model {
    Onnx__ModelProto model;
    Onnx__OperatorSetIdProto opset, *opsets[1];
    Onnx__GraphProto graph;
    Onnx__NodeProto node[2], *nodes[2];
    Onnx__AttributeProto attribute, *attributes[1];
    Onnx__TensorProto tensor[3], *tensors[3];
    Onnx__ValueInfoProto value[2], *inputs[1], *outputs[1];
    Onnx__TypeProto type;
    Onnx__TypeProto__Tensor tensor_type;
    Onnx__TensorShapeProto shape;
    Onnx__TensorShapeProto__Dimension dimension[3], *dimensions[3];
    char *lstm_inputs[3], *lstm_outputs[2], *gemm_inputs[2], *gemm_outputs[1];
    int64_t dims[3][3];
    float numbers[3][16];
};

static void set_tensor(struct model *m, int i, char *name, int rank, int64_t a, int64_t b, int64_t c)
{
    onnx__tensor_proto__init(&m->tensor[i]);
    m->tensors[i] = &m->tensor[i];
    memcpy(m->dims[i], (int64_t[]){a, b, c}, sizeof m->dims[i]);
    for (int k = 0; k < 16; k++)
        m->numbers[i][k] = (float)(k - 5 * i) / 8;
    m->tensor[i].name = name;
    m->tensor[i].n_dims = (size_t)rank;
    m->tensor[i].dims = m->dims[i];
    m->tensor[i].has_data_type = true;
    m->tensor[i].data_type = 1;
    m->tensor[i].n_float_data = (size_t)(a * b * (rank == 3 ? c : 1));
    m->tensor[i].float_data = m->numbers[i];
}

static void set_node(struct model *m, int i, char *op, char *name, char **inputs, size_t n_input, char **outputs,
                     size_t n_output)
{
    onnx__node_proto__init(&m->node[i]);
    m->nodes[i] = &m->node[i];
    m->node[i].op_type = op;
    m->node[i].name = name;
    m->node[i].input = inputs;
    m->node[i].n_input = n_input;
    m->node[i].output = outputs;
    m->node[i].n_output = n_output;
}

static void set_values(struct model *m)
{
    static char *const names[] = {"frames", "y"};
    onnx__type_proto__init(&m->type);
    onnx__type_proto__tensor__init(&m->tensor_type);
    onnx__tensor_shape_proto__init(&m->shape);
    for (int i = 0; i < 3; i++) {
        onnx__tensor_shape_proto__dimension__init(&m->dimension[i]);
        m->dimensions[i] = &m->dimension[i];
    }
    m->dimension[2].has_dim_value = true;
    m->dimension[2].dim_value = 3;
    m->shape.n_dim = 3;
    m->shape.dim = m->dimensions;
    m->tensor_type.shape = &m->shape;
    m->type.tensor_type = &m->tensor_type;
    for (int i = 0; i < 2; i++) {
        onnx__value_info_proto__init(&m->value[i]);
        m->value[i].name = names[i];
        m->value[i].type = &m->type;
    }
    m->inputs[0] = &m->value[0];
    m->outputs[0] = &m->value[1];
}

/* y = Softplus of the last value of an LSTM of one unit over three features. */
static void set_model(struct model *m)
{
    memset(m, 0, sizeof *m);
    onnx__model_proto__init(&m->model);
    onnx__operator_set_id_proto__init(&m->opset);
    onnx__graph_proto__init(&m->graph);
    onnx__attribute_proto__init(&m->attribute);
    memcpy(m->lstm_inputs, (char *[]){"frames", "W", "R"}, sizeof m->lstm_inputs);
    memcpy(m->lstm_outputs, (char *[]){"", "h"}, sizeof m->lstm_outputs);
    memcpy(m->gemm_inputs, (char *[]){"h", "W"}, sizeof m->gemm_inputs);
    m->gemm_outputs[0] = "y";
    set_node(m, 0, "LSTM", "encoder/1", m->lstm_inputs, 3, m->lstm_outputs, 2);
    set_node(m, 1, "Softplus", "", m->gemm_inputs, 1, m->gemm_outputs, 1);
    set_tensor(m, 0, "W", 3, 1, 4, 3);
    set_tensor(m, 1, "R", 3, 1, 4, 1);
    set_values(m);
    m->attribute.name = "clip";
    m->attribute.has_f = true;
    m->attribute.f = 2.5f;
    m->attributes[0] = &m->attribute;
    m->opset.has_version = true;
    m->opset.version = 17;
    m->opsets[0] = &m->opset;
    m->model.n_opset_import = 1;
    m->model.opset_import = m->opsets;
    m->model.graph = &m->graph;
    m->graph.name = "net";
    m->graph.n_node = 2;
    m->graph.node = m->nodes;
    m->graph.n_initializer = 2;
    m->graph.initializer = m->tensors;
    m->graph.n_input = m->graph.n_output = 1;
    m->graph.input = m->inputs;
    m->graph.output = m->outputs;
}

/* Imports the first bytes of the model, or all of it where `length` is 0. */
static bool import(struct fixture *fixture, const struct model *m, size_t length, struct onnx_network *network,
                   const char **error)
{
    static uint8_t bytes[4096];
    const size_t size = onnx__model_proto__get_packed_size(&m->model);
    assert_true(size < sizeof bytes && length < size);
    onnx__model_proto__pack(&m->model, bytes);
    const char *path = put(fixture, "m.onnx", bytes, length ? length : size);
    *error = NULL;
    const bool done = onnx_import(fixture->arena, path, NULL, 0, network, error);
    unlink(path);
    assert_true(done == !*error);
    return done;
}

static void refuses(struct fixture *fixture, const struct model *m, const char *words)
{
    struct onnx_network network;
    const char *error;
    assert_false(import(fixture, m, 0, &network, &error));
    if (!strstr(error, words))
        fail_msg("'%s' does not say '%s'", error, words);
}

static void writes_programs(void **state)
{
    struct model m;
    struct onnx_network network;
    const char *error;
    set_model(&m);
    assert_true(import(*state, &m, 0, &network, &error));
    assert_string_equal(network.program, "# ONNX, opset 17\nimport std.onnx\n\nmodel net {\n"
                                         "  input frames[3]\n  encoder_1 = onnx.LSTM[1](frames)\n"
                                         "  output y = softplus(last(encoder_1))\n}\n");
    assert_int_equal(network.weight_count, 3);
    assert_string_equal(network.weights[0].name, "encoder_1.W");
    for (int i = 0; i < 12; i++)
        assert_true(network.weights[0].data[i] == i / 8.0);
    assert_string_equal(network.weights[2].name, "encoder_1.B");
    assert_int_equal(array_size(&network.weights[2]), 8);
    m.node[0].n_attribute = 1;
    m.node[0].attribute = m.attributes;
    assert_true(import(*state, &m, 0, &network, &error));
    assert_non_null(strstr(network.program, "fn encoder_1_f(v) = sigmoid(clip(v, -2.5, 2.5))\n"));
    assert_non_null(strstr(network.program, "onnx.LSTM[1, encoder_1_f, encoder_1_g, tanh](frames)"));
}

static void names_what_it_cannot_write(void **state)
{
    struct model m;
    struct onnx_network network;
    const char *error;
    set_model(&m);
    m.opset.version = 6;
    refuses(*state, &m, "is of opset 6");
    set_model(&m);
    m.node[1].op_type = "Loop";
    m.node[1].name = "again";
    refuses(*state, &m, "the Loop 'again' is of an operator that rnn import does not know");
    static const char *const reasons[][2] = {
        {"MaxPool", "the MaxPool 'again' changes the number of frames, but a program gives one for each"},
        {"InstanceNormalization", "the InstanceNormalization 'again' has statistics over all frames of a sequence"},
        {"GroupNormalization", "the GroupNormalization 'again' has statistics over all frames of a sequence"},
        {"QuantizeLinear", "the QuantizeLinear 'again' is of a quantised model: export it as it was before"},
        {"ArgMax", "the ArgMax 'again' gives ids, but outputs of a program are numbers"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        m.node[1].op_type = (char *)reasons[i][0];
        refuses(*state, &m, reasons[i][1]);
    }
    set_model(&m);
    m.gemm_inputs[0] = "y"; /* a cycle */
    refuses(*state, &m, "the Softplus 'y' reads 'y', which nothing before it gives");
    set_model(&m);
    m.node[1].op_type = "MatMul";
    m.node[1].n_input = 2;
    refuses(*state, &m, "the MatMul 'y' multiplies 'h' of 1 features with 'W' of [1, 4, 3]");
    set_model(&m);
    m.dims[1][1] = 3;
    m.tensor[1].n_float_data = 3;
    refuses(*state, &m, "the LSTM 'encoder/1' has a R of [1, 3, 1] instead of [1, 4, 1]");
    set_model(&m);
    m.node[0].n_attribute = 1;
    m.node[0].attribute = m.attributes;
    m.attribute.name = "hidden_size";
    m.attribute.has_i = true;
    m.attribute.i = 2;
    refuses(*state, &m, "the LSTM 'encoder/1' has a hidden_size of 2, but its R is for one of 1");
    m.attribute.i = 1;
    assert_true(import(*state, &m, 0, &network, &error));
    set_model(&m);
    m.outputs[0]->name = "z";
    refuses(*state, &m, "no node computes the output 'z'");
}

/* A node gives no name of an initializer, of an input, or of another node's output. */
static void refuses_names_given_twice(void **state)
{
    static char *const taken[] = {"W", "frames", "h"};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        struct model m;
        char words[120];
        set_model(&m);
        m.node[1].name = "again";
        m.gemm_outputs[0] = taken[i];
        m.gemm_inputs[0] = "frames";
        snprintf(words, sizeof words,
                 "the Softplus 'again' gives '%s', which an input, an initializer or another node "
                 "gives too: names have one value",
                 taken[i]);
        refuses(*state, &m, words);
    }
}

static void refuses_damaged_files(void **state)
{
    struct model m;
    struct onnx_network network;
    const char *error;
    set_model(&m);
    const size_t size = onnx__model_proto__get_packed_size(&m.model);
    for (size_t length = 1; length < size; length++)
        import(*state, &m, length, &network, &error); /* the file may end behind the graph, with the opset missing */
    assert_false(import(*state, &m, size / 2, &network, &error));
    m.dims[0][1] = (int64_t)1 << 40;
    refuses(*state, &m, "'W'");
    m.dims[0][1] = -4;
    refuses(*state, &m, "'W' has a shape that cannot be");
    set_model(&m);
    m.tensor[0].data_type = 99;
    refuses(*state, &m, "'W' is of type 99");
    set_model(&m);
    m.tensor[0].has_data_location = true;
    m.tensor[0].data_location = 1;
    refuses(*state, &m, "'W' has its numbers in another file, which has to be in the same folder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_programs),
        TEST(names_what_it_cannot_write),
        TEST(refuses_names_given_twice),
        TEST(refuses_damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

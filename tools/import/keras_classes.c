/* The table of Keras's layers that are read, and the wrapper of those without time. */
#include <string.h>

#include "base/arena.h"
#include "import/keras_model.h"
#include "import/reasons.h"

enum { MANY = 1000000 };

static const struct class
{
    const char *name, *group;
    keras_write *write;
    int least, most; /* inputs */
    bool each_frame; /* it has no time, and may stand in TimeDistributed */
} classes[] = {
    {"InputLayer", "input_layer", keras_input, 0, 0, false},
    {"Embedding", "embedding", keras_embedding, 1, 1, false},
    {"SimpleRNN", "simple_rnn", keras_recurrent, 1, 1, false},
    {"LSTM", "lstm", keras_recurrent, 1, 1, false},
    {"GRU", "gru", keras_recurrent, 1, 1, false},
    {"Bidirectional", "bidirectional", keras_bidirectional, 1, 1, false},
    {"TimeDistributed", "time_distributed", keras_time_distributed, 1, 1, false},
    {"Dense", "dense", keras_dense, 1, 1, true},
    {"LayerNormalization", "layer_normalization", keras_layer_normalization, 1, 1, true},
    {"RMSNormalization", "rms_normalization", keras_rms_normalization, 1, 1, true},
    {"BatchNormalization", "batch_normalization", keras_batch_normalization, 1, 1, true},
    {"Normalization", "normalization", keras_normalization, 1, 1, true},
    {"UnitNormalization", "unit_normalization", keras_unit_normalization, 1, 1, true},
    {"Rescaling", "rescaling", keras_rescaling, 1, 1, true},
    {"Conv1D", "conv1d", keras_conv, 1, 1, false},
    {"DepthwiseConv1D", "depthwise_conv1d", keras_conv, 1, 1, false},
    {"SeparableConv1D", "separable_conv1d", keras_conv, 1, 1, false},
    {"ZeroPadding1D", "zero_padding1d", keras_zero_padding, 1, 1, false},
    {"Activation", "activation", keras_activation, 1, 1, true},
    {"ReLU", "re_lu", keras_relu, 1, 1, true},
    {"LeakyReLU", "leaky_re_lu", keras_slope, 1, 1, true},
    {"ELU", "elu", keras_slope, 1, 1, true},
    {"PReLU", "p_re_lu", keras_prelu, 1, 1, true},
    {"Softmax", "softmax", keras_softmax, 1, 1, true},
    {"Flatten", "flatten", keras_flatten, 1, 1, true},
    {"Dropout", "dropout", keras_nothing, 1, 1, true},
    {"SpatialDropout1D", "spatial_dropout1d", keras_nothing, 1, 1, false},
    {"AlphaDropout", "alpha_dropout", keras_nothing, 1, 1, true},
    {"GaussianDropout", "gaussian_dropout", keras_nothing, 1, 1, true},
    {"GaussianNoise", "gaussian_noise", keras_nothing, 1, 1, true},
    {"ActivityRegularization", "activity_regularization", keras_nothing, 1, 1, true},
    {"Identity", "identity", keras_nothing, 1, 1, true},
    {"Masking", "masking", keras_mask, 1, 1, false},
    {"NotEqual", "not_equal", keras_mask, 1, 1, false}, /* the mask of an Embedding or a Masking */
    {"Add", "add", keras_merge, 1, MANY, false},
    {"Subtract", "subtract", keras_merge, 1, 2, false},
    {"Multiply", "multiply", keras_merge, 1, MANY, false},
    {"Average", "average", keras_merge, 2, MANY, false},
    {"Maximum", "maximum", keras_merge, 2, MANY, false},
    {"Minimum", "minimum", keras_merge, 2, MANY, false},
    {"Concatenate", "concatenate", keras_merge, 2, MANY, false},
    {"GlobalAveragePooling1D", "global_average_pooling1d", keras_pooling, 1, 1, false},
    {"GlobalMaxPooling1D", "global_max_pooling1d", keras_pooling, 1, 1, false},
    /* operations that Keras 3 makes layers of: keras.ops.mean(x, axis=1), x[:, -1] */
    {"Mean", "mean", keras_pooling, 1, 1, false},
    {"Max", "max", keras_pooling, 1, 1, false},
    {"GetItem", "get_item", keras_item, 1, 1, false},
    {"Relu", "relu", keras_operation, 1, 1, false},
    {"Tanh", "tanh", keras_operation, 1, 1, false},
    {"Sigmoid", "sigmoid", keras_operation, 1, 1, false},
    {"Silu", "silu", keras_operation, 1, 1, false},
    {"Softplus", "softplus", keras_operation, 1, 1, false},
    {"Exp", "exp", keras_operation, 1, 1, false},
};

#define ATTENTION "reads all frames at each, which a program does not"
#define AXES      "moves frames and features among each other, but a program has features at each frame"

/* Why classes that models have next to recurrent ones cannot be imported. */
static const struct reason {
    const char *class, *why;
} reasons[] = {
    {"MaxPooling1D", IMPORT_CHANGES_RATE},
    {"AveragePooling1D", IMPORT_CHANGES_RATE},
    {"UpSampling1D", IMPORT_CHANGES_RATE},
    {"Cropping1D", IMPORT_CHANGES_RATE},
    {"Conv1DTranspose", IMPORT_CHANGES_RATE},
    {"Lambda", "is of a function of one's own, which a file does not say: build the model of layers that do"},
    {"RNN", "has a cell of its own: of recurrent layers, LSTM, GRU and SimpleRNN are read"},
    {"ConvLSTM1D", "has a cell of its own: of recurrent layers, LSTM, GRU and SimpleRNN are read"},
    {"MultiHeadAttention", ATTENTION},
    {"GroupQueryAttention", ATTENTION},
    {"Attention", ATTENTION},
    {"AdditiveAttention", ATTENTION},
    {"GroupNormalization", IMPORT_WHOLE_STATISTICS},
    {"RepeatVector", "makes frames of what there is once for a sequence, but a program gives one for each that it is "
                     "given"},
    {"Reshape", AXES},
    {"Permute", AXES},
    {"Dot", "multiplies values of all frames with each other, which a program does not"},
};

bool keras_find_class(struct keras_model *model, const struct keras_layer *layer, bool in_wrapper, keras_write **write,
                      const char **group)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        const struct class *class = &classes[i];
        if (strcmp(class->name, layer->class) != 0)
            continue;
        if (in_wrapper && !class->each_frame)
            return keras_error(model, layer,
                               "cannot stand in a TimeDistributed: of its layers, those without time are read");
        if (layer->input_count < class->least || layer->input_count > class->most)
            return keras_error(model, layer, "has %d inputs, but %d are read", layer->input_count,
                               layer->input_count < class->least ? class->least : class->most);
        *write = class->write;
        *group = class->group;
        return true;
    }
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(reasons[i].class, layer->class) == 0)
            return keras_error(model, layer, "%s", reasons[i].why);
    return keras_error(model, layer, "is of a class that rnn import does not read");
}

bool keras_time_distributed(struct keras_model *model, struct keras_layer *layer, struct keras_value *value)
{
    struct keras_layer inner;
    keras_write *write;
    const char *group;
    if (!keras_inner(model, layer, "layer", &inner) || !keras_find_class(model, &inner, true, &write, &group))
        return false;
    if (layer->inputs[0]->kind != KERAS_FRAMES)
        return keras_error(model, layer, "has to read frames of features");
    inner.equation = arena_printf(model->arena, "%s.%s", layer->equation, import_plain_name(model->arena, inner.name));
    inner.part = "layer/";
    return write(model, &inner, value);
}

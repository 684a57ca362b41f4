/* A network of Keras on its way to a program: layers, what they give, and their settings. */
#ifndef RNN_TOOLS_IMPORT_KERAS_MODEL_H
#define RNN_TOOLS_IMPORT_KERAS_MODEL_H

#include <jansson.h>

#include "base/map.h"
#include "base/text.h"
#include "data/array.h"
#include "import/keras.h"
#include "import/names.h"

struct keras_weights;

enum { KERAS_MOST_FEATURES = 100000000 };

/* What a layer gives. */
struct keras_value {
    enum keras_kind {
        KERAS_IDS,    /* an id at each frame: of an input */
        KERAS_FRAMES, /* features at each frame */
        KERAS_WHOLE,  /* features of the sequence */
        KERAS_MASK    /* which frames are padding */
    } kind;
    const char *expression; /* in the program */
    long size;              /* features; of ids: how many there are, 0 while no layer has said */
    long before, behind;    /* zeros around the frames, of a ZeroPadding1D, which a Conv1D takes away */
    bool named;             /* it is that of an equation */
    bool backwards;         /* Keras has the frames from the last to the first */
};

struct keras_layer {
    const char *class, *name; /* in the file */
    const json_t *config;
    struct keras_value **inputs;
    int input_count;
    const char *equation;    /* its name in the program */
    const char *group;       /* of its weights, see keras_weights.h */
    const char *outer;       /* the name of the layer of the model: its own, or that of the wrapper around it */
    const char *part;        /* of a layer within a wrapper: "layer/", else "" */
    int before;              /* weights of the wrapper before those of this layer */
    const json_t *arguments; /* of its call in Keras 3, tensors and others; NULL in a Sequential model */
};

struct keras_model {
    struct arena *arena;
    const char *path;
    const char **error;
    struct keras_weights *weights;
    int version; /* 2 or 3 */
    struct import_names names;
    struct map values; /* of layers, by name */
    struct map groups; /* counts of layers, by class */
    struct text inputs, equations;
    struct map arrays; /* by name in the program */
    bool masks, flips; /* there is padding that a layer leaves out; an output has its frames the other way round */
    bool halves;       /* a layer computes in numbers of two bytes */
};

/* Sets the error and returns false. */
bool keras_error(struct keras_model *model, const struct keras_layer *layer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- settings ---- */

bool keras_flag(const struct keras_layer *layer, const char *key, bool otherwise);
double keras_number(const struct keras_layer *layer, const char *key, double otherwise);
const char *keras_text(const struct keras_layer *layer, const char *key); /* NULL: none */
bool keras_size(struct keras_model *model, const struct keras_layer *layer, const char *key, long *size);

/* Notes whether a layer with these settings computes in numbers of two bytes. */
void keras_note_type(struct keras_model *model, const json_t *config);

/* The function under a key, as the program calls it; "keras.linear" for none. */
bool keras_function(struct keras_model *model, const struct keras_layer *layer, const char *key, const char **function);

/* False if the object of a layer or a model says that its class is none of Keras's. */
bool keras_has_class(const json_t *object);

/* False, with an error, if the object that a layer is of says that its class is none of Keras's. */
bool keras_check_class(struct keras_model *model, const struct keras_layer *layer, const json_t *object);

/* The layer within a wrapper; false, with an error, if there is none of Keras's under this key. */
bool keras_inner(struct keras_model *model, const struct keras_layer *layer, const char *key,
                 struct keras_layer *inner);

/* ---- weights ---- */

/* Adds weight i of the layer, of [rows, columns], or [rows] where columns is 0, as `name`. */
bool keras_take(struct keras_model *model, const struct keras_layer *layer, int i, const char *name, long rows,
                long columns);
bool keras_take_shape(struct keras_model *model, const struct keras_layer *layer, int i, const char *name, int rank,
                      const long *shape);

/* ---- values ---- */

/* The layer gives what it takes, but as `name` and of this size. */
void keras_give(const struct keras_layer *layer, struct keras_value *value, const char *name, long size);

/* False, with an error, if an input has no features; if the layer's axis is not that of the features. */
bool keras_check_features(struct keras_model *model, const struct keras_layer *layer);
bool keras_check_axis(struct keras_model *model, const struct keras_layer *layer);

/* ---- layers ---- */

/* name = text, where $ is the input and A a number */
bool keras_write_function(struct keras_model *model, struct keras_layer *layer, const char *text, double number,
                          struct keras_value *value);

/* Writes the layer's equations and sets what it gives. Layers without time take features of frames and of sequences. */
typedef bool keras_write(struct keras_model *model, struct keras_layer *layer, struct keras_value *value);

keras_write keras_input, keras_embedding, keras_recurrent, keras_bidirectional, keras_time_distributed, keras_dense,
    keras_layer_normalization, keras_rms_normalization, keras_batch_normalization, keras_normalization, keras_conv,
    keras_zero_padding, keras_activation, keras_relu, keras_slope, keras_prelu, keras_softmax, keras_unit_normalization,
    keras_rescaling, keras_flatten, keras_nothing, keras_mask, keras_merge, keras_pooling, keras_operation, keras_item;

/* An input of this shape, which begins with the batch. */
bool keras_input_of_shape(struct keras_model *model, const struct keras_layer *layer, const json_t *shape,
                          struct keras_value *value);

/* Finds what writes a layer and the name of its group. False, with an error, if there is none, or if its inputs are too
 * few or too many. In TimeDistributed a layer has to be without time. */
bool keras_find_class(struct keras_model *model, const struct keras_layer *layer, bool in_wrapper, keras_write **write,
                      const char **group);

/* Writes all layers and outputs of a Sequential or Functional model. */
bool keras_write_layers(struct keras_model *model, const char *class, const json_t *config);

#endif

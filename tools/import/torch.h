/* Modules of PyTorch, found in a state_dict by the names and shapes of its tensors, as programs of rnnc: a recurrent
 * layer, or a chain of modules.
 * Names and layouts: "Variables" in https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html, and in those of GRU
 * and RNN. */
#ifndef RNN_TOOLS_IMPORT_TORCH_H
#define RNN_TOOLS_IMPORT_TORCH_H

#include <stdbool.h>

struct arena;
struct array;

/* What the user says of the modules; NULL: it follows from the file. */
struct torch_choice {
    const char *as;     /* "lstm", "gru", "rnn_tanh" or "rnn_relu" */
    const char *prefix; /* "encoder.lstm"; "": tensors have no prefix */
    const char *chain;  /* "embedding,lstm,last,head": modules and functions, in the order in which they are called */
};

struct torch_network {
    const char *program;
    struct array *weights; /* the layer's tensors, under the program's names */
    int weight_count;
    int left_out;             /* tensors of the file that are not the program's */
    const char *left_modules; /* "'embedding', 'head'": those that have them, or "" */
    const char *notes;        /* lines on what modules were taken for, or "" */
};

/* False, with a sentence that names the file, if it has no such layer, several, or one that is not whole. */
bool torch_import(struct arena *arena, const char *path, const struct torch_choice *choice,
                  struct torch_network *network, const char **error);

/* True for the kinds that `as` may be. */
bool torch_has_kind(const char *as);

#endif

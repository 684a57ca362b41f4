/* A program for modules of PyTorch in the making: each reads what the one before it gives. */
#ifndef RNN_TOOLS_IMPORT_TORCH_PROGRAM_H
#define RNN_TOOLS_IMPORT_TORCH_PROGRAM_H

#include "base/text.h"
#include "data/array.h"
#include "import/torch.h"

struct torch_program {
    struct arena *arena;
    const char *path;
    const struct array *arrays; /* of the file */
    int array_count;
    const char *as; /* struct torch_choice */
    const char **error;
    struct torch_network *network;
    struct text cells, equations;
    int cell_count;         /* cells of its own, but the first */
    struct text notes;      /* on modules whose tensors those of another kind have too */
    struct text modules;    /* as they were made in PyTorch, a line each */
    const char *module;     /* the last of them */
    const char *input;      /* "x[40]" */
    const char *expression; /* of what the last module gives */
    const char *before;     /* its name, for messages; NULL: there is none yet */
    long size;              /* its features */
    bool whole;             /* one value for each sequence, not for each frame */
};

struct torch_module {
    const char *prefix;  /* of its tensors, with a dot, or "" */
    const char *name;    /* of its equation */
    const char *options; /* what --chain says of it behind its name: "linear", "causal:dilation=2", or "" */
};

/* Sets the error, the path with these words behind it, and returns false. */
bool torch_error(struct torch_program *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The module's tensor of this name, or NULL. */
const struct array *torch_find(const struct torch_program *program, const struct torch_module *module,
                               const char *name);

/* Adds the module's tensor to the weights, if it is of [rows, columns], or of [rows] where columns is 0. */
bool torch_take(struct torch_program *program, const struct torch_module *module, const char *name, long rows,
                long columns);

/* The same, of a tensor of this rank and shape. */
bool torch_take_shape(struct torch_program *program, const struct torch_module *module, const char *name, int rank,
                      const long *shape);

/* The module reads features of frames: those of the network's input, if it is the first. */
bool torch_enter(struct torch_program *program, const struct torch_module *module, long features, bool frames);

/* The module gives `size` features, under its name or a longer one. `format` is how PyTorch makes it. */
void torch_give(struct torch_program *program, const struct torch_module *module, const char *expression, long size,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Notes what the module, whose tensors leave that open, is taken for, and what it may be. */
void torch_note(struct torch_program *program, const struct torch_module *module, const char *taken, const char *other);

/* What the recurrent kind is called where. */
struct torch_kind {
    const char *as;      /* of the command line */
    const char *module;  /* in torch.nn, and of its cells in std.torch */
    const char *cell;    /* one direction of one layer, in std.torch */
    const char *option;  /* of both cells, behind the units */
    const char *keyword; /* in the call of torch.nn */
    int gates;
};

/* The kind of W_ih and W_hh, for `units` units; NULL, with an error, if there is none or it is not said. */
const struct torch_kind *torch_find_kind(struct torch_program *program, const struct array *W, const struct array *U,
                                         long units);

bool torch_recurrent(struct torch_program *program, struct torch_module *module); /* nn.LSTM, nn.GRU, nn.RNN */

/* nn.Conv1d with this weight, of rank 3 */
bool torch_conv(struct torch_program *program, struct torch_module *module, const struct array *weight);

/* A module of another kind, by its tensors: nn.LSTMCell, nn.GRUCell, nn.RNNCell, nn.Linear, nn.Embedding, nn.LayerNorm,
 * nn.BatchNorm1d, nn.Conv1d. */
bool torch_other(struct torch_program *program, struct torch_module *module);

#endif

/* rnn import: weights of other systems, as a program with a weights file. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "command/argument.h"
#include "command/commands.h"
#include "data/array.h"
#include "data/file.h"
#include "import/keras.h"
#include "import/onnx.h"
#include "import/torch.h"
#include "import/weights.h"

static const char documentation[] =
    "Write a program, and its weights, for a network in an .onnx file or in a .keras or .h5 file of Keras, or for "
    "modules of PyTorch: nn.LSTM, nn.GRU or nn.RNN, of any number of layers, in one direction or both, with or "
    "without biases, with proj_size, or one of their cells, and what stands before and behind it.\v"
    "Of an .onnx file, the program has the whole graph: LSTM, GRU and RNN, and what stands around them where the "
    "language has it; else the node is named. --check compares the program with reference data.\n\n"
    "Of a file of Keras, it has the whole Sequential or Functional model: a .keras or .h5 file that model.save wrote, "
    "or a .weights.h5 file with --config for what model.to_json() gives. A layer that the language does not have is "
    "named.\n\n"
    "A state_dict is a .safetensors file, in Python:\n\n"
    "  from safetensors.torch import save_file\n"
    "  save_file(module.state_dict(), \"weights.safetensors\")\n\n"
    "What the layer is follows from the names and shapes there, but not the function of an RNN. The program's input is "
    "the layer's, and its output that of the last layer at each frame. Where the file has other modules too, --chain "
    "names them (nn.Embedding, nn.Linear, nn.Conv1d, nn.LayerNorm, nn.BatchNorm1d), or --prefix chooses the layer; "
    "tensors that are left out then are named.\n\n"
    "Weights that are not finite are warned of, and written all the same.\n\n"
    "Exit status: 0 done, 1 the file is wrong or nothing can be written, 2 the command line is wrong.";

enum { KEY_CHECK = 256, KEY_TOLERANCE };

static const struct argp_option options_table[] = {
    {"as", 'a', "KIND", 0, "What it is: torch:lstm, torch:gru, torch:rnn_tanh or torch:rnn_relu", 0},
    {"prefix", 'p', "NAME", 0, "This layer alone, such as encoder.lstm; '' is one without a name", 0},
    {"chain", 'C', "NAMES", 0,
     "Modules in the order in which they are called, and functions between them: embedding,lstm,last,head,softmax. "
     "A first module without bias is nn.Embedding, or nn.Linear as NAME:linear. Behind an nn.Conv1d stands what the "
     "file does not tell: NAME:causal, NAME:same or NAME:padding=N, and :dilation=N, :groups=N",
     0},
    {"config", 'c', "FILE.json", 0, "What model.to_json() gives, for weights of Keras without their model", 0},
    {NULL, 'o', "FILE.rnn", 0, "Write the program here", 0},
    {"weights", 'w', "FILE.safetensors", 0, "Write the weights here", 0},
    {"check", KEY_CHECK, "FOLDER", OPTION_ARG_OPTIONAL,
     "Run the reference data of an .onnx file through the program: each test_data_set_* beside the file, or in FOLDER, "
     "with input_0.pb .. and output_0.pb ..; -o and -w may be left out",
     0},
    {"tolerance", KEY_TOLERANCE, "X", 0, "How far outputs may be apart then, relative to those above 1 (default 1e-5)",
     0},
    {0},
};

struct import_options {
    struct arena *arena;
    const char *input, *config, *output, *weights;
    struct torch_choice choice;
    bool checks;
    struct onnx_check check;
};

static void check_options(struct import_options *options, struct argp_state *state)
{
    if (!options->input)
        argp_error(state, "which file? give an .onnx, .keras, .h5 or .safetensors file");
    const bool writes = options->output || options->weights || !options->checks;
    if (options->check.tolerance >= 0 && !options->checks)
        argp_error(state, "--tolerance needs --check");
    if (options->check.tolerance < 0)
        options->check.tolerance = 1e-5;
    if (writes && (!options->output || !options->weights))
        argp_error(state, "it writes a program and its weights: give -o FILE.rnn and -w FILE.safetensors");
    struct argument_files files = {.arena = options->arena};
    argument_reads(&files, "the imported file", options->input);
    if (options->config)
        argument_reads(&files, "--config", options->config);
    if (!writes)
        return;
    argument_writes(&files, "-o", options->output, state);
    argument_writes(&files, "--weights", options->weights, state);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct import_options *options = state->input;
    switch (key) {
    case 'a':
        if (strncmp(argument, "torch:", 6) != 0 || !torch_has_kind(argument + 6))
            argp_error(state,
                       "--as: there is no '%s'; there are torch:lstm, torch:gru, torch:rnn_tanh and torch:rnn_relu",
                       argument);
        options->choice.as = argument + 6;
        return 0;
    case 'p':
        options->choice.prefix = argument;
        return 0;
    case 'C':
        options->choice.chain = argument;
        return 0;
    case 'c':
        options->config = argument;
        return 0;
    case KEY_CHECK:
        options->checks = true;
        options->check.folder = argument;
        return 0;
    case KEY_TOLERANCE:
        options->check.tolerance = argument_non_negative(state, "--tolerance", argument);
        return 0;
    case 'o':
        options->output = argument;
        return 0;
    case 'w':
        options->weights = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (options->input)
            argp_error(state, "it takes one file, so not '%s' too", argument);
        options->input = argument;
        return 0;
    case ARGP_KEY_END:
        check_options(options, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool ends(const char *path, const char *ending)
{
    const size_t length = strlen(path), end = strlen(ending);
    return length >= end && strcmp(path + length - end, ending) == 0;
}

/* What was read, of any system. */
struct imported {
    const char *program;
    const struct array *weights;
    int weight_count;
    const char *note; /* for the user, lines, or NULL */
};

static bool import_onnx(struct arena *arena, const char *path, struct imported *imported, const char **error)
{
    struct onnx_network network;
    if (!onnx_import(arena, path, NULL, 0, &network, error))
        return false;
    *imported = (struct imported){network.program, network.weights, network.weight_count, network.note};
    return true;
}

static bool import_keras(struct arena *arena, const char *path, const char *config, struct imported *imported,
                         const char **error)
{
    struct keras_network network;
    if (!keras_import(arena, path, config, &network, error))
        return false;
    *imported = (struct imported){network.program, network.weights, network.weight_count, network.note};
    return true;
}

static bool import_torch(struct arena *arena, const char *path, const struct torch_choice *choice,
                         struct imported *imported, const char **error)
{
    struct torch_network network;
    if (!torch_import(arena, path, choice, &network, error))
        return false;
    *imported = (struct imported){network.program, network.weights, network.weight_count, NULL};
    const char *of = *network.left_modules ? arena_printf(arena, ", those of %s", network.left_modules) : "";
    if (*network.notes)
        imported->note = network.notes;
    if (network.left_out)
        imported->note =
            arena_printf(arena, "%s%s%d other tensor%s of '%s' left out%s", network.notes, *network.notes ? "\n" : "",
                         network.left_out, network.left_out == 1 ? "" : "s", path, of);
    return true;
}

static bool import_any(struct arena *arena, const struct import_options *options, struct imported *imported,
                       const char **error)
{
    const char *path = options->input;
    const bool torch = ends(path, ".safetensors"), onnx = ends(path, ".onnx");
    const bool keras = ends(path, ".keras") || ends(path, ".h5") || ends(path, ".hdf5");
    if (!torch && !onnx && !keras)
        *error =
            arena_printf(arena,
                         "'%s' is neither an .onnx nor a .keras, .h5 or .safetensors file; of a module of PyTorch, "
                         "Python writes one:\n"
                         "  from safetensors.torch import save_file\n"
                         "  save_file(module.state_dict(), \"weights.safetensors\")",
                         path);
    else if (!torch && (options->choice.as || options->choice.prefix || options->choice.chain))
        *error = arena_printf(arena, "--as, --prefix and --chain are for state_dicts of PyTorch; %s says what it has",
                              onnx ? "an .onnx file" : "a file of Keras");
    else if (options->choice.prefix && options->choice.chain)
        *error = "--chain names modules by themselves: leave out --prefix";
    else if (!keras && options->config)
        *error = "--config is for weights of Keras, in an .h5 file";
    else if (!onnx && options->checks)
        *error = arena_printf(arena, "'%s': --check is for .onnx files, which have reference data", path);
    else if (options->weights && !ends(options->weights, ".safetensors"))
        *error = arena_printf(arena, "'%s': weights go into a .safetensors file", options->weights);
    else if (torch)
        return import_torch(arena, path, &options->choice, imported, error);
    else if (onnx)
        return import_onnx(arena, path, imported, error);
    else
        return import_keras(arena, path, options->config, imported, error);
    return false;
}

struct pair {
    struct arena *arena;
    const struct import_options *options;
    const struct imported *imported;
};

static bool write_weights(void *to, const char **error)
{
    const struct pair *pair = to;
    return arrays_write(pair->arena, pair->options->weights, pair->imported->weights, pair->imported->weight_count,
                        error);
}

static void print_lines(const char *kind, const char *lines)
{
    for (size_t length; lines && *lines; lines += length + (lines[length] == '\n')) {
        length = strcspn(lines, "\n");
        fprintf(stderr, "rnn: %s: %.*s\n", kind, (int)length, lines);
    }
}

static void print_notes(struct arena *arena, const struct imported *imported)
{
    print_lines("warning", import_infinite_weights(arena, imported->weights, imported->weight_count));
    print_lines("note", import_rounded_weights(arena, imported->weights, imported->weight_count));
    print_lines("note", imported->note);
}

static bool import(struct arena *arena, const struct import_options *options, const char **error)
{
    struct imported imported = {0};
    struct pair pair = {arena, options, &imported}; /* both are written, or neither */
    if (!options->output && ends(options->input, ".onnx"))
        return onnx_check(arena, options->input, &options->check, error);
    if (!import_any(arena, options, &imported, error) ||
        !file_write_after(arena, options->output, imported.program, strlen(imported.program), write_weights, &pair,
                          error))
        return false;
    print_notes(arena, &imported);
    return !options->checks || onnx_check(arena, options->input, &options->check, error);
}

int command_import(int argc, char **argv)
{
    const struct argp argp = {
        .options = options_table, .parser = parse_option, .args_doc = "FILE", .doc = documentation};
    struct arena *arena = arena_new();
    struct import_options options = {.arena = arena, .check.tolerance = -1};
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    const char *error = NULL;
    const bool done = import(arena, &options, &error);
    const int status = done ? 0 : print_error(error);
    arena_free(arena);
    return status;
}

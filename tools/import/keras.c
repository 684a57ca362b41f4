#include "import/keras.h"

#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "data/file.h"
#include "data/zip.h"
#include "import/keras_model.h"
#include "import/keras_weights.h"
#include "import/trial.h"

/* What files hold. */
struct content {
    const char *config_path;
    const char *config;  /* what the layers are, in JSON */
    const char *version; /* of Keras, or NULL */
    struct text weights; /* an HDF5 file */
};

static bool read_archive(struct arena *arena, const char *path, struct content *content, const char **error)
{
    struct zip zip;
    struct text config, metadata;
    if (!zip_open(arena, path, "a .keras file as model.save writes it", &zip, error))
        return false;
    const struct zip_member *about = zip_find(&zip, "metadata.json"), *layers = zip_find(&zip, "config.json");
    const struct zip_member *weights = zip_find(&zip, "model.weights.h5");
    if (!layers || !weights) {
        *error = arena_printf(arena, "'%s' is not a .keras file as model.save writes it: it lacks '%s'", path,
                              layers ? "model.weights.h5" : "config.json");
        return false;
    }
    if (!zip_read(&zip, layers, &config, error) || !zip_read(&zip, weights, &content->weights, error) ||
        (about && !zip_read(&zip, about, &metadata, error)))
        return false;
    content->config = arena_copy_string(arena, config.length ? config.data : "", config.length);
    json_t *root = about ? json_loadb(metadata.data, metadata.length, 0, NULL) : NULL;
    const char *version = json_string_value(json_object_get(root, "keras_version"));
    content->version = version ? arena_printf(arena, "%s", version) : NULL;
    json_decref(root);
    return true;
}

static bool is_archive(const char *path)
{
    const size_t length = strlen(path);
    return length > 6 && strcmp(path + length - 6, ".keras") == 0;
}

/* Reads what the files hold and opens the weights. */
static bool open_files(struct arena *arena, const char *path, const char *config, struct content *content,
                       struct keras_weights **weights, const char **error)
{
    struct text text;
    *content = (struct content){.config_path = config ? config : path};
    if (!(is_archive(path) ? read_archive(arena, path, content, error)
                           : file_read(arena, path, &content->weights, error)) ||
        !keras_weights_open(arena, path, &content->weights, weights, error))
        return false;
    if (!content->version)
        content->version = keras_weights_text(*weights, "keras_version");
    if (config) {
        if (!file_read(arena, config, &text, error))
            return false;
        content->config = text.length ? text.data : "";
    } else if (!content->config) {
        content->config = keras_weights_text(*weights, "model_config");
    }
    if (content->config)
        return true;
    *error = arena_printf(arena,
                          "'%s' has weights, but does not say what the layers are: give --config with a file that has "
                          "what model.to_json() gives, or save the whole model with model.save(\"model.keras\")",
                          path);
    return false;
}

static const char *program_of(const struct keras_model *model, const char *name, const char *version)
{
    return arena_printf(
        model->arena, "# Keras%s%s: %s\nimport std.keras\n\nmodel net {\n%s%s%s}\n", version ? " " : "",
        version ? import_line(model->arena, version) : "", import_plain_name(model->arena, name), model->inputs.data,
        model->masks ? "  # Frames that a mask leaves out are not given: the lengths of a call say where "
                       "sequences end.\n"
                     : "",
        model->equations.data);
}

static const char *note_of(const struct keras_model *model)
{
    const char *const notes[] = {
        model->masks
            ? "frames that a mask leaves out are not to be given: the lengths of a call say where sequences end"
            : NULL,
        model->flips ? "an output has its frames from the first to the last; Keras gives them the other way round"
                     : NULL,
        model->halves ? "the layers compute in numbers of two bytes in parts, the program in float" : NULL,
    };
    struct text note;
    text_init(&note, model->arena);
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
        if (notes[i])
            text_printf(&note, "%s%s", note.length ? "; " : "", notes[i]);
    return note.length ? note.data : NULL;
}

static bool write_network(struct keras_model *model, const json_t *root, const char *version,
                          struct keras_network *network)
{
    const json_t *config = json_object_get(root, "config");
    const char *class = json_string_value(json_object_get(root, "class_name"));
    const char *name = json_string_value(json_object_get(config, "name"));
    struct arena *arena = model->arena;
    if (!class || !config) {
        *model->error = arena_printf(arena, "'%s' does not describe a model of Keras", model->path);
        return false;
    }
    if (!keras_has_class(root)) {
        *model->error =
            arena_printf(arena,
                         "'%s': the model is of a class of one's own, '%s', whose code a file does not hold: "
                         "save it as keras.Sequential or keras.Model makes it",
                         model->path, import_line(arena, class));
        return false;
    }
    if (!version)
        version = json_string_value(json_object_get(root, "keras_version"));
    model->version = version && (*version == '1' || *version == '2') ? 2 : 3;
    import_names_init(&model->names, arena, "keras");
    map_init(&model->values, arena);
    map_init(&model->groups, arena);
    map_init(&model->arrays, arena);
    text_init(&model->inputs, arena);
    text_init(&model->equations, arena);
    text_puts(&model->inputs, "");
    text_puts(&model->equations, "");
    if (!keras_write_layers(model, class, config))
        return false;
    network->program = program_of(model, name ? name : class, version);
    network->note = note_of(model);
    network->weights = ARENA_ARRAY(arena, struct array, model->arrays.count + 1);
    for (int i = 0; i < model->arrays.count; i++)
        network->weights[network->weight_count++] = *(const struct array *)model->arrays.entries[i].value;
    return true;
}

static bool import_files(struct arena *arena, const char *path, const char *config, struct keras_network *network,
                         const char **error)
{
    struct keras_model model = {.arena = arena, .path = path, .error = error};
    struct content content;
    json_error_t problem;
    json_t *root = NULL;
    *network = (struct keras_network){.program = NULL};
    bool done = open_files(arena, path, config, &content, &model.weights, error);
    if (done) {
        root = json_loads(content.config, 0, &problem);
        if (!root)
            *error = arena_printf(arena, "'%s': its description of the model is no JSON: line %d: %s",
                                  content.config_path, problem.line, problem.text);
        done = root && write_network(&model, root, content.version, network);
    }
    if (!done && keras_weights_starved(model.weights)) /* what HDF5 did not read is not damaged for that */
        *error = import_memory_error(arena, path);
    json_decref(root);
    keras_weights_close(model.weights);
    return done;
}

/* Bytes of a file, or of all that an archive holds, where they can be as many: those that deflate packs become 1032
 * times fewer at most (https://zlib.net/zlib_tech.html). 0: not known. */
static long unpacked_size(const char *path)
{
    enum { MOST_PACKED = 1032 };
    struct stat status;
    struct zip zip;
    const char *error;
    const long size = stat(path, &status) == 0 && status.st_size < 1L << 40 ? (long)status.st_size : 0;
    long unpacked = 0;
    if (!is_archive(path))
        return size;
    struct arena *arena = arena_new();
    if (zip_open(arena, path, "a .keras file as model.save writes it", &zip, &error))
        for (int i = 0; i < zip.count; i++)
            unpacked += (long)zip.members[i].size;
    arena_free(arena);
    return unpacked < size ? size : unpacked / MOST_PACKED > size ? size * MOST_PACKED : unpacked;
}

struct attempt {
    struct arena *arena;
    const char *path, *config;
};

static const char *attempt_import(void *context)
{
    const struct attempt *attempt = context;
    struct keras_network network;
    const char *error = NULL;
    import_files(attempt->arena, attempt->path, attempt->config, &network, &error);
    return error;
}

/* HDF5 trusts some numbers of a file, such as where in a heap a text lies and how long it is: over those that are
 * damaged it crashes, or takes gigabytes. https://github.com/HDFGroup/hdf5/issues/5193 */
bool keras_import(struct arena *arena, const char *path, const char *config, struct keras_network *network,
                  const char **error)
{
    enum { SECONDS = 2, BYTES_A_SECOND = 1 << 24, BYTES = 1 << 29, COPIES = 24 };
    struct attempt attempt = {arena, path, config};
    const long size = unpacked_size(path);
    const struct import_limits limits = {SECONDS + size / BYTES_A_SECOND, BYTES + COPIES * size};
    *network = (struct keras_network){.program = NULL};
    return import_try(arena, path, attempt_import, &attempt, &limits, error) &&
           import_files(arena, path, config, network, error);
}

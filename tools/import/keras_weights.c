#include "import/keras_weights.h"

#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "data/array.h"
#include "import/hdf5_library.h"

struct keras_weights {
    struct arena *arena;
    struct hdf5 hdf5;
    hid_t file;
    const char *root; /* "layers", "model_weights" or "" */
    bool by_group;    /* as in Keras 3 */
    size_t length;    /* of the file */
    bool starved;     /* HDF5 got no memory for something */
};

enum { READ_ONLY = 0 }; /* H5F_ACC_RDONLY, a macro that calls the library */
enum { MOST_TEXT = 1 << 28, MOST_TEXTS = 1 << 16 };

/* ---- failures ---- */

struct search {
    const struct hdf5 *h5;
    bool found;
};

static herr_t look_for_memory(unsigned depth, const H5E_error2_t *failure, void *context)
{
    struct search *search = context;
    (void)depth;
    search->found =
        search->found || (failure->maj_num == search->h5->no_resource &&
                          (failure->min_num == search->h5->no_space || failure->min_num == search->h5->no_allocation));
    return 0;
}

/* Finds out whether the call of HDF5 before this one, which has failed, got no memory. */
static void note_failure(struct keras_weights *weights)
{
    struct search search = {&weights->hdf5, false};
    weights->hdf5.H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, look_for_memory, &search);
    weights->starved = weights->starved || search.found;
}

bool keras_weights_starved(const struct keras_weights *weights) { return weights && weights->starved; }

/* ---- text ---- */

/* Strings of an attribute, each of a size of its own. */
static bool read_variable(struct keras_weights *weights, hid_t attribute, hid_t type, hid_t space, int count,
                          const char **strings)
{
    const struct hdf5 *h5 = &weights->hdf5;
    struct arena *arena = weights->arena;
    char **raw = ARENA_ARRAY(arena, char *, count + 1);
    const hid_t memory = h5->H5Tcopy(h5->text);
    h5->H5Tset_size(memory, H5T_VARIABLE);
    h5->H5Tset_cset(memory, h5->H5Tget_cset(type));
    const bool read = h5->H5Aread(attribute, memory, raw) >= 0;
    if (!read)
        note_failure(weights);
    for (int i = 0; read && i < count; i++)
        strings[i] = raw[i] ? arena_copy_string(arena, raw[i], strlen(raw[i])) : "";
    if (read)
        h5->H5Dvlen_reclaim(memory, space, H5P_DEFAULT, raw);
    h5->H5Tclose(memory);
    return read;
}

/* Strings of an attribute, all of one size. */
static bool read_fixed(struct keras_weights *weights, hid_t attribute, hid_t type, int count, const char **strings)
{
    const struct hdf5 *h5 = &weights->hdf5;
    struct arena *arena = weights->arena;
    const size_t size = h5->H5Tget_size(type);
    if (size == 0 || size > MOST_TEXT / (size_t)(count + 1))
        return false;
    char *raw = arena_alloc(arena, (size_t)count + 1, size);
    if (h5->H5Aread(attribute, type, raw) < 0) {
        note_failure(weights);
        return false;
    }
    for (int i = 0; i < count; i++) {
        const char *one = raw + (size_t)i * size, *end = memchr(one, '\0', size);
        strings[i] = arena_copy_string(arena, one, end ? (size_t)(end - one) : size);
    }
    return true;
}

/* The strings of an attribute; NULL if it is not there or of something else. */
static const char **read_texts(struct keras_weights *weights, hid_t object, const char *name, int *count)
{
    const struct hdf5 *h5 = &weights->hdf5;
    struct arena *arena = weights->arena;
    const char **strings = NULL;
    *count = 0;
    if (h5->H5Aexists(object, name) <= 0)
        return NULL;
    const hid_t attribute = h5->H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0)
        return NULL;
    const hid_t type = h5->H5Aget_type(attribute), space = h5->H5Aget_space(attribute);
    const hssize_t elements = h5->H5Sget_simple_extent_npoints(space);
    if (type >= 0 && h5->H5Tget_class(type) == H5T_STRING && elements > 0 && elements < MOST_TEXTS) {
        strings = ARENA_ARRAY(arena, const char *, elements + 1);
        const bool read = h5->H5Tis_variable_str(type) > 0
                              ? read_variable(weights, attribute, type, space, (int)elements, strings)
                              : read_fixed(weights, attribute, type, (int)elements, strings);
        strings = read ? strings : NULL;
        *count = read ? (int)elements : 0;
    }
    h5->H5Sclose(space);
    h5->H5Tclose(type);
    h5->H5Aclose(attribute);
    return strings;
}

const char *keras_weights_text(struct keras_weights *weights, const char *name)
{
    int count;
    const char **strings = read_texts(weights, weights->file, name, &count);
    return strings ? strings[0] : NULL;
}

/* ---- the file ---- */

static bool has_group(const struct keras_weights *weights, const char *name)
{
    return weights->hdf5.H5Lexists(weights->file, name, H5P_DEFAULT) > 0;
}

static bool find_root(struct keras_weights *weights)
{
    static const char *const grouped[] = {"layers", "_layer_checkpoint_dependencies"};
    int names;
    weights->root = "model_weights";
    if (has_group(weights, weights->root))
        return true;
    weights->by_group = true;
    for (size_t i = 0; i < sizeof grouped / sizeof grouped[0]; i++) {
        weights->root = grouped[i];
        if (has_group(weights, weights->root))
            return true;
    }
    weights->by_group = false;
    weights->root = "";
    return read_texts(weights, weights->file, "layer_names", &names) != NULL;
}

bool keras_weights_open(struct arena *arena, const char *path, const struct text *content,
                        struct keras_weights **weights, const char **error)
{
    *weights = ARENA_NEW(arena, struct keras_weights);
    **weights = (struct keras_weights){.arena = arena, .file = H5I_INVALID_HID, .length = content->length};
    const struct hdf5 *h5 = &(*weights)->hdf5;
    if (!hdf5_open(&(*weights)->hdf5, error))
        return false;
    h5->H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* what goes wrong is said here */
    const hid_t access = h5->H5Pcreate(h5->file_access);
    if (content->length && h5->H5Pset_fapl_core(access, 65536, 0) >= 0 &&
        h5->H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 &&
        h5->H5Pset_file_image(access, content->data, content->length) >= 0)
        /* of a name that no file has, which HDF5 asks for where it is given the content */
        (*weights)->file = h5->H5Fopen("/dev/null/weights", READ_ONLY, access);
    if ((*weights)->file < 0)
        note_failure(*weights);
    h5->H5Pclose(access);
    if ((*weights)->file < 0)
        *error = arena_printf(arena, "'%s': its weights are no HDF5 file, or a damaged one", path);
    else if (!find_root(*weights))
        *error =
            arena_printf(arena, "'%s' has no weights as Keras writes them: neither 'layers' nor 'model_weights'", path);
    else
        return true;
    return false;
}

void keras_weights_close(struct keras_weights *weights)
{
    if (weights && weights->file >= 0)
        weights->hdf5.H5Fclose(weights->file);
}

/* ---- weights ---- */

/* Opens what a path leads to from the top, over groups of the file itself: a link may lead out of it. */
static hid_t open_path(struct keras_weights *weights, const char *path)
{
    const struct hdf5 *h5 = &weights->hdf5;
    hid_t at = h5->H5Gopen2(weights->file, "/", H5P_DEFAULT);
    for (const char *c = path; at >= 0 && *c;) {
        const size_t length = strcspn(c, "/");
        const char *name = arena_copy_string(weights->arena, c, length);
        c += length + (c[length] == '/');
        if (!length)
            continue;
        H5L_info_t link;
        const bool here = h5->H5Lexists(at, name, H5P_DEFAULT) > 0 &&
                          h5->H5Lget_info(at, name, &link, H5P_DEFAULT) >= 0 && link.type == H5L_TYPE_HARD;
        const hid_t next = here ? h5->H5Oopen(at, name, H5P_DEFAULT) : H5I_INVALID_HID;
        if (next < 0)
            note_failure(weights);
        h5->H5Oclose(at);
        at = next;
    }
    return at;
}

/* The path of a weight; NULL, with a sentence, if the layer has fewer. */
static const char *find_path(struct keras_weights *weights, const struct keras_place *place, const char **error)
{
    const struct hdf5 *h5 = &weights->hdf5;
    struct arena *arena = weights->arena;
    if (weights->by_group)
        return arena_printf(arena, "%s/%s/%svars/%d", weights->root, place->group, place->part, place->i);
    const char *layer = arena_printf(arena, "%s/%s", weights->root, place->name);
    int count = 0;
    const hid_t group = open_path(weights, layer);
    const char **names = group >= 0 ? read_texts(weights, group, "weight_names", &count) : NULL;
    if (group >= 0)
        h5->H5Oclose(group);
    if (place->index < count)
        return arena_printf(arena, "%s/%s", layer, names[place->index]);
    *error = arena_printf(arena, "has %d weights in '%s', but needs more", count, *weights->root ? layer : place->name);
    return NULL;
}

/* False, with what is wrong, if the data set has not the array's shape, of floats that are all in this file. */
static bool check_data(const struct keras_weights *weights, const char *path, hid_t data, const struct array *array,
                       const char **error)
{
    const struct hdf5 *h5 = &weights->hdf5;
    struct arena *arena = weights->arena;
    const hid_t type = h5->H5Dget_type(data), space = h5->H5Dget_space(data), how = h5->H5Dget_create_plist(data);
    const hsize_t size = (hsize_t)array_size(array), stored = h5->H5Dget_storage_size(data);
    hsize_t shape[ARRAY_MAX_RANK];
    struct array found = {.rank = h5->H5Sget_simple_extent_ndims(space)};
    bool same = found.rank == array->rank && h5->H5Sget_simple_extent_dims(space, shape, NULL) == array->rank;
    const bool readable = same;
    for (int i = 0; readable && i < found.rank; i++) {
        found.shape[i] = shape[i] < LONG_MAX ? (long)shape[i] : LONG_MAX;
        same = same && found.shape[i] == array->shape[i];
    }
    if (h5->H5Tget_class(type) != H5T_FLOAT)
        *error = arena_printf(arena, "has a '%s' that is not of floats: quantised weights are not read", path);
    else if (!readable)
        *error = arena_printf(arena, "has a '%s' of rank %d instead of %s", path, found.rank,
                              array_shape_text(arena, array));
    else if (!same)
        *error = arena_printf(arena, "has a '%s' of %s instead of %s", path, array_shape_text(arena, &found),
                              array_shape_text(arena, array));
    else if (h5->H5Pget_external_count(how) != 0 || stored > weights->length || stored / h5->H5Tget_size(type) != size)
        *error =
            arena_printf(arena, "has a '%s' whose numbers are not all in the file: save the model with Keras", path);
    h5->H5Pclose(how);
    h5->H5Sclose(space);
    h5->H5Tclose(type);
    return !*error;
}

bool keras_weights_read(struct keras_weights *weights, const struct keras_place *place, struct array *array,
                        const char **error)
{
    const struct hdf5 *h5 = &weights->hdf5;
    *error = NULL;
    const char *path = find_path(weights, place, error);
    if (!path)
        return false;
    const hid_t data = open_path(weights, path);
    if (data < 0 || h5->H5Iget_type(data) != H5I_DATASET)
        *error = arena_printf(weights->arena, "lacks the weight '%s'", path);
    else if (check_data(weights, path, data, array, error)) {
        array->data = ARENA_ARRAY(weights->arena, double, (size_t)array_size(array) + 1);
        const bool read = h5->H5Dread(data, h5->number, H5S_ALL, H5S_ALL, H5P_DEFAULT, array->data) >= 0;
        if (!read) {
            note_failure(weights);
            *error = arena_printf(weights->arena, "has a '%s' that cannot be read: it is damaged", path);
        }
    }
    if (data >= 0)
        h5->H5Oclose(data);
    return !*error;
}

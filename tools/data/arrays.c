/* Files of arrays: the kinds that there are, by the ends of their names. */
#include <string.h>

#include "base/arena.h"
#include "data/array.h"
#include "data/file.h"

enum kind { KIND_NPY, KIND_NPZ, KIND_CSV, KIND_SAFETENSORS, KIND_COUNT };

static const char *const endings[KIND_COUNT] = {
    [KIND_NPY] = ".npy",
    [KIND_NPZ] = ".npz",
    [KIND_CSV] = ".csv",
    [KIND_SAFETENSORS] = ".safetensors",
};

static enum kind find_kind(const char *path)
{
    size_t length = strlen(path);
    for (int i = 0; i < KIND_COUNT; i++) {
        size_t ending = strlen(endings[i]);
        if (length >= ending && strcmp(path + length - ending, endings[i]) == 0)
            return (enum kind)i;
    }
    return KIND_COUNT;
}

bool file_holds_names(const char *path)
{
    enum kind kind = find_kind(path);
    return kind == KIND_SAFETENSORS || kind == KIND_NPZ;
}

bool file_is_data(const char *path) { return find_kind(path) != KIND_COUNT; }

#define READ_KINDS    ".npy, .npz, .csv or .safetensors"
#define WRITTEN_KINDS ".npy, .csv or .safetensors"

static bool refuse_kind(struct arena *arena, const char *path, const char *kinds, const char **error)
{
    *error =
        arena_printf(arena, "'%s': the kind of a data file follows from its name, which must end in %s", path, kinds);
    return false;
}

bool arrays_read(struct arena *arena, const char *path, struct array **arrays, int *count, const char **error)
{
    *count = 1;
    *arrays = ARENA_NEW(arena, struct array);
    switch (find_kind(path)) {
    case KIND_NPY:
        return npy_read(arena, path, *arrays, error);
    case KIND_NPZ:
        return npz_read(arena, path, arrays, count, error);
    case KIND_CSV:
        return csv_read(arena, path, *arrays, error);
    case KIND_SAFETENSORS:
        return safetensors_read(arena, path, arrays, count, error);
    case KIND_COUNT:
        break;
    }
    return refuse_kind(arena, path, READ_KINDS, error);
}

bool file_takes_arrays(struct arena *arena, const char *path, const char **error)
{
    enum kind kind = find_kind(path);
    if (kind == KIND_COUNT)
        return refuse_kind(arena, path, WRITTEN_KINDS, error);
    if (kind == KIND_NPZ) {
        *error = arena_printf(arena, "'%s': .npz files are only read; what is written ends in " WRITTEN_KINDS, path);
        return false;
    }
    return file_can_be_written(arena, path, error);
}

bool arrays_write(struct arena *arena, const char *path, const struct array *arrays, int count, const char **error)
{
    enum kind kind = find_kind(path);
    if (!file_takes_arrays(arena, path, error))
        return false;
    if (count > 1 && (kind == KIND_NPY || kind == KIND_CSV)) {
        *error = arena_printf(arena,
                              "'%s' holds one array, not %d: give each a file of its own, or write a .safetensors file",
                              path, count);
        return false;
    }
    switch (kind) {
    case KIND_NPY:
        return npy_write(arena, path, arrays, error);
    case KIND_CSV:
        return csv_write(arena, path, arrays, error);
    case KIND_SAFETENSORS:
        return safetensors_write(arena, path, arrays, count, error);
    case KIND_NPZ:
    case KIND_COUNT:
        break;
    }
    return false;
}

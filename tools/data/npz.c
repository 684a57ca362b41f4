/* numpy's .npz files: zip archives whose members are .npy files. */
#include <string.h>

#include "base/arena.h"
#include "data/array.h"
#include "data/zip.h"

static bool read_member(const struct zip *zip, const struct zip_member *member, struct array *array, const char **error)
{
    const char *place = arena_printf(zip->arena, "%s: %s", zip->path, member->name);
    struct text text;
    if (!zip_read(zip, member, &text, error))
        return false;
    const char *problem = NULL;
    if (!npy_parse(zip->arena, place, &text, array, &problem))
        *array = (struct array){.problem = problem};
    size_t length = strlen(member->name);
    bool ends = length > 4 && strcmp(member->name + length - 4, ".npy") == 0;
    array->name = arena_copy_string(zip->arena, member->name, ends ? length - 4 : length);
    return true;
}

bool npz_read(struct arena *arena, const char *path, struct array **arrays, int *count, const char **error)
{
    struct zip zip;
    if (!zip_open(arena, path, "a .npz file as numpy.savez writes it", &zip, error))
        return false;
    *count = zip.count;
    *arrays = ARENA_ARRAY(arena, struct array, *count + 1);
    for (int i = 0; i < *count; i++)
        if (!read_member(&zip, &zip.members[i], &(*arrays)[i], error))
            return false;
    return true;
}

#include "import/hdf5_library.h"

#include <dlfcn.h>

/* Finds the object behind a macro such as H5T_NATIVE_DOUBLE. */
static bool find_id(void *library, const char *name, hid_t *id)
{
    const hid_t *object = dlsym(library, name);
    if (object)
        *id = *object;
    return object != NULL;
}

bool hdf5_open(struct hdf5 *hdf5, const char **error)
{
    void *library = dlopen(RNNC_HDF5, RTLD_NOW | RTLD_LOCAL);
    herr_t (*open)(void) = NULL;
    bool found = library != NULL;
    if (found)
        *(void **)&open = dlsym(library, "H5open");
    found = found && open && open() >= 0;
#define TEXT(name) #name /* of what a macro of HDF5 makes of the name, H5Lget_info2 */
#define X(name)    found = found && (*(void **)&hdf5->name = dlsym(library, TEXT(name))) != NULL;
    HDF5_FUNCTIONS(X)
#undef X
#undef TEXT
    found = found && find_id(library, "H5T_C_S1_g", &hdf5->text) &&
            find_id(library, "H5T_NATIVE_DOUBLE_g", &hdf5->number) &&
            find_id(library, "H5P_CLS_FILE_ACCESS_ID_g", &hdf5->file_access) &&
            find_id(library, "H5E_RESOURCE_g", &hdf5->no_resource) &&
            find_id(library, "H5E_NOSPACE_g", &hdf5->no_space) &&
            find_id(library, "H5E_CANTALLOC_g", &hdf5->no_allocation);
    if (!found)
        *error = "files of Keras are read by " RNNC_HDF5 ", which is not here: apt-get install libhdf5-103-1, or what "
                 "your system calls HDF5";
    return found;
}

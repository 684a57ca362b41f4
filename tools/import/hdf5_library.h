/* The HDF5 library, loaded when a file is read: it brings along thirty others, for which other runs of `rnn` would
 * wait. https://docs.hdfgroup.org/hdf5/v1_14/group___r_m.html */
#ifndef RNN_TOOLS_IMPORT_HDF5_LIBRARY_H
#define RNN_TOOLS_IMPORT_HDF5_LIBRARY_H

#include <hdf5.h>
#include <stdbool.h>

#define HDF5_FUNCTIONS(X)                                                                                              \
    X(H5Aclose)                                                                                                        \
    X(H5Aexists)                                                                                                       \
    X(H5Aget_space)                                                                                                    \
    X(H5Aget_type)                                                                                                     \
    X(H5Aopen)                                                                                                         \
    X(H5Aread)                                                                                                         \
    X(H5Dget_create_plist)                                                                                             \
    X(H5Dget_space)                                                                                                    \
    X(H5Dget_storage_size)                                                                                             \
    X(H5Dget_type)                                                                                                     \
    X(H5Dread)                                                                                                         \
    X(H5Dvlen_reclaim)                                                                                                 \
    X(H5Eset_auto2)                                                                                                    \
    X(H5Ewalk2)                                                                                                        \
    X(H5Fclose)                                                                                                        \
    X(H5Fopen)                                                                                                         \
    X(H5Gopen2)                                                                                                        \
    X(H5Iget_type)                                                                                                     \
    X(H5Lexists)                                                                                                       \
    X(H5Lget_info)                                                                                                     \
    X(H5Oclose)                                                                                                        \
    X(H5Oopen)                                                                                                         \
    X(H5Pclose)                                                                                                        \
    X(H5Pcreate)                                                                                                       \
    X(H5Pget_external_count)                                                                                           \
    X(H5Pset_fapl_core)                                                                                                \
    X(H5Pset_fclose_degree)                                                                                            \
    X(H5Pset_file_image)                                                                                               \
    X(H5Sclose)                                                                                                        \
    X(H5Sget_simple_extent_dims)                                                                                       \
    X(H5Sget_simple_extent_ndims)                                                                                      \
    X(H5Sget_simple_extent_npoints)                                                                                    \
    X(H5Tclose)                                                                                                        \
    X(H5Tcopy)                                                                                                         \
    X(H5Tget_class)                                                                                                    \
    X(H5Tget_cset)                                                                                                     \
    X(H5Tget_size)                                                                                                     \
    X(H5Tis_variable_str)                                                                                              \
    X(H5Tset_cset)                                                                                                     \
    X(H5Tset_size)

struct hdf5 {
#define X(name) __typeof__(name) *name;
    HDF5_FUNCTIONS(X)
#undef X
    hid_t text, number;                         /* H5T_C_S1, H5T_NATIVE_DOUBLE */
    hid_t file_access;                          /* H5P_FILE_ACCESS */
    hid_t no_resource, no_space, no_allocation; /* H5E_RESOURCE, H5E_NOSPACE, H5E_CANTALLOC */
};

/* False, with a sentence, if there is no such library. */
bool hdf5_open(struct hdf5 *hdf5, const char **error);

#endif

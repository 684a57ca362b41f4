#include "keras_files.h"

#include "data/array.h"

/* libhdf5 loses some bytes over a damaged file. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libhdf5"; }

/* Writes a data set whose element k is (k + first) / 8, and the groups above it. */
static void put_numbers(hid_t file, const char *path, int rank, const hsize_t *shape, int first, hid_t type)
{
    enum { MOST = 256 };
    float numbers[MOST];
    hsize_t size = 1;
    for (int i = 0; i < rank; i++)
        size *= shape[i];
    assert_true(size <= MOST);
    for (int k = 0; k < MOST; k++)
        numbers[k] = (float)(k + first) / 8;
    const hid_t links = H5Pcreate(H5P_LINK_CREATE), space = H5Screate_simple(rank, shape, NULL);
    H5Pset_create_intermediate_group(links, 1);
    const hid_t data = H5Dcreate2(file, path, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(data >= 0 && H5Dwrite(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0);
    H5Dclose(data);
    H5Sclose(space);
    H5Pclose(links);
}

void put_weight(hid_t file, const char *path, hsize_t rows, hsize_t columns, int first, hid_t type)
{
    put_numbers(file, path, columns ? 2 : 1, (const hsize_t[]){rows, columns}, first, type);
}

void put_weight_3(hid_t file, const char *path, const hsize_t *shape)
{
    put_numbers(file, path, 3, shape, 0, H5T_IEEE_F32LE);
}

/* Writes an attribute with texts, of one size each or of several. */
static void put_texts(hid_t object, const char *name, const char *const *texts, int count, size_t size)
{
    const hid_t type = H5Tcopy(H5T_C_S1),
                space = count ? H5Screate_simple(1, (hsize_t[]){(hsize_t)count}, NULL) : H5Screate(H5S_SCALAR);
    H5Tset_size(type, size ? size : H5T_VARIABLE);
    const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    char fixed[256] = {0};
    assert_true(size * (size_t)(count ? count : 1) <= sizeof fixed);
    for (int i = 0; size && i < (count ? count : 1); i++)
        memcpy(fixed + (size_t)i * size, texts[i], strlen(texts[i]));
    assert_true(H5Awrite(attribute, type, size ? (const void *)fixed : (const void *)texts) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
}

void put_grouped(hid_t file)
{
    put_weight(file, "layers/lstm/cell/vars/0", 3, 4, 0, H5T_IEEE_F32LE);
    put_weight(file, "layers/lstm/cell/vars/1", 1, 4, 100, H5T_IEEE_F32LE);
    put_weight(file, "layers/lstm/cell/vars/2", 4, 0, 200, H5T_IEEE_F32LE);
    put_weight(file, "layers/dense/vars/0", 1, 2, 300, H5T_IEEE_F64LE);
    put_weight(file, "layers/dense/vars/1", 2, 0, 400, H5T_IEEE_F32LE);
}

void put_named(hid_t file, const char *config, size_t size)
{
    static const char *const lstm[] = {"encoder/cell/kernel:0", "encoder/cell/recurrent_kernel:0",
                                       "encoder/cell/bias:0"};
    static const char *const dense[] = {"head/kernel", "head/bias"};
    put_weight(file, "model_weights/encoder/encoder/cell/kernel:0", 3, 4, 0, H5T_IEEE_F32LE);
    put_weight(file, "model_weights/encoder/encoder/cell/recurrent_kernel:0", 1, 4, 100, H5T_IEEE_F32LE);
    put_weight(file, "model_weights/encoder/encoder/cell/bias:0", 4, 0, 200, H5T_IEEE_F32LE);
    put_weight(file, "model_weights/head/head/kernel", 1, 2, 300, H5T_IEEE_F32LE);
    put_weight(file, "model_weights/head/head/bias", 2, 0, 400, H5T_IEEE_F32LE);
    hid_t group = H5Gopen2(file, "model_weights/encoder", H5P_DEFAULT);
    put_texts(group, "weight_names", lstm, 3, size);
    H5Gclose(group);
    group = H5Gopen2(file, "model_weights/head", H5P_DEFAULT);
    put_texts(group, "weight_names", dense, 2, size);
    H5Gclose(group);
    put_texts(file, "model_config", &config, 0, 0);
    put_texts(file, "keras_version", (const char *const[]){"2.15.0"}, 0, 16);
}

hid_t new_file(const char *path) { return H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT); }

void put_config(const char *path, const char *config)
{
    FILE *file = fopen(path, "wb");
    assert_true(file && fputs(config, file) >= 0 && fclose(file) == 0);
}

bool import_keras(struct fixture *fixture, const char *config, struct keras_network *network, const char **error)
{
    const char *weights = in_folder(fixture, "w.h5"), *json = in_folder(fixture, "m.json");
    const hid_t file = new_file(weights);
    put_grouped(file);
    H5Fclose(file);
    put_config(json, config);
    *error = NULL;
    const bool done = keras_import(fixture->arena, weights, json, network, error);
    assert_true(done == !*error);
    unlink(weights);
    unlink(json);
    return done;
}

void refuses_keras(struct fixture *fixture, const char *config, const char *words)
{
    struct keras_network network;
    const char *error = "";
    if (import_keras(fixture, config, &network, &error))
        fail_msg("nothing says '%s', but there is %s", words, network.program);
    if (!strstr(error, words))
        fail_msg("'%s' does not say '%s'", error, words);
}

#include "support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Returns `folder`/`name`, kept until the process ends: a test makes a few dozen of them. */
static const char *join_path(const char *folder, const char *name)
{
    static char paths[128][1024];
    static int count;
    assert_in_range(count, 0, 127);
    char *path = paths[count++];
    int length = snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    assert_in_range(length, 1, sizeof paths[0] - 1);
    return path;
}

static const char *data_folder(void)
{
    const char *folder = getenv("RNNC_DATA");
    return folder && *folder ? folder : RNNC_SOURCE_DIR "/../shared/data";
}

const char *data_path(const char *name) { return join_path(data_folder(), name); }
const char *source_path(const char *name) { return join_path(RNNC_SOURCE_DIR, name); }
const char *work_path(const char *name) { return join_path(RNNC_WORK_DIR, name); }

void support_begin(const char *test_name)
{
    struct stat status;
    if (stat(data_path("models"), &status) != 0) { /* an empty folder holds no data either */
        printf("%s: skipped: no data at %s (RNNC_DATA can name another folder)\n", test_name, data_folder());
        exit(77);
    }
    /* Networks compiled here stay out of the user's cache. */
    if (setenv("XDG_CACHE_HOME", RNNC_WORK_DIR "/cache", 1) != 0) {
        perror("setenv");
        exit(1);
    }
}

rnn_file *open_file(const char *path)
{
    rnn_error error;
    rnn_file *file = rnn_file_open(path, &error);
    if (!file)
        fail_msg("%s: %s", path, error.text);
    return file;
}

double *read_tensor(const rnn_file *file, const char *name, size_t *count)
{
    const rnn_file_tensor *tensor = rnn_file_find(file, name);
    if (!tensor)
        fail_msg("no tensor `%s` in the file", name);
    double *values = malloc((tensor->elements + 1) * sizeof *values);
    assert_non_null(values);
    rnn_file_read_double(tensor, values);
    *count = tensor->elements;
    return values;
}

static rnn_file_tensor *tensors_new(struct tensors *tensors, const char *name, rnn_dtype dtype, int rank,
                                    const int64_t *shape)
{
    assert_in_range(tensors->count, 0, (int)(sizeof tensors->items / sizeof tensors->items[0]) - 1);
    rnn_file_tensor *tensor = &tensors->items[tensors->count++];
    *tensor = (rnn_file_tensor){.name = strdup(name), .dtype = dtype, .rank = rank, .elements = 1};
    assert_non_null(tensor->name);
    for (int i = 0; i < rank; i++) {
        tensor->shape[i] = shape[i];
        tensor->elements *= (size_t)shape[i];
    }
    return tensor;
}

void tensors_add(struct tensors *tensors, const char *name, int rank, const int64_t *shape, const double *values)
{
    rnn_file_tensor *tensor = tensors_new(tensors, name, RNN_DTYPE_F32, rank, shape);
    float *data = malloc((tensor->elements + 1) * sizeof *data);
    assert_non_null(data);
    for (size_t i = 0; i < tensor->elements; i++)
        data[i] = (float)values[i];
    tensor->data = data;
}

void tensors_add_exact(struct tensors *tensors, const char *name, int rank, const int64_t *shape, const double *values)
{
    rnn_file_tensor *tensor = tensors_new(tensors, name, RNN_DTYPE_F64, rank, shape);
    double *data = malloc((tensor->elements + 1) * sizeof *data);
    assert_non_null(data);
    memcpy(data, values, tensor->elements * sizeof *data);
    tensor->data = data;
}

void tensors_add_ids(struct tensors *tensors, const char *name, int rank, const int64_t *shape, const int32_t *ids)
{
    rnn_file_tensor *tensor = tensors_new(tensors, name, RNN_DTYPE_I32, rank, shape);
    int32_t *data = malloc((tensor->elements + 1) * sizeof *data);
    assert_non_null(data);
    memcpy(data, ids, tensor->elements * sizeof *data);
    tensor->data = data;
}

void tensors_add_file(struct tensors *tensors, const rnn_file *file, double scale,
                      bool (*rename)(const char *name, char renamed[NAME_SIZE]))
{
    for (int i = 0; i < rnn_file_count(file); i++) {
        const rnn_file_tensor *tensor = rnn_file_at(file, i);
        char renamed[NAME_SIZE];
        if (!rename(tensor->name, renamed))
            continue;
        size_t count;
        double *values = read_tensor(file, tensor->name, &count);
        for (size_t k = 0; k < count; k++)
            values[k] *= scale;
        tensors_add(tensors, renamed, tensor->rank, tensor->shape, values);
        free(values);
    }
}

bool rename_weights(const char *name, char renamed[NAME_SIZE])
{
    snprintf(renamed, NAME_SIZE, "%s", name);
    return strncmp(name, "ref.", 4) != 0;
}

const char *tensors_save(struct tensors *tensors, const char *name)
{
    const char *path = work_path(name);
    rnn_error error;
    if (rnn_file_save(path, tensors->items, tensors->count, NULL, 0, &error) != RNN_OK)
        fail_msg("%s: %s", path, error.text);
    for (int i = 0; i < tensors->count; i++) {
        free((char *)tensors->items[i].name);
        free((void *)tensors->items[i].data);
    }
    tensors->count = 0;
    return path;
}

/* Returns the contents of the file as a string. */
static char *read_text(FILE *file)
{
    enum { LIMIT = 65536 };
    char *text = malloc(LIMIT);
    assert_non_null(text);
    rewind(file);
    text[fread(text, 1, LIMIT - 1, file)] = '\0';
    return text;
}

int run_rnn(const char *const arguments[], char **output)
{
    char *argv[32] = {(char *)RNNC_RNN};
    int count = 1;
    for (int i = 0; arguments[i]; i++) {
        assert_in_range(count, 0, 30);
        argv[count++] = (char *)arguments[i];
    }

    FILE *log = tmpfile();
    assert_non_null(log);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, fileno(log), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(log), STDERR_FILENO);
    pid_t child;
    int error = posix_spawn(&child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error)
        fail_msg("%s: %s", argv[0], strerror(error));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    int exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

    char *text = read_text(log);
    fclose(log);
    if (output) {
        *output = text;
    } else {
        if (exit_status != 0)
            print_message("%s", text);
        free(text);
    }
    return exit_status;
}

double largest_difference(const double *a, const double *b, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = fabs(a[i] - b[i]);
        if (!(difference <= largest))
            largest = difference;
        if (isnan(largest))
            return largest;
    }
    return largest;
}

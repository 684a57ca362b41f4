/* Checkpoints: damaged or forged ones, and those of another training, are recognised and named. */
#include "training.h"

#include <math.h>
#include <stdint.h>

#include "train/checkpoint_content.h"

#define PROGRAM "cell A(x) -> h {\n  h = tanh(x)\n}\n"

static const char words[] = "--streams 3 --window 11 --advance 4 --valid 0.2 --checkpoint none";

/* A checkpoint within a batch of the second epoch: everything that one can hold is there. */
static const char *make_checkpoint(struct fixture *fixture, const struct subject *subject, const char *its_words)
{
    const char *path = in_folder(fixture, "c.safetensors"), *error;
    struct training *training = open_training_of(fixture, subject, its_words);
    open_report(training);
    while (training->trainer.position.epoch < 1 || training->trainer.position.begin < 8)
        go(training);
    if (!checkpoint_save(&training->trainer, &training->report, path, &error))
        fail_msg("%s", error);
    close_training(training);
    return path;
}

static const struct subject usual = {&tiny_model, PROGRAM, text};

static void write_file(const char *path, const char *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* ---- damage ---- */

/* Each byte of the file with one bit turned, and the file cut off at many places. */
static void test_damage(void **state)
{
    struct fixture *fixture = *state;
    const char *path = make_checkpoint(fixture, &usual, words), *error;
    struct text good;
    assert_true(file_read(fixture->arena, path, &good, &error));
    struct training *training = open_training_of(fixture, &usual, words);
    assert_true(checkpoint_load(&training->trainer, &training->report, path, &error));
    assert_true(training->trainer.position.begin > 0);
    for (size_t i = 0; i < good.length; i++) {
        good.data[i] ^= (char)(1 << i % 8);
        write_file(path, good.data, good.length);
        if (checkpoint_load(&training->trainer, &training->report, path, &error))
            fail_msg("bit %zu of byte %zu is not seen", i % 8, i);
        assert_non_null(strstr(error, path));
        good.data[i] ^= (char)(1 << i % 8);
    }
    for (size_t length = 0; length < good.length; length += 97) {
        write_file(path, good.data, length);
        assert_false(checkpoint_load(&training->trainer, &training->report, path, &error));
    }
    write_file(path, good.data, good.length);
    assert_true(checkpoint_load(&training->trainer, &training->report, path, &error));
    close_training(training);
    unlink(path);
}

/* ---- made up, with a sum that fits ---- */

struct forgery {
    rnn_file *file;
    rnn_file_tensor tensors[20];
    rnn_metadata metadata[MOST_METADATA];
    int tensor_count, metadata_count;
};

static struct forgery begin_forgery(const char *path)
{
    rnn_error reason;
    struct forgery forgery = {.file = rnn_file_open(path, &reason)};
    assert_non_null(forgery.file);
    forgery.tensor_count = rnn_file_count(forgery.file);
    assert_in_range(forgery.tensor_count, 1, 20);
    for (int i = 0; i < forgery.tensor_count; i++)
        forgery.tensors[i] = *rnn_file_at(forgery.file, i);
    forgery.metadata_count = rnn_file_metadata_list(forgery.file, forgery.metadata, MOST_METADATA);
    assert_in_range(forgery.metadata_count, 1, MOST_METADATA);
    return forgery;
}

static const char **metadata_of(struct forgery *forgery, const char *key)
{
    for (int i = 0; i < forgery->metadata_count; i++)
        if (strcmp(forgery->metadata[i].key, key) == 0)
            return &forgery->metadata[i].value;
    fail_msg("the checkpoint has no '%s'", key);
    return NULL;
}

static rnn_file_tensor *tensor_of(struct forgery *forgery, const char *name)
{
    for (int i = 0; i < forgery->tensor_count; i++)
        if (strcmp(forgery->tensors[i].name, name) == 0)
            return &forgery->tensors[i];
    fail_msg("the checkpoint has no '%s'", name);
    return NULL;
}

/* Gives an entry of the metadata another key. */
static struct forgery *rename_entry(struct forgery *forgery, const char *key)
{
    for (int i = 0; i < forgery->metadata_count; i++)
        if (strcmp(forgery->metadata[i].key, key) == 0)
            forgery->metadata[i].key = "train/other";
    return forgery;
}

/* Writes it with the sum that it should have, where it has one. */
static void end_forgery(struct fixture *fixture, struct forgery *forgery, const char *path)
{
    struct content content = {.arena = fixture->arena,
                              .tensors = forgery->tensors,
                              .tensor_count = forgery->tensor_count,
                              .metadata_count = forgery->metadata_count};
    memcpy(content.metadata, forgery->metadata, sizeof content.metadata);
    for (int i = 0; i < forgery->metadata_count; i++)
        if (strcmp(forgery->metadata[i].key, CHECKSUM_KEY) == 0)
            forgery->metadata[i].value = content_sum(&content);
    rnn_error reason;
    if (rnn_file_save(path, forgery->tensors, forgery->tensor_count, forgery->metadata, forgery->metadata_count,
                      &reason) != RNN_OK)
        fail_msg("%s", reason.text);
    rnn_file_close(forgery->file);
}

static void refuse(struct training *training, const char *path, const char *message)
{
    const char *error;
    if (checkpoint_load(&training->trainer, &training->report, path, &error))
        fail_msg("taken, though %s", message);
    if (!strstr(error, message))
        fail_msg("'%s' is not in: %s", message, error);
}

/* The text with its field `index`, counted from 0, replaced. */
static const char *replace_field(struct arena *arena, const char *fields, int index, const char *by)
{
    const char *at = fields;
    for (int i = 0; i < index; i++)
        at += strcspn(at, " ") + 1;
    return arena_printf(arena, "%.*s%s%s", (int)(at - fields), fields, by, at + strcspn(at, " "));
}

static void test_positions(void **state)
{
    struct fixture *fixture = *state;
    const char *path = make_checkpoint(fixture, &usual, words), *error;
    struct training *training = open_training_of(fixture, &usual, words);
    const struct {
        int field;
        const char *value, *message;
    } wrong[] = {{0, "-1", "'step'"},
                 {0, "9007199254740994", "'step'"},
                 {1, "-1", "'epoch'"},
                 {1, "2147483647", "'epoch'"},
                 {2, "-1", "'batch'"},
                 {2, "1000000", "'batch'"},
                 {2, "9223372036854775807", "'batch'"},
                 {2, "1", "begins at frame 8"},
                 {3, "4611686018427387904", "begins at frame 4611686018427387904"},
                 {3, "-4", "begins at frame -4"},
                 {3, "9", "begins at frame 9"},
                 {3, "28", "begins at frame 28"},
                 {4, "-7", "'frames'"},
                 {5, "inf", "'loss'"},
                 {6, "nan", "'rate'"},
                 {6, "-0x1p-3", "'rate'"},
                 {6, "inf", "'rate'"},
                 {7, "-1", "'seconds'"},
                 {7, "nan", "'seconds'"},
                 {8, "-1", "'scale of the rate'"},
                 {8, "0", "'scale of the rate'"},
                 {8, "nan", "'scale of the rate'"},
                 {8, "1.5", "'scale of the rate'"},
                 {9, "nan", "'best loss'"},
                 {9, "-inf", "'best loss'"},
                 {10, "-1", "'losses waited'"},
                 {11, "-1", "'length of the log'"},
                 {11, "9223372036854775807", "'length of the log'"},
                 {0, "x", "no row of"},
                 {12, "inf", "'first loss'"},
                 {13, "nan", "'best validation'"},
                 {14, "-1", "'best epoch'"},
                 {14, "2", "'best epoch'"},
                 {14, "1 1", "no row of"},
                 {14, "", "no row of"}};
    struct text good;
    assert_true(file_read(fixture->arena, path, &good, &error));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct forgery forgery = begin_forgery(path);
        const char **position = metadata_of(&forgery, POSITION_KEY);
        *position = replace_field(fixture->arena, *position, wrong[i].field, wrong[i].value);
        end_forgery(fixture, &forgery, path);
        refuse(training, path, wrong[i].message);
        write_file(path, good.data, good.length);
    }
    /* A window that does begin within the batch is another place to go on from, as far as anybody can tell. */
    struct forgery forgery = begin_forgery(path);
    const char **position = metadata_of(&forgery, POSITION_KEY);
    *position = replace_field(fixture->arena, *position, 3, "20");
    end_forgery(fixture, &forgery, path);
    if (!checkpoint_load(&training->trainer, &training->report, path, &error))
        fail_msg("%s", error);
    close_training(training);
    unlink(path);
}

static void test_arrays(void **state)
{
    struct fixture *fixture = *state;
    const char *path = make_checkpoint(fixture, &usual, words), *error;
    struct training *training = open_training_of(fixture, &usual, words);
    static const struct {
        const char *tensor;
        int at; /* element; below 0: the tensor ends before its last */
        double value;
        const char *message;
    } wrong[] = {{"train/optimizer.v", 3, -1, "'train/optimizer.v' in it has a number"},
                 {"train/optimizer.v", 0, NAN, "'train/optimizer.v' in it has a number"},
                 {"train/optimizer.m", 2, INFINITY, "'train/optimizer.m' in it has a number"},
                 {"train/optimizer.m", -1, 0, "'train/optimizer.m' in it has"},
                 {"train/optimizer.step", 0, -1, "'train/optimizer.step' in it has a number"},
                 {"train/optimizer.step", 0, 1e6, "'train/optimizer.step' in it has a number"},
                 {"train/losses", 0, NAN, "'train/losses' in it has a number"},
                 {"train/losses", 1, -2, "'train/losses' in it has a number"},
                 {"train/losses", 1, 0.5, "'train/losses' in it has a number"},
                 {"train/state", -1, 0, "its state has"},
                 {"train/curve.training", 0, 0, "'train/curve.training' in it is no curve"},
                 {"train/curve.training", 0, INFINITY, "'train/curve.training' in it is no curve"},
                 {"train/curve.training", 1, 100, "'train/curve.training' in it is no curve"},
                 {"train/curve.training", 4, NAN, "'train/curve.training' in it is no curve"},
                 {"train/curve.validation", 5, INFINITY, "'train/curve.validation' in it is no curve"},
                 {"E", 1, NAN, "its parameter 'E' is not finite"}};
    struct text good;
    assert_true(file_read(fixture->arena, path, &good, &error));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct forgery forgery = begin_forgery(path);
        rnn_file_tensor *tensor = tensor_of(&forgery, wrong[i].tensor);
        size_t size = rnn_dtype_size(tensor->dtype);
        char *data = arena_copy_string(fixture->arena, tensor->data, tensor->elements * size);
        tensor->data = data;
        if (wrong[i].at < 0) {
            tensor->elements--;
            tensor->shape[0]--;
        } else if (tensor->dtype == RNN_DTYPE_I64) {
            memcpy(data + (size_t)wrong[i].at * size, &(int64_t){(int64_t)wrong[i].value}, size);
        } else if (tensor->dtype == RNN_DTYPE_F64) {
            memcpy(data + (size_t)wrong[i].at * size, &wrong[i].value, size);
        } else {
            memcpy(data + (size_t)wrong[i].at * size, &(float){(float)wrong[i].value}, size);
        }
        end_forgery(fixture, &forgery, path);
        refuse(training, path, wrong[i].message);
        write_file(path, good.data, good.length);
    }
    close_training(training);
    unlink(path);
}

/* Without a sum, a tensor, or a setting. */
static void test_missing_parts(void **state)
{
    struct fixture *fixture = *state;
    const char *path = make_checkpoint(fixture, &usual, words), *error;
    struct training *training = open_training_of(fixture, &usual, words);
    struct text good;
    assert_true(file_read(fixture->arena, path, &good, &error));
    const char *const tensors[] = {"train/optimizer.m", "train/state", "train/losses", "train/curve.training"};
    for (size_t i = 0; i < sizeof tensors / sizeof tensors[0]; i++) {
        struct forgery forgery = begin_forgery(path);
        tensor_of(&forgery, tensors[i])->name = "train/other";
        end_forgery(fixture, &forgery, path);
        refuse(training, path, arena_printf(fixture->arena, "'%s' is missing in it", tensors[i]));
        write_file(path, good.data, good.length);
    }
    const struct {
        const char *key, *message;
    } entries[] = {{"train/seed", "it does not say what its training has for seed"},
                   {POSITION_KEY, "its position is no row of"},
                   {CHECKSUM_KEY, "it is not a checkpoint of rnn train, or of one from before"}};
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        struct forgery forgery = begin_forgery(path);
        end_forgery(fixture, rename_entry(&forgery, entries[i].key), path);
        refuse(training, path, entries[i].message);
        write_file(path, good.data, good.length);
    }
    close_training(training);
    unlink(path);
}

static void remove_entry(struct forgery *forgery, const char *key)
{
    const char **value = metadata_of(forgery, key);
    for (int i = 0; i < forgery->metadata_count; i++)
        if (&forgery->metadata[i].value == value)
            forgery->metadata[i] = forgery->metadata[--forgery->metadata_count];
}

/* ---- another training ---- */

static void go_on(struct fixture *fixture, const char *path, const struct subject *subject, const char *its_words,
                  const char *message)
{
    const char *error;
    struct training *training = open_training_of(fixture, subject, its_words);
    bool loaded = checkpoint_load(&training->trainer, &training->report, path, &error);
    if (loaded != !message)
        fail_msg("%s: %s", its_words, loaded ? "taken" : error);
    if (message && !strstr(error, message))
        fail_msg("'%s' is not in: %s", message, error);
    close_training(training);
}

/* One from before trainings had compression and factors goes on without. */
static void test_earlier(void **state)
{
    struct fixture *fixture = *state;
    const char *path = make_checkpoint(fixture, &usual, words);
    struct forgery forgery = begin_forgery(path);
    remove_entry(&forgery, "train/compression");
    remove_entry(&forgery, "train/factors");
    end_forgery(fixture, &forgery, path);
    go_on(fixture, path, &usual, words, NULL);
    const char *const others[][2] = {{"--compress f16", "'none' for compression, this one 'f16'"},
                                     {"--compress auto", "this one 'auto after 100 steps'"}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        go_on(fixture, path, &usual, arena_printf(fixture->arena, "%s %s", words, others[i][0]), others[i][1]);
    unlink(path);
}

/* What --compress auto has chosen comes back; other words for it are refused. */
static void test_choice(void **state)
{
    struct fixture *fixture = *state;
    const char *its_words = arena_printf(fixture->arena, "%s --compress auto", words), *error;
    struct training *training = open_training_of(fixture, &usual, its_words);
    struct trainer *trainer = &training->trainer;
    const int count = trainer->model->parameter_count;
    struct compress_way *ways = ARENA_ARRAY(fixture->arena, struct compress_way, count + 1);
    const char *path = in_folder(fixture, "c.safetensors"), *all = "";
    open_report(training);
    for (int i = 0; i < count; i++) {
        ways[i].kind = i ? COMPRESS_NONE : COMPRESS_F16;
        all = arena_printf(fixture->arena, "%s%s%s=%s", all, i ? " " : "", trainer->model->parameters[i].name,
                           i ? "none" : "f16");
    }
    compress_use(&trainer->compress, fixture->arena, ways, 1);
    go(training);
    assert_true(checkpoint_save(trainer, &training->report, path, &error));
    close_training(training);
    training = open_training_of(fixture, &usual, its_words);
    if (!checkpoint_load(&training->trainer, &training->report, path, &error))
        fail_msg("%s", error);
    assert_string_equal(trainer_print_ways(fixture->arena, &training->trainer), all);
    const char *const wrong[] = {"", "x=f16", arena_printf(fixture->arena, "%s more=none", all),
                                 replace_field(fixture->arena, all, 0, "E=auto"),
                                 replace_field(fixture->arena, all, 0, "E=powersgd:0")};
    struct text good;
    assert_true(file_read(fixture->arena, path, &good, &error));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct forgery forgery = begin_forgery(path);
        *metadata_of(&forgery, WAYS_KEY) = wrong[i];
        end_forgery(fixture, &forgery, path);
        refuse(training, path, "it does not say how the gradient of each parameter is sent");
        write_file(path, good.data, good.length);
    }
    close_training(training);
    unlink(path);
}

static void test_other_trainings(void **state)
{
    struct fixture *fixture = *state;
    const char *path = make_checkpoint(fixture, &usual, words);
    const char *const spaced = "# a comment\ncell A(x)->h { # and more\n\n  # here\n  h=tanh( x )\n\n}\n";
    go_on(fixture, path, &(struct subject){&tiny_model, spaced, text}, words, NULL);
    const char *const other = "cell A(x) -> h {\n  h = tanh(2 * x)\n}\n";
    go_on(fixture, path, &(struct subject){&tiny_model, other, text}, words,
          "the program is not what it was in its training;");
    char *changed = arena_copy_string(fixture->arena, text, strlen(text));
    changed[5] = 'c';
    go_on(fixture, path, &(struct subject){&tiny_model, PROGRAM, changed}, words, "the data is not what it was");
    changed = arena_copy_string(fixture->arena, text, strlen(text));
    changed[strlen(text) - 5] = 'a';
    go_on(fixture, path, &(struct subject){&tiny_model, PROGRAM, changed}, words,
          "the validation data is not what it was");
    const struct {
        const char *more, *message;
    } others[] = {{"--optimizer adam,beta1=0.8", "'beta1=0.9,beta2=0.999,epsilon=1e-08,weight_decay=0' for numbers of "
                                                 "the optimizer, this one 'beta1=0.8,"},
                  {"--weight-decay 0.1", "this one 'beta1=0.9,beta2=0.999,epsilon=1e-08,weight_decay=0.1'"},
                  {"-D n=3", "'' for options of the network, this one '-D n=3'"},
                  {"--top B", "this one '--top=B'"},
                  {"--double", NULL}, /* the network is the same, as it is written by hand */
                  {"--rate 0.5", NULL},
                  {"--clip 3 --clip-value 1", NULL},
                  {"--schedule plateau", NULL},
                  {"--epochs 77", NULL}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        go_on(fixture, path, &usual, arena_printf(fixture->arena, "%s %s", words, others[i].more), others[i].message);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_damage),          TEST(test_positions), TEST(test_arrays), TEST(test_missing_parts),
        TEST(test_other_trainings), TEST(test_earlier),   TEST(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* For tests of the training loop: a training on a text, with a network written by hand. */
#ifndef RNNC_TESTS_TRAINING_H
#define RNNC_TESTS_TRAINING_H

#include "tools_fixture.h"

#include "tiny_model.h"
#include "train/checkpoint.h"
#include "train/dataset.h"
#include "train/train_options.h"

enum { MOST_ARGUMENTS = 30 };

/* A training in a test. */
struct training {
    struct train_options options;
    struct table table;
    struct dataset data, held;
    struct trainer trainer;
    struct report report;
};

/* 121 characters of four kinds, of which each is nearly decided by the one before. */
static const char text[] = "abcdabcdabcdabdcabcdabcdbacdabcdabcdabcddabcabcdabcdabcdacbdabcd"
                           "abcdabcdabcabcdabcdabdabcdabcdabcdcbadabcdabcdabcdabcdabc";

/* The subject of a training. The network is written by hand: its program is only read for checkpoints. */
struct subject {
    const rnn_model *model;
    const char *program, *text;
};

/* Opens a training with these words on its command line. */
static inline struct training *open_training_of(struct fixture *fixture, const struct subject *subject,
                                                const char *words)
{
    struct training *training = ARENA_NEW(fixture->arena, struct training);
    const rnn_model *model = subject->model;
    const char *path = put_text(fixture, "x.txt", subject->text), *error;
    const char *program = put_text(fixture, "x.rnn", subject->program);
    char *line = arena_printf(fixture->arena, "train %s --quiet --data %s --out %s %s", program, path,
                              in_folder(fixture, "w.safetensors"), words);
    char *argv[MOST_ARGUMENTS] = {NULL};
    int argc = 0;
    for (char *word = strtok(line, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    train_options_parse(fixture->arena, argc, argv, &training->options);
    struct table_options from = {.option = "--data", .files = &path, .count = 1};
    struct cut cut = {.streams = training->options.streams};
    if (model->training->whole_sequences)
        cut.piece = 7;
    if (!table_read(fixture->arena, &from, model, &training->table, &error) ||
        !dataset_split(fixture->arena, &training->table, &cut, training->options.held_out, &training->data,
                       &training->held, &error) ||
        !trainer_open(&training->trainer, &training->options, model, &training->data, &training->held, &error))
        fail_msg("%s", error);
    unlink(path);
    unlink(program);
    curve_start(&training->report.learned);
    curve_start(&training->report.held);
    return training;
}

static inline struct training *open_training(struct fixture *fixture, const rnn_model *model, const char *words)
{
    return open_training_of(fixture, &(struct subject){model, "cell A(x) -> h {\n  h = x\n}\n", text}, words);
}

static inline void close_training(struct training *training)
{
    report_close(&training->report);
    trainer_close(&training->trainer);
}

static inline bool never(void) { return false; }
/* Does a step or ends an epoch, as rnn train does. */
static inline void go(struct training *training)
{
    struct trainer *trainer = &training->trainer;
    struct position before = trainer->position;
    struct score score;
    bool stopped;
    const char *error = NULL;
    if (before.batch < trainer_batches(trainer)) {
        if (!trainer_step(trainer, &error))
            fail_msg("%s", error);
        report_step(&training->report);
        return;
    }
    if (!trainer_finish_epoch(trainer, never, &score, &stopped, &error))
        fail_msg("%s", error);
    report_epoch(&training->report, &before, &score);
}

static inline void open_report(struct training *training)
{
    const char *error;
    if (!report_open(&training->report, &training->trainer, &error))
        fail_msg("%s", error);
}

#endif

/* Networks in a process of their own, as an emulator of another machine runs it.
 *
 * The process is a program that remote_server.c and the networks are linked to. It describes all its networks first,
 * and then answers calls: the bytes that the arguments point to go there, and those that the call may have written come
 * back. Both machines have the same types, in the same layout. */
#ifndef PROPERTY_REMOTE_H
#define PROPERTY_REMOTE_H

#include <stdint.h>

#include "rnn/model.h"

/* ---- of the tests ---- */

struct arena;

/* Starts a program, by a command of the shell. Where it ends before this process does, so does this process. */
void remote_start(struct arena *arena, const char *command);

/* The network of that number, or NULL. Calls of a network have no place for the program, nor for the number: there is
 * one program, and one network at a time, the one that was asked for last. */
const rnn_model *remote_network(int number);

/* ---- of both ---- */

enum remote_function {
    REMOTE_PACKED_SIZE,
    REMOTE_STATE_SIZE,
    REMOTE_WORK_SIZE,
    REMOTE_PACK,
    REMOTE_STATE_INIT,
    REMOTE_RESET,
    REMOTE_STATE_COPY,
    REMOTE_STEP,
    REMOTE_STEP_SOME,
    REMOTE_RUN,
    REMOTE_TRAINING_STATE_SIZE,
    REMOTE_TRAINING_WORK_SIZE,
    REMOTE_TRAINING_STATE_INIT,
    REMOTE_TRAINING_RESET,
    REMOTE_GRAD
};

enum { REMOTE_ARGUMENTS_MOST = 100, REMOTE_ALIGNMENT = 64 };

/* A call, with its arguments behind it. */
struct remote_call {
    int32_t function, model; /* the number of the model */
    int32_t frames, streams;
    int32_t argument_count;
};

/* An argument that is memory, with its bytes behind it. */
struct remote_argument {
    int64_t size;    /* below 0: NULL */
    int32_t offset;  /* of its address, from a multiple of REMOTE_ALIGNMENT */
    int32_t written; /* 1: its bytes come back */
};

#endif

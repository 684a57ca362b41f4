/* A driver measures one system. It is a process that reads requests from standard input, a line each, and answers each
 * with a line:
 *
 *   describe                                              name and version
 *   load FOLDER CALL NET UNITS LAYERS STREAMS FRAMES      "ready", or "no " and the reason
 *   write FOLDER                                          "ready": one pass from the zero state, results in FOLDER
 *   time SECONDS                                          microseconds a frame: the median of as many samples as fit
 *
 * CALL is `run` (all frames at once), `step` (a call for each frame, with the past carried over) or `train` (loss and
 * gradients of all frames). FOLDER of `load` holds parameters, inputs and targets, NAME.f32 or NAME.i32, as rnn/model.h
 * lays them out, written by the driver of emitted code; results have the same form, a parameter's gradient its name.
 * peer.py is the same for Python.
 *
 * A system with a C interface gives the functions below, and driver.c is the rest. */
#ifndef BENCH_DRIVER_H
#define BENCH_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

enum call { CALL_RUN, CALL_STEP, CALL_TRAIN };

struct task {
    enum call call;
    char folder[500], net[40];
    int units, layers, streams, frames;
};

void system_choose(const char *path); /* one of the system's ways, from the command line */
void system_describe(char text[static 200]);
const char *system_load(const struct task *task); /* NULL, or why the system has no such task; called once */
void system_reset(void);                          /* the past is zero again */
void system_call(int frame);                      /* of a step; else 0 */
float system_look(void);                          /* a number of the last result */
void system_write(const char *folder);

/* The whole file FOLDER/NAME.f32, in aligned memory, or a failure. With 0 numbers: as many as there are. */
float *read_numbers(const char *folder, const char *name, size_t count);
void write_numbers(const char *folder, const char *name, const float *numbers, size_t count);
void *allocate(size_t size); /* zeroed */
_Noreturn void fail(const char *what);

#endif

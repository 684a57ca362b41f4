#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../timing.h"

enum { SAMPLES_MOST = 100000, SAMPLES_LEAST = 5 };
static const double sample_least = 50e-6; /* seconds: shorter calls are measured several at a time */

static clockid_t timer;
static struct task task;
static volatile float seen;

void fail(const char *what)
{
    fprintf(stderr, "bench: %s failed\n", what);
    exit(1);
}

void *allocate(size_t size)
{
    void *memory = aligned_alloc(64, (size + 127) / 64 * 64);
    if (!memory)
        fail("memory");
    return memset(memory, 0, size);
}

float *read_numbers(const char *folder, const char *name, size_t count)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s.f32", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail(path);
    fseek(file, 0, SEEK_END);
    const size_t length = (size_t)ftell(file) / sizeof(float);
    rewind(file);
    if (count && count != length)
        fail("the size of a file");
    float *numbers = allocate(length * sizeof *numbers);
    if (fread(numbers, sizeof *numbers, length, file) != length)
        fail(path);
    fclose(file);
    return numbers;
}

void write_numbers(const char *folder, const char *name, const float *numbers, size_t count)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s.f32", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(numbers, sizeof *numbers, count, file) != count || fclose(file) != 0)
        fail(path);
}

static double now(void) { return seconds_of(timer); }

/* Calls `count` times, going on at `*frame`. Returns the seconds. */
static double sample(int count, int *frame)
{
    const double begun = now();
    for (int i = 0; i < count; i++) {
        system_call(*frame);
        if (task.call == CALL_STEP && ++*frame == task.frames)
            *frame = 0;
    }
    const double taken = now() - begun;
    seen += system_look();
    return taken;
}

/* Returns the median, in microseconds a frame. */
static double measure(double seconds)
{
    static double samples[SAMPLES_MOST];
    int frame = 0, calls = 1, count = 0;
    for (double warm = sample(1, &frame); warm < sample_least; warm = sample(calls, &frame))
        calls *= 2;
    for (double begun = now(); (now() - begun < seconds || count < SAMPLES_LEAST) && count < SAMPLES_MOST; count++)
        samples[count] = sample(calls, &frame) / calls;
    return median(samples, count) / (task.call == CALL_STEP ? 1 : task.frames) * 1e6;
}

static void load(const char *line)
{
    char call[10];
    if (sscanf(line, "%499s %9s %39s %d %d %d %d", task.folder, call, task.net, &task.units, &task.layers,
               &task.streams, &task.frames) != 7)
        fail("reading a task");
    task.call = strcmp(call, "run") == 0 ? CALL_RUN : strcmp(call, "step") == 0 ? CALL_STEP : CALL_TRAIN;
    const char *reason = system_load(&task);
    printf(reason ? "no %s\n" : "ready\n", reason);
}

int main(int count, char **arguments)
{
    if (count > 1)
        system_choose(arguments[1]);
    const char *clock_name = getenv("BENCH_CLOCK");
    timer = clock_name && strcmp(clock_name, "wall") == 0 ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID;
    char line[1000];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "load ", 5) == 0) {
            load(line + 5);
        } else if (strncmp(line, "write ", 6) == 0) {
            system_reset();
            for (int t = 0; t < (task.call == CALL_STEP ? task.frames : 1); t++)
                system_call(t);
            system_write(line + 6);
            puts("ready");
        } else if (strncmp(line, "time ", 5) == 0) {
            printf("%.5f\n", measure(atof(line + 5)));
        } else {
            char text[200];
            system_describe(text);
            puts(text);
        }
        fflush(stdout);
    }
}

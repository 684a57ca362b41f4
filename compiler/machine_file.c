#include "machine_file.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/machine.h"
#include "base/suggest.h"

struct reading {
    struct argp_state *state;
    struct arena *arena;
    const char *path;
    struct machine *machine;
};

static void read_instructions(const struct reading *reading, const json_t *file)
{
    const json_t *name = json_object_get(file, "instructions");
    const struct machine *built_in = json_is_string(name) ? machine_find(json_string_value(name)) : NULL;
    char names[MACHINE_NAMES];
    if (!built_in)
        argp_error(reading->state, "--machine=%s: 'instructions' wants %s, as a string", reading->path,
                   machine_names(names));
    else
        *reading->machine = *built_in;
}

static const struct machine_number *find_number(const char *key)
{
    for (const struct machine_number *number = machine_numbers; number->key; number++)
        if (strcmp(number->key, key) == 0)
            return number;
    return NULL;
}

static void refuse_key(const struct reading *reading, const char *key)
{
    struct suggestion suggestion;
    suggest_init(&suggestion, key);
    for (const struct machine_number *number = machine_numbers; number->key; number++)
        suggest_consider(&suggestion, number->key);
    if (suggestion.best)
        argp_error(reading->state, "--machine=%s: there is no key '%s'; did you mean '%s'?", reading->path, key,
                   suggestion.best);
    else
        argp_error(reading->state, "--machine=%s: there is no key '%s'; `rnn tune` writes a file with all there are",
                   reading->path, key);
}

static void read_number(const struct reading *reading, const struct machine_number *number, const json_t *value)
{
    const double read = json_is_number(value) ? json_number_value(value) : NAN;
    if (!(read >= number->least && read <= number->most) || (number->whole && read != floor(read)))
        argp_error(reading->state, "--machine=%s: '%s' wants a %snumber from %g to %g", reading->path, number->key,
                   number->whole ? "whole " : "", number->least, number->most);
    machine_number_set(reading->machine, number, read);
}

/* Reads the cores first. Other cores than the machine built in has share the third-level cache and memory, and have
 * their own first caches. */
static void read_cores(const struct reading *reading, const json_t *value)
{
    struct machine *machine = reading->machine;
    const int before = machine->cores;
    if (!value)
        return;
    read_number(reading, find_number("cores"), value);
    for (int level = 0; level < LEVEL_COUNT; level++) {
        struct machine_level *of = &machine->levels[level];
        if (level < LEVEL_MEMORY)
            of->all *= (double)machine->cores / before;
        if (of->cores == before)
            of->cores = machine->cores;
    }
}

static void read_keys(const struct reading *reading, json_t *file)
{
    const char *key;
    json_t *value;
    json_object_foreach(file, key, value)
    {
        const struct machine_number *number = find_number(key);
        if (number)
            read_number(reading, number, value);
        else if (strcmp(key, "instructions") != 0 && strcmp(key, "comment") != 0)
            refuse_key(reading, arena_printf(reading->arena, "%s", key));
    }
}

const struct machine *machine_file_read(struct argp_state *state, struct arena *arena, const char *path)
{
    struct reading reading = {state, arena, path, ARENA_NEW(arena, struct machine)};
    json_error_t error;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!file && error.line > 0)
        argp_error(state, "--machine=%s: line %d: %s", path, error.line, error.text);
    if (!file)
        argp_error(state, "--machine=%s: %s", path, error.text);
    if (!json_is_object(file))
        argp_error(state, "--machine=%s: a machine is an object, {...}, as `rnn tune` writes it", path);
    read_instructions(&reading, file);
    read_cores(&reading, json_object_get(file, "cores"));
    read_keys(&reading, file);
    json_decref(file);
    const char *slash = strrchr(path, '/');
    reading.machine->name = slash ? slash + 1 : path;
    return reading.machine;
}

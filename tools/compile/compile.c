/* rnn compile: the compiled network as a shared library, for programs that load it by themselves. */
#include <argp.h>
#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "command/commands.h"
#include "network/network.h"

struct compile_options {
    struct network_options network;
};

static const char documentation[] =
    "Compile a network into a shared library, and print its path.\v"
    "The library lies in the cache of the other commands, $XDG_CACHE_HOME/rnnc or ~/.cache/rnnc, and is compiled only "
    "where it is not there yet. It has the network under the prefix `net`: `net_model` is its descriptor, an rnn_model "
    "of rnn/model.h. Whoever loads it has the functions of the runtime, librnn_runtime, among its symbols already.\n\n"
    "Exit status: 0 done, 1 the program is wrong, 2 the command line is wrong.";

enum { KEY_VJP = 512, KEY_VJP_STATES };

static const struct argp_option options_table[] = {
    {"vjp", KEY_VJP, NULL, 0, "With gradients, for whoever has the adjoints of its outputs, see rnnc --help", 2},
    {"vjp-states", KEY_VJP_STATES, NULL, 0, "With --vjp: of states, too", 2},
    {0},
};

static const struct argument_field fields[] = {
    {KEY_VJP, ARGUMENT_FLAG, offsetof(struct compile_options, network.vjp)},
    {KEY_VJP_STATES, ARGUMENT_FLAG, offsetof(struct compile_options, network.vjp_states)},
    {0},
};

static void settle(void *to, struct argp_state *state)
{
    struct compile_options *options = to;
    (void)state;
    options->network.vjp |= options->network.vjp_states;
}

static const struct command_line command_line = {.options = options_table,
                                                 .fields = fields,
                                                 .doc = documentation,
                                                 .parts = {{&network_argp, offsetof(struct compile_options, network)}},
                                                 .check = settle};

int command_compile(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct compile_options options = {.network = network_options_new(arena)};
    command_line_parse(&command_line, argc, argv, &options);
    const char *error = NULL, *path = library_build(&options.network, &error);
    if (path)
        puts(path);
    arena_free(arena);
    return path ? 0 : print_error(error);
}

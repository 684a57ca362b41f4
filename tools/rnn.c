/* rnn: uses networks written for rnnc. The work is done by the subcommands. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/argument.h"
#include "command/commands.h"
#include "files/standard.h"

const char *argp_program_version = "rnn " RNNC_VERSION;

static const struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", "run a network on data from files, or let it write text", command_run},
    {"train", "find weights with a small loss", command_train},
    {"eval", "say how good weights are on data", command_eval},
    {"check", "compare the compiled network with the reference interpreter", command_check},
    {"compile", "make a shared library of the network", command_compile},
    {"import", "write a program for a network of PyTorch, ONNX or Keras, with its weights", command_import},
    {"factor", "replace weights by low-rank factors, or by numbers of fewer bits", command_factor},
    {"bench", "measure how fast the compiled network is", command_bench},
    {"tune", "measure this machine, for rnnc --machine", command_tune},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

int print_error(const char *sentence)
{
    if (sentence)
        fprintf(stderr, "rnn: error: %s\n", sentence);
    return 1;
}

static void write_commands(FILE *out)
{
    fputs("Commands:\n", out);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fputs("\n", out);
}

static char *list_commands(int key, const char *text, void *input)
{
    (void)input;
    return argument_help(key, text, write_commands);
}

/* Ends the program with the names of all commands. */
static void refuse_command(struct argp_state *state, const char *argument)
{
    char names[32 * COMMAND_COUNT] = "";
    for (int i = 0; i < COMMAND_COUNT; i++) {
        strcat(names, i == 0 ? "" : i < COMMAND_COUNT - 1 ? ", " : " and ");
        strncat(names, commands[i].name, 24);
    }
    argp_error(state, "there is no command '%s'; there are %s", argument, names);
}

/* Finds the command; what follows it is the command's own business. */
static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    const struct command **command = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        for (int i = 0; i < COMMAND_COUNT; i++)
            if (strcmp(commands[i].name, argument) == 0)
                *command = &commands[i];
        if (!*command)
            refuse_command(state, argument);
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which command?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    standard_streams_open();
    argp_err_exit_status = 2;
    const struct argp argp = {
        .parser = parse_option,
        .args_doc = "COMMAND [ARGUMENT...]",
        .doc = "Use a recurrent neural network written for rnnc.\v"
               "`rnn COMMAND --help` explains a command.",
        .help_filter = list_commands,
    };
    const struct command *command = NULL;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &command);
    int first = 1;
    while (strcmp(argv[first], command->name) != 0)
        first++;
    char name[32];
    snprintf(name, sizeof name, "rnn %s", command->name);
    argv[first] = name;
    return command->run(argc - first, argv + first);
}

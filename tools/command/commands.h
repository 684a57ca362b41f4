/* The subcommands of `rnn`: argv[0] is the command's full name, the result is an exit status. */
#ifndef RNN_TOOLS_COMMANDS_H
#define RNN_TOOLS_COMMANDS_H

/* 0 done, 1 the program or the data is wrong, 2 the command line is wrong, 128 + n: signal n ended it. */
int command_run(int argc, char **argv);
int command_train(int argc, char **argv);
int command_eval(int argc, char **argv);
int command_check(int argc, char **argv);
int command_compile(int argc, char **argv);
int command_import(int argc, char **argv);
int command_factor(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_tune(int argc, char **argv);

/* Prints "rnn: error: ...", unless the sentence is NULL because all has been reported; returns 1. */
int print_error(const char *sentence);

#endif

/* The optimizer and the schedule that a command line chooses. */
#ifndef RNN_TOOLS_METHODS_H
#define RNN_TOOLS_METHODS_H

#include "train/train_options.h"

/* adam,beta1=0.8 -> the name, and settings, instead of those before. */
const char *methods_split(const char *argument, struct words *settings);

/* Finds both by their names and applies the settings, each of which may be given in one way. */
void methods_choose(struct train_options *options, struct argp_state *state);

/* An argp.help_filter that lists them. */
char *methods_help(int key, const char *text, void *input);

#endif

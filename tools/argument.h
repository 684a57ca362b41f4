/* Numbers on command lines, and help that a table has a part in. A wrong number ends the program through argp_error,
 * with the option and what it needs. */
#ifndef RNN_TOOLS_ARGUMENT_H
#define RNN_TOOLS_ARGUMENT_H

#include <argp.h>
#include <stdint.h>
#include <stdio.h>

int argument_count(struct argp_state *state, const char *option, const char *argument);           /* 1 or more */
double argument_positive(struct argp_state *state, const char *option, const char *argument);     /* above 0 */
double argument_non_negative(struct argp_state *state, const char *option, const char *argument); /* 0 or more */
uint64_t argument_seed(struct argp_state *state, const char *option, const char *argument);       /* any */

/* For argp.help_filter: what `write` prints, before the text that follows the options. */
char *argument_help(int key, const char *text, void (*write)(FILE *out));

#endif

/* Descriptions of machines in files, as `rnn tune` writes them: a JSON object that names the instructions, a machine
 * built in, and gives some of the numbers in machine_numbers; the rest is that machine's. A "comment" says anything. */
#ifndef RNNC_MACHINE_FILE_H
#define RNNC_MACHINE_FILE_H

#include <argp.h>

struct arena;
struct machine;

/* Ends the process with status 2 and a message where the file cannot be read or does not describe a machine. */
const struct machine *machine_file_read(struct argp_state *state, struct arena *arena, const char *path);

#endif

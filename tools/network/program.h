/* The checked program of a network, as rnnc has it too. */
#ifndef RNN_TOOLS_PROGRAM_H
#define RNN_TOOLS_PROGRAM_H

#include "network/network.h"
#include "syntax/tree.h"

/* The folders of -I. */
struct import_options program_imports(const struct network_options *options);

/* Adds the program and the files that it imports to those that no result may overwrite. What is wrong with them is for
 * rnnc to report. */
void program_reads(const struct network_options *options, struct argument_files *files);

/* Checks the source, to which what it imports is added, with the options' definitions, top and forms. NULL if it is
 * wrong, which has been reported. */
const struct program *program_check(const struct network_options *options, struct source *source);

/* The same, and says nothing. */
bool program_is_right(const struct network_options *options, struct source *source);

#endif

/* The standard streams of a program. */
#ifndef RNNC_FILES_STANDARD_H
#define RNNC_FILES_STANDARD_H

/* Must be called first. A standard stream that is closed is opened such that its use fails, so that no file of the
 * program's takes its number and receives what is printed. At exit, standard output is flushed; if anything printed has
 * been lost, that is reported and the exit status is 1. */
void standard_streams_open(void);

/* Flushes standard output: 0, or the errno of what was lost of all that has been printed. */
int standard_output_flush(void);

#endif

/* Ending at a moment of one's own choice: SIGINT, SIGTERM and SIGHUP (unless it is ignored) wait
 * until they are asked for. */
#ifndef RNN_TOOLS_STOP_H
#define RNN_TOOLS_STOP_H

#include <signal.h>
#include <stdbool.h>

sigset_t stop_hold_signals(void); /* from here on they wait; returns which signals did before */
void stop_restore_signals(const sigset_t *before);
bool stop_requested(void); /* one of them waits */
int stop_signal(void);     /* takes it: its number; 0: none waits */

#endif

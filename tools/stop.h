/* Ending at a moment of one's own choice: SIGINT and SIGTERM wait until they are asked for. */
#ifndef RNN_TOOLS_STOP_H
#define RNN_TOOLS_STOP_H

#include <stdbool.h>

void stop_hold_signals(void); /* from here on they wait */
bool stop_requested(void);    /* one of them waits */
int stop_signal(void);        /* takes it: its number; 0: none waits */

#endif

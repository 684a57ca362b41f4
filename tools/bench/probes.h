/* The loops of limits.h as C text, which is compiled for the machine at hand. */
#ifndef RNN_TOOLS_PROBES_H
#define RNN_TOOLS_PROBES_H

extern const char probes_text[];

#endif

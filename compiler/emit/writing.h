/* Declarations shared by the files that write entry points. */
#ifndef RNNC_EMIT_WRITING_H
#define RNNC_EMIT_WRITING_H

#include "emit/calls.h"

struct writing {
    struct emitter *emitter;
    const struct plan *plan;
    int begin, end; /* the steps of the plan that are this call's */
    bool one_frame; /* no blocks: the frame is the block */
    int indent;
    bool gradient; /* within code for the gradient only */
    bool team;     /* there are regions that threads share */
};

/* Writes a line, with names as in write_named. */
void write_line(struct writing *writing, const char *line);

/* head.c: writes the beginning of a call behind its checks; a part of it: where the past of streams is. */
void write_head(struct writing *writing);
void write_past(struct writing *writing);

/* plan.c: writes the steps of a call. */
void write_body(struct writing *writing);

/* wave.c: sections of a wavefront. */

/* Writes what the sections of a call share. */
void write_wave(struct writing *writing);
/* Opens a section in front of its loop; closes it behind. The first and the last of a wavefront open and close that. */
void open_section(struct writing *writing, int section);
void close_section(struct writing *writing, int section);
/* Writes the waits of a section for each block. */
void write_waits_of_block(struct writing *writing, int section);

/* parts.c: writes the signature of the function that does a part of a call, and the entry point that calls it. */
void write_part_signature(struct emitter *emitter);
void write_run_in_parts(struct emitter *emitter);

#endif

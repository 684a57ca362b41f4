/* Sentences on layers that cannot be imported, whatever system they are of; they follow the layer's name. */
#ifndef RNN_TOOLS_IMPORT_REASONS_H
#define RNN_TOOLS_IMPORT_REASONS_H

#define IMPORT_CHANGES_RATE "changes the number of frames, but a program gives one for each that it is given"
#define IMPORT_WHOLE_STATISTICS                                                                                        \
    "has statistics over all frames of a sequence, which rnn import does not write: LayerNormalization has those of "  \
    "each frame"

#endif

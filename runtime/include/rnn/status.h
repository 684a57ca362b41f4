/* Results of the calls of a network. */
#ifndef RNN_STATUS_H
#define RNN_STATUS_H

typedef enum {
    RNN_OK = 0,
    /* NULL where memory is needed, memory that is not aligned, a state of no streams, frames below 0 (in training 1) */
    RNN_ERROR_ARGUMENT,
    RNN_ERROR_LENGTH,  /* a length below 0 or above `frames`; more labels than the frames of a stream can spell */
    RNN_ERROR_ID,      /* an id outside -1 .. V-1 */
    RNN_ERROR_FILE,    /* cannot be opened, read or written */
    RNN_ERROR_FORMAT,  /* not a safetensors file, or a broken one */
    RNN_ERROR_WEIGHTS, /* a tensor is missing or has another shape or type than the network */
    RNN_ERROR_MEMORY   /* out of memory */
} rnn_status;

#endif

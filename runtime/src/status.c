#include "status.h"

#include <stdarg.h>
#include <stdio.h>

const char *rnn_status_text(rnn_status status)
{
    switch (status) {
    case RNN_OK:
        return "done";
    case RNN_ERROR_ARGUMENT:
        return "an argument is missing, the state has no streams, or the frames are none that the call can have";
    case RNN_ERROR_LENGTH:
        return "a length is below 0 or above the number of frames, or a stream has more labels than its frames can "
               "spell";
    case RNN_ERROR_ID:
        return "an id is outside -1 .. vocabulary - 1";
    case RNN_ERROR_FILE:
        return "a file cannot be opened, read or written";
    case RNN_ERROR_FORMAT:
        return "not a safetensors file, or a broken one";
    case RNN_ERROR_WEIGHTS:
        return "the weights do not fit the network";
    case RNN_ERROR_MEMORY:
        return "out of memory";
    }
    return "unknown status";
}

rnn_status rnn_fail(rnn_error *error, rnn_status status, const char *format, ...)
{
    va_list arguments;
    if (!error)
        return status;
    va_start(arguments, format);
    error->status = status;
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return status;
}

rnn_status rnn_succeed(rnn_error *error)
{
    if (error)
        *error = (rnn_error){.status = RNN_OK};
    return RNN_OK;
}

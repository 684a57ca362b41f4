#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* program_invocation_short_name */
#endif
#include "files/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int standard_output_flush(void)
{
    errno = 0;
    bool lost = fflush(stdout) != 0;
    return lost || ferror(stdout) ? (errno ? errno : EIO) : 0;
}

static void check_output(void)
{
    int reason = standard_output_flush();
    if (!reason)
        return;
    fprintf(stderr, "%s: error: cannot write to standard output: %s\n", program_invocation_short_name,
            strerror(reason));
    _exit(EXIT_FAILURE);
}

void standard_streams_open(void)
{
    const int wrong_way[] = {[STDIN_FILENO] = O_WRONLY, [STDOUT_FILENO] = O_RDONLY, [STDERR_FILENO] = O_RDONLY};
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        if (fcntl(i, F_GETFD) < 0 && errno == EBADF && open("/dev/null", wrong_way[i]) != i)
            _exit(EXIT_FAILURE);
    if (atexit(check_output) != 0)
        _exit(EXIT_FAILURE);
}

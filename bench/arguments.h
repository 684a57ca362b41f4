/* Numbers on the command lines of the programs of the bench that measure by themselves. */
#ifndef BENCH_ARGUMENTS_H
#define BENCH_ARGUMENTS_H

#include <stdio.h>
#include <stdlib.h>

/* A number from 1 to `most`. Ends the program with status 2 if the argument is none. */
static inline int number_of(const char *argument, int most)
{
    char *end;
    const long number = strtol(argument, &end, 10);
    if (*end == '\0' && number >= 1 && number <= most)
        return (int)number;
    fprintf(stderr, "'%s' is no number from 1 to %d; the first lines of the source say how the program is called\n",
            argument, most);
    exit(2);
}

/* Checks [ROUNDS [UNITS COLUMNS]...]. Returns ROUNDS, or `usual` without. */
static inline int rounds_of(int argc, char **argv, int usual, int most)
{
    enum { UNITS_MOST = 8192, COLUMNS_MOST_ASKED = 4096 };
    for (int i = 2; i < argc; i++)
        number_of(argv[i], i % 2 ? COLUMNS_MOST_ASKED : UNITS_MOST);
    if (argc > 1 && argc % 2) {
        fprintf(stderr, "UNITS %s are without COLUMNS\n", argv[argc - 1]);
        exit(2);
    }
    return argc > 1 ? number_of(argv[1], most) : usual;
}

#endif

/* Saves start values: save FILE SEED. */
#include <stdio.h>
#include <stdlib.h>

#include "elman.h"

int main(int argc, char **argv)
{
    elman_params *params = malloc(sizeof *params);
    rnn_error error;
    if (argc != 3 || !params || elman_init(params, strtoull(argv[2], NULL, 10)) != RNN_OK)
        return 1;
    if (elman_save(params, argv[1], &error) != RNN_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    free(params);
    return 0;
}

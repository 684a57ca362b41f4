/* Prints the level that this machine runs of a network for several. */
#include <stdio.h>

#include "elman.h"

int main(void)
{
    printf("%s\n", several_target()->target);
    return several_packed_size() == 0;
}

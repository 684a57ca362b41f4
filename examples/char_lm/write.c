/* Lets a character model that `rnn train` has trained write, without rnn: each character that is drawn is the next
 * input.
 *
 *   rnnc char_lm.rnn -D n=128 --header=char_lm.h -o char_lm.c
 *   cc -O3 -march=native -I RUNTIME/include -I . write.c char_lm.c librnn_runtime.a -ljansson -lm -o write
 *   write WEIGHTS.safetensors [CHARACTERS] [SEED]
 */
#include <stdio.h>
#include <stdlib.h>

#include "char_lm.h"
#include "rnn/weights.h"

enum { CHARACTERS_MOST = 96 };

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "write: %s: %s\n", what, why);
    exit(1);
}

/* The characters of the ids, from "characters 0a 20 ..." in the weights file. Returns how many there are. */
static int read_vocabulary(const char *path, long codes[CHARACTERS_MOST])
{
    rnn_error error;
    rnn_file *file = rnn_file_open(path, &error);
    if (!file)
        fail(path, error.text);
    const char *text = rnn_file_metadata(file, "rnnc.vocabulary");
    if (!text)
        fail(path, "has no vocabulary; rnn train puts one there");
    int count = 0;
    while (*text && *text != ' ')
        text++;
    for (char *end; *text && count < CHARACTERS_MOST; text = end)
        codes[count++] = strtol(text, &end, 16);
    rnn_file_close(file);
    return count;
}

/* UTF-8 */
static void write_character(long code)
{
    if (code < 0x80)
        putchar((int)code);
    else if (code < 0x800)
        printf("%c%c", (int)(0xc0 | code >> 6), (int)(0x80 | (code & 63)));
    else
        printf("%c%c%c", (int)(0xe0 | code >> 12), (int)(0x80 | (code >> 6 & 63)), (int)(0x80 | (code & 63)));
}

static int32_t draw(const rnn_real *p, int count)
{
    double rest = drand48();
    int32_t id = 0;
    while (id < count - 1 && (rest -= (double)p[id]) > 0)
        id++;
    return id;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: write WEIGHTS.safetensors [CHARACTERS] [SEED]\n");
        return 2;
    }
    rnn_error error;
    long codes[CHARACTERS_MOST];
    const int count = read_vocabulary(argv[1], codes);
    char_lm_params *params = malloc(sizeof *params);
    char_lm_packed *packed = rnn_alloc(char_lm_packed_size(), char_lm_alignment());
    char_lm_state *state = rnn_alloc(char_lm_state_size(1), char_lm_alignment());
    if (!params || !packed || !state)
        fail(argv[1], "out of memory");
    if (char_lm_load(params, argv[1], &error) != RNN_OK)
        fail(argv[1], error.text);
    char_lm_pack(params, packed);
    free(params);
    char_lm_state_init(state, 1);
    srand48(argc > 3 ? atol(argv[3]) : 1);

    int32_t id = -1; /* no character yet */
    for (long left = argc > 2 ? atol(argv[2]) : 400; left > 0; left--) {
        rnn_real p[CHARACTERS_MOST];
        if (char_lm_step(packed, state, &id, p) != RNN_OK)
            fail(argv[1], "the network refuses a step");
        id = draw(p, count);
        write_character(codes[id]);
    }
    putchar('\n');
    rnn_free(packed);
    rnn_free(state);
    return 0;
}

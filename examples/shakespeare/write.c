/* Lets the network write: each character that is drawn from its output is its next input.
 *
 *   write WEIGHTS.safetensors VOCABULARY.json [LINES] [SEED]
 *
 * The vocabulary is a JSON object from characters to ids. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rnn/model.h"
#include "shakespeare.h"

enum { CHARACTERS = 65 };

/* Below 1, likely characters become likelier: fewer surprises, fewer mistakes. */
static const double temperature = 0.5;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "write: %s: %s\n", what, why);
    exit(1);
}

/* character[id] for every id. */
static void read_vocabulary(const char *path, char character[CHARACTERS])
{
    json_error_t error;
    json_t *vocabulary = json_load_file(path, 0, &error);
    if (!vocabulary)
        fail(path, error.text);
    const char *key;
    json_t *value;
    json_object_foreach(vocabulary, key, value)
    {
        json_int_t id = json_integer_value(value);
        if (id < 0 || id >= CHARACTERS)
            fail(path, "an id is out of range");
        character[id] = key[0];
    }
    json_decref(vocabulary);
}

/* The network with its weights, and the past of one stream. */
struct writer {
    shakespeare_packed *packed;
    shakespeare_state *state;
};

static struct writer open_writer(const char *weights)
{
    rnn_error error;
    shakespeare_params *params = malloc(sizeof *params);
    struct writer writer = {rnn_alloc(shakespeare_packed_size(), shakespeare_alignment()),
                            rnn_alloc(shakespeare_state_size(1), shakespeare_alignment())};
    if (!params || !writer.packed || !writer.state)
        fail(weights, "out of memory");
    if (shakespeare_load(params, weights, &error) != RNN_OK)
        fail(weights, error.text);
    if (shakespeare_pack(params, writer.packed) != RNN_OK)
        fail(weights, "cannot be packed");
    free(params);
    shakespeare_state_init(writer.state, 1);
    return writer;
}

/* An id, drawn from softmax(logits / temperature). */
static int32_t draw(const rnn_real logits[CHARACTERS])
{
    double weight[CHARACTERS], largest = -INFINITY, sum = 0;
    for (int i = 0; i < CHARACTERS; i++)
        largest = fmax(largest, logits[i]);
    for (int i = 0; i < CHARACTERS; i++)
        sum += weight[i] = exp((logits[i] - largest) / temperature);
    double rest = drand48() * sum;
    int32_t id = 0;
    while (id < CHARACTERS - 1 && (rest -= weight[id]) > 0)
        id++;
    return id;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: write WEIGHTS.safetensors VOCABULARY.json [LINES] [SEED]\n");
        return 2;
    }
    char character[CHARACTERS] = {0};
    read_vocabulary(argv[2], character);
    struct writer writer = open_writer(argv[1]);
    long lines = argc > 3 ? atol(argv[3]) : 12;
    srand48(argc > 4 ? atol(argv[4]) : 1);

    int32_t id = 0; /* the vocabulary's first character is the end of a line */
    while (lines > 0) {
        rnn_real logits[CHARACTERS];
        if (shakespeare_step(writer.packed, writer.state, &id, logits) != RNN_OK)
            fail(argv[1], "the network refuses a step");
        id = draw(logits);
        putchar(character[id]);
        lines -= character[id] == '\n';
    }
    rnn_free(writer.packed);
    rnn_free(writer.state);
    return 0;
}

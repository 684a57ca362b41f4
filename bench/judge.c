/* Judges what the emitted code of a language model puts out: for each id of a text, in one stream, the probabilities of
 * the next one. Prints the loss and the accuracy of the most probable one, as `rnn eval --streams 1` does, which judges
 * the program: where an output has a preview (SVD-softmax, see docs/forms.md), it computes all columns of all units,
 * and emitted code those of the largest. Built and called by bench/applications.sh, with a network that rnnc has
 * compiled with --prefix=net, of one input, ids, and one output, a probability for each:
 *
 *   judge WEIGHTS.safetensors DATA.safetensors
 *
 * DATA has the ids under the name of the input, and those that follow them as y. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rnn/weights.h"

extern const rnn_model net_model;

enum { BLOCK = 256 }; /* frames of a call */

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "judge: %s\n", what);
    exit(1);
}

static void *must(void *pointer) { return pointer ? pointer : (fail("out of memory"), NULL); }

/* Reads ids, each from 0 to `most` - 1. Returns how many there are. */
static size_t read_ids(const rnn_file *file, const char *name, int most, int32_t **ids)
{
    const rnn_file_tensor *tensor = rnn_file_find(file, name);
    if (!tensor || tensor->rank != 1) {
        fprintf(stderr, "judge: the data have no series '%s'\n", name);
        exit(1);
    }
    double *numbers = must(malloc((tensor->elements + 1) * sizeof *numbers));
    *ids = must(malloc((tensor->elements + 1) * sizeof **ids));
    rnn_file_read_double(tensor, numbers);
    for (size_t i = 0; i < tensor->elements; i++) {
        if (!(numbers[i] >= 0 && numbers[i] < most))
            fail("an id of the data is not in the vocabulary");
        (*ids)[i] = (int32_t)numbers[i];
    }
    free(numbers);
    return tensor->elements;
}

struct tally {
    double loss; /* sum, in nats */
    size_t right;
};

static void judge_frame(struct tally *tally, const rnn_real *p, int words, int32_t next)
{
    int best = 0;
    for (int i = 1; i < words; i++)
        best = p[i] > p[best] ? i : best;
    tally->loss -= log((double)p[next]);
    tally->right += best == next;
}

static void *load_network(const char *path)
{
    rnn_error error;
    void *parameters = must(rnn_alloc(net_model.parameter_elements * sizeof(rnn_real), 64));
    void *packed = must(rnn_alloc(net_model.packed_size(), net_model.alignment));
    if (rnn_parameters_load(&net_model, parameters, path, &error) != RNN_OK)
        fail(error.text);
    if (net_model.pack(parameters, packed) != RNN_OK)
        fail("packing fails");
    rnn_free(parameters);
    return packed;
}

static struct tally judge_text(const void *packed, const int32_t *words, const int32_t *next, size_t count)
{
    const int vocabulary = net_model.outputs[0].shape[0];
    struct tally tally = {0};
    void *state = must(rnn_alloc(net_model.state_size(1), net_model.alignment));
    void *work = must(rnn_alloc(net_model.work_size(BLOCK, 1), net_model.alignment));
    rnn_real *p = must(rnn_alloc(BLOCK * (size_t)vocabulary * sizeof *p, 64));
    net_model.state_init(state, 1);
    for (size_t begin = 0; begin < count; begin += BLOCK) {
        const int frames = (int)(count - begin < BLOCK ? count - begin : BLOCK);
        if (net_model.run(packed, state, work, frames, NULL, (const void *[]){words + begin}, (void *[]){p}) != RNN_OK)
            fail("a run fails");
        for (int t = 0; t < frames; t++)
            judge_frame(&tally, p + (size_t)t * (size_t)vocabulary, vocabulary, next[begin + (size_t)t]);
    }
    rnn_free(state);
    rnn_free(work);
    rnn_free(p);
    return tally;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return fprintf(stderr, "usage: judge WEIGHTS DATA\n"), 2;
    const rnn_tensor *input = net_model.inputs, *output = net_model.outputs;
    if (net_model.input_count != 1 || input->type != RNN_TYPE_ID || input->time != RNN_TIME_FRAME ||
        net_model.output_count != 1 || output->time != RNN_TIME_FRAME || output->rank != 1)
        fail("the network has other inputs or outputs than a language model");
    rnn_error error;
    rnn_file *file = rnn_file_open(argv[2], &error);
    if (!file)
        fail(error.text);
    int32_t *words, *next;
    const size_t count = read_ids(file, input->name, input->vocabulary, &words);
    if (read_ids(file, "y", output->shape[0], &next) != count || !count)
        fail("the data have no frames, or another number of targets");
    rnn_file_close(file);
    void *packed = load_network(argv[1]);
    const struct tally tally = judge_text(packed, words, next, count);
    const double loss = tally.loss / (double)count;
    printf("%s: emitted code; %zu frames in 1 stream\nloss %.6g (%.6g bits)\naccuracy of y: %.2f %%, %zu of %zu\n",
           net_model.name, count, loss, loss / log(2), 100.0 * (double)tally.right / (double)count, tally.right, count);
    rnn_free(packed);
    free(words);
    free(next);
    return 0;
}

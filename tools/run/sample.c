#include "run/sample.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "network/session.h"
#include "table/decode.h"
#include "table/vocabulary.h"

struct writer {
    struct arena *arena;
    const struct sample_options *options;
    const struct vocabulary *vocabulary;
    struct session session;
    int output; /* of the model: the one that symbols are drawn from */
    void **outputs;
    double *weights; /* of each unit of the output */
    struct random random;
};

/* Counts the outputs that symbols may be drawn from, and keeps the last of them. */
static int count_outputs(struct writer *writer, const rnn_model *model)
{
    const rnn_tensor *input = model->inputs;
    const char *from = writer->options->from;
    int count = 0;
    for (int i = 0; i < model->output_count; i++) {
        const rnn_tensor *output = &model->outputs[i];
        if (output->type == RNN_TYPE_REAL && output->time == RNN_TIME_FRAME &&
            tensor_units(output) == input->vocabulary && (!from || strcmp(from, output->name) == 0)) {
            writer->output = i;
            count++;
        }
    }
    return count;
}

static bool find_output(struct writer *writer, const rnn_model *model, const char **error)
{
    const rnn_tensor *input = model->inputs;
    bool reads = model->input_count == 1 && input->type == RNN_TYPE_ID && input->time == RNN_TIME_FRAME && model->step;
    int count = reads ? count_outputs(writer, model) : 0;
    if (count > 1)
        *error = arena_printf(writer->arena,
                              "several outputs have a unit for each of %d ids: say with --from which one to draw from",
                              input->vocabulary);
    else if (count == 0 && reads && writer->options->from)
        *error = arena_printf(writer->arena, "--from: '%s' is no output with a unit for each of %d ids, one a frame",
                              writer->options->from, input->vocabulary);
    else if (count == 0)
        *error = arena_printf(writer->arena,
                              "'%s' cannot write: that needs one input, an id, an output with a unit for each id, one "
                              "a frame, and no look at the future",
                              model->name);
    return count == 1;
}

/* Lets the network read a symbol. */
static bool read_symbol(struct writer *writer, int32_t id, const char **error)
{
    struct session *session = &writer->session;
    rnn_status status =
        session->model->step(session->packed, session->state, (const void *const[]){&id}, writer->outputs);
    *error = rnn_status_text(status);
    return status == RNN_OK;
}

static double output_at(const struct writer *writer, int unit)
{
    const rnn_model *model = writer->session.model;
    return tensor_get(model, &model->outputs[writer->output], writer->outputs[writer->output], unit);
}

/* Draws an id of the vocabulary in proportion to p^(1 / temperature); p = softmax of logits. -1 without a finite
 * output. */
static int32_t draw(struct writer *writer)
{
    int count = writer->vocabulary->count, units = writer->session.model->inputs->vocabulary, best = 0;
    double sum = 0, temperature = writer->options->temperature;
    for (int i = 0; i < units; i++)
        writer->weights[i] = output_at(writer, i);
    bool distribution = is_distribution(writer->weights, units);
    for (int i = 0; i < count; i++) {
        double x = writer->weights[i];
        writer->weights[i] = distribution ? log(x) : x;
        if (isnan(x))
            return -1;
        best = writer->weights[i] > writer->weights[best] ? i : best;
    }
    if (!isfinite(writer->weights[best]))
        return -1;
    if (temperature == 0)
        return best;
    double most = writer->weights[best];
    for (int i = 0; i < count; i++)
        sum += writer->weights[i] = exp((writer->weights[i] - most) / temperature);
    double rest = (random_real(&writer->random, 1) + 1) / 2 * sum;
    for (int i = 0; i < count; i++)
        if ((rest -= writer->weights[i]) < 0)
            return i;
    return best;
}

static void print_symbol(struct writer *writer, uint32_t code)
{
    struct text text;
    text_init(&text, writer->arena);
    symbol_write(&text, code, writer->vocabulary->bytes);
    fwrite(text.data, 1, text.length, stdout);
}

/* Reads the prime, and prints it. */
static bool read_prime(struct writer *writer, const char **error)
{
    const struct vocabulary *vocabulary = writer->vocabulary;
    const char *prime = writer->options->prime;
    struct symbols symbols = {.arena = writer->arena};
    if (!prime || !*prime)
        return read_symbol(writer, vocabulary_find(vocabulary, '\n'), error);
    if (!symbols_append(&symbols, prime, strlen(prime), vocabulary->bytes, "--prime", error))
        return false;
    for (size_t i = 0; i < symbols.count; i++) {
        int32_t id = vocabulary_find(vocabulary, symbols.codes[i]);
        if (id < 0) {
            *error = arena_printf(writer->arena, "--prime: %s does not occur in the text that was learned from",
                                  symbol_name(writer->arena, symbols.codes[i], vocabulary->bytes));
            return false;
        }
        if (!read_symbol(writer, id, error))
            return false;
    }
    fputs(prime, stdout);
    return true;
}

static bool write_symbols(struct writer *writer, const char **error)
{
    for (int i = 0; i < writer->options->count; i++) {
        int32_t id = draw(writer);
        if (id < 0) {
            *error = arena_printf(writer->arena, "after %d symbols: the output is not finite", i);
            return false;
        }
        print_symbol(writer, writer->vocabulary->codes[id]);
        if (!read_symbol(writer, id, error))
            return false;
    }
    return true;
}

static bool prepare_session(struct writer *writer, const rnn_model *model, const struct feed_options *feed,
                            const char **error)
{
    struct arena *arena = writer->arena;
    writer->outputs = ARENA_ARRAY(arena, void *, model->output_count + 1);
    writer->outputs[writer->output] = tensor_new(arena, model, &model->outputs[writer->output], 1, 1);
    writer->weights = ARENA_ARRAY(arena, double, model->inputs->vocabulary);
    writer->random = random_start(random_key(writer->options->seed, 0));
    return session_load(arena, &writer->session, feed->weights, feed->strict, error) &&
           session_choose(arena, &writer->session, writer->options->variant, feed->weights, error) &&
           session_pack(arena, &writer->session, error);
}

bool sample_text(struct arena *arena, const rnn_model *model, const struct feed_options *feed,
                 const struct sample_options *options, const char **error)
{
    const char *weights = feed->weights;
    struct writer writer = {.arena = arena, .options = options};
    writer.vocabulary = vocabulary_load(arena, weights, error);
    if (!writer.vocabulary || !find_output(&writer, model, error))
        return false;
    if (writer.vocabulary->count > model->inputs->vocabulary) {
        *error = arena_printf(arena,
                              "'%s' has a vocabulary of %d, but input '%s' has room for %d: use the -D that it was "
                              "trained with",
                              weights, writer.vocabulary->count, model->inputs->name, model->inputs->vocabulary);
        return false;
    }
    if (!session_open(&writer.session, model, 1, 1, error))
        return false;
    bool done =
        prepare_session(&writer, model, feed, error) && read_prime(&writer, error) && write_symbols(&writer, error);
    if (done)
        putchar('\n'); /* a failure to write is found at the end of the program */
    session_close(&writer.session);
    return done;
}

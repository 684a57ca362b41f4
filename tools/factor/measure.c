#include "base/arena.h"
#include "bench/timing.h"
#include "factor/search.h"
#include "network/draw.h"
#include "network/session.h"

enum { ROUNDS = 7 };
static const double round_seconds = 0.1;

/* A network, with random numbers to compute with. */
struct measured {
    const rnn_model *model;
    struct session session;
    int frames;
    void **inputs, **outputs;
    double taken[ROUNDS]; /* seconds of a call */
};

static rnn_status call(void *context)
{
    const struct measured *measured = context;
    return measured->model->run(measured->session.packed, measured->session.state, measured->session.work,
                                measured->frames, NULL, (const void *const *)measured->inputs, measured->outputs);
}

/* Opens a network for inference: from a program, with weights. */
static bool open_measured(const struct search *search, const char *path, const char *weights, struct measured *measured,
                          const char **error)
{
    const struct factor_options *options = search->factoring->options;
    struct arena *arena = search->factoring->arena;
    struct network_options network = options->network;
    struct random random = random_start(1);
    network.path = path;
    network.threads = network.threads ? network.threads : 1;
    const rnn_model *model = measured->model = network_open(&network, error);
    if (!model || !session_open(&measured->session, model, options->frames, options->streams, error))
        return false;
    if (!parameters_load(arena, model, measured->session.parameters, weights, false, true, error) ||
        !session_pack(arena, &measured->session, error)) {
        session_close(&measured->session);
        return false;
    }
    measured->frames = options->frames;
    measured->inputs = ARENA_ARRAY(arena, void *, model->input_count + 1);
    measured->outputs = ARENA_ARRAY(arena, void *, model->output_count + 1);
    for (int i = 0; i < model->input_count; i++)
        measured->inputs[i] = tensor_draw(arena, model, &model->inputs[i], options->frames, options->streams, &random);
    for (int i = 0; i < model->output_count; i++)
        measured->outputs[i] = tensor_new(arena, model, &model->outputs[i], options->frames, options->streams);
    return true;
}

/* Measures both in turn, so that what disturbs the machine disturbs both. */
static bool take_turns(struct measured networks[2], const char **error)
{
    struct timing timing;
    for (int round = 0; round < ROUNDS; round++)
        for (int n = 0; n < 2; n++) {
            if (!timing_measure(call, &networks[n], round_seconds, &timing, error))
                return false;
            networks[n].taken[round] = timing.median;
        }
    return true;
}

bool measure_networks(struct search *search, const char *program, const char *weights, const char **error)
{
    const struct factor_options *options = search->factoring->options;
    struct measured networks[2] = {0};
    if (!open_measured(search, options->network.path, options->weights, &networks[0], error))
        return false;
    bool done = open_measured(search, program, weights, &networks[1], error);
    if (done) {
        done = take_turns(networks, error);
        session_close(&networks[1].session);
    }
    session_close(&networks[0].session);
    for (int n = 0; done && n < 2; n++)
        search->measured[n] = 1e6 * timing_of(networks[n].taken, ROUNDS).median / options->frames;
    return done;
}

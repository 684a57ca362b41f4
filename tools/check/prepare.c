/* The data of `rnn check`: as many frames as the oracle can do in a while, inputs and weights. */
#include <limits.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/random.h"
#include "check/check.h"
#include "network/draw.h"
#include "network/session.h"
#include "table/feed.h"

/* Chooses enough frames for more than two blocks, if the oracle can do them in a few seconds. For an output of sequence
 * time, each step takes an evaluation of all frames up to there. */
static int choose_frames(const rnn_model *model, int streams)
{
    const double affordable = 2e8;
    int frames = 2 * model->block_frames + 3;
    double evaluations = streams;
    for (int i = 0; i < model->output_count; i++)
        if (model->outputs[i].time == RNN_TIME_SEQUENCE && model->step)
            evaluations = 0.5 * frames * streams;
    return frames > 20 && model->flops * frames * evaluations <= affordable ? frames : 20;
}

/* Chooses few frames, as the oracle runs the network some hundred times to differentiate it. */
static int choose_gradient_frames(const rnn_model *model, int streams)
{
    const double affordable = 5e7;
    return model->flops * 11 * streams <= affordable ? 11 : 4;
}

/* The cost of a frame of a stream in the oracle, in operations: beside its own, each equation costs some hundred. */
static double cost_of_frame(const struct check *check)
{
    const struct program *program = check->judge.program;
    double cost = check->model->flops;
    for (int i = 0; i < program->value_count; i++)
        cost += program->values[i]->kind == VALUE_EQUATION ? 500 : 0;
    return cost;
}

/* Bounds the frames of given data by those that the oracle can do in some seconds, unless --frames asks for all. */
static int bound_frames(const struct check *check, int frames)
{
    const bool gradients = check->options->gradients || check->options->vjp;
    const double affordable = (gradients ? 5e7 : 2e8) / (cost_of_frame(check) * check->streams);
    const int least = gradients ? 11 : 20;
    int most = affordable > least ? affordable < INT_MAX ? (int)affordable : INT_MAX : least;
    if (check->options->feed.frames || frames <= most)
        return frames;
    if (!check->options->row && !check->frames) /* the first attempt */
        fprintf(stderr,
                "rnn: checking the first %d of %d frames, since the reference is slow: --frames %d checks all\n", most,
                frames, frames);
    return most;
}

/* The number of steps after which outputs of sequence time are compared; each takes an evaluation of half the frames.
 */
static int choose_ends(const struct check *check)
{
    enum { LEAST_ENDS = 16 };
    const double affordable = 1e9 / (0.5 * check->frames * check->streams * cost_of_frame(check));
    if (affordable >= check->frames)
        return 0;
    return affordable > LEAST_ENDS ? (int)affordable : LEAST_ENDS;
}

bool check_prepare_inputs(struct check *check, const char **error)
{
    const rnn_model *model = check->model;
    struct feed feed;
    if (!feed_read(&check->options->feed, model, &feed, error))
        return false;
    check->streams = feed.streams ? feed.streams : 4;
    check->frames = feed.frames                                        ? bound_frames(check, feed.frames)
                    : check->options->gradients || check->options->vjp ? choose_gradient_frames(model, check->streams)
                                                                       : choose_frames(model, check->streams);
    check->ends = choose_ends(check);
    check->inputs = ARENA_ARRAY(check->arena, void *, model->input_count + 1);
    struct random random = random_start(check->seed);
    for (int i = 0; i < model->input_count; i++) {
        const rnn_tensor *tensor = &model->inputs[i];
        check->inputs[i] = tensor_draw(check->arena, model, tensor, check->frames, check->streams, &random);
        if (feed_has(&feed, i))
            feed_fill(&feed, i, check->frames, check->streams, check->inputs[i]);
    }
    return true;
}

/* Draws weights. Those that start as a constant are moved away from it: a bias of 0 would hide that it is not added.
 * Others only become smaller: a decay of 0.9 must not become one of 1.1, with which the state would grow without end.
 */
static void draw_weights(struct check *check)
{
    const rnn_model *model = check->model;
    session_draw(&check->session, check->seed);
    struct random random = random_start(~check->seed);
    for (int i = 0; i < model->parameter_count; i++) {
        const rnn_tensor *tensor = &model->parameters[i];
        bool moves = tensor->start == RNN_START_CONSTANT || tensor->start == RNN_START_IDENTITY || tensor->part_count;
        for (long k = 0; k < tensor_units(tensor) && moves; k++) {
            long place = (long)tensor->offset + k;
            double x = tensor_get(model, tensor, check->session.parameters, place);
            double moved = x != 0 ? x * (0.75 + random_real(&random, 0.25)) : random_real(&random, 0.5);
            tensor_set(model, tensor, check->session.parameters, place, moved);
        }
    }
}

bool check_prepare_weights(struct check *check, const char **error)
{
    const char *path = check->options->feed.weights;
    if (!path)
        draw_weights(check);
    else if (!session_load(check->arena, &check->session, path, check->options->feed.strict, error))
        return false;
    return session_pack(check->arena, &check->session, error);
}

#include "train/evaluation.h"

#include "base/arena.h"
#include "network/storage.h"

static bool refuse(const char **error, const char *sentence)
{
    *error = sentence;
    return false;
}

static bool read_data(struct evaluation *eval, const char **error)
{
    const struct train_options *options = eval->options;
    struct arena *arena = options->network.arena;
    const char *none; /* weights of other origin have no vocabulary */
    const struct table_options from = {.option = "--data",
                                       .files = options->data.items,
                                       .count = options->data.count,
                                       .vocabulary =
                                           options->weights ? vocabulary_load(arena, options->weights, &none) : NULL,
                                       .skips = options->skips,
                                       .frames_first = options->frames_first};
    bool read = table_read(arena, &from, eval->model, &eval->table, error);
    if (!options->quiet)
        table_tell(&eval->table, from.option);
    if (!read)
        return false;
    const struct vocabulary *vocabulary = eval->table.vocabulary;
    if (vocabulary && vocabulary != from.vocabulary)
        return refuse(error, "a text needs weights with a vocabulary, which rnn train puts there");
    if (vocabulary && eval->table.unknown >= eval->table.rows)
        return refuse(error, "--data: no character of the text is in the vocabulary");
    if (vocabulary && options->frames_first)
        return refuse(error, "--frames-first is for arrays, but --data has a text: leave it out");
    if (options->piece && !eval->table.is_series)
        return refuse(error, "--piece cuts a text or series, but the data are whole sequences: leave it out");
    enum { USUAL_PIECE = 64 };
    bool whole = eval->model->training->whole_sequences;
    int piece = options->piece ? options->piece : whole ? USUAL_PIECE : 0;
    const struct cut all = {.streams = options->streams, .held_piece = piece};
    const struct cut cut = dataset_held_cut(&all, eval->table.rows);
    return dataset_split(arena, &eval->table, &cut, 0, &eval->data, &eval->none, error);
}

bool evaluation_open(struct evaluation *eval, const struct train_options *options, const char **error)
{
    *eval = (struct evaluation){.options = options};
    eval->model = network_open(&options->network, error);
    if (!eval->model)
        return false;
    if (!eval->model->training)
        return refuse(error, "there is nothing to evaluate: the network has no loss");
    if (eval->model->parameter_count && !options->weights)
        return refuse(error, "the network has weights: give --weights FILE");
    if (eval->model->training->whole_sequences && options->window)
        return refuse(error, "the network needs whole sequences: leave --window out");
    if (!read_data(eval, error) || !trainer_open(&eval->trainer, options, eval->model, &eval->none, &eval->data, error))
        return false;
    if (storage_round_parameters(&options->network, eval->model, eval->trainer.parameters, error))
        return true;
    trainer_close(&eval->trainer);
    return false;
}

void evaluation_close(struct evaluation *eval) { trainer_close(&eval->trainer); }

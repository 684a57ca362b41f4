#include "ranks/compress.h"

#include "base/arena.h"
#include "base/random.h"
#include "ranks/factors.h"
#include "ranks/halves.h"

/* ---- open ---- */

static struct cost_matrix matrix_of(const rnn_tensor *tensor)
{
    size_t units = 1;
    for (int k = 0; k < tensor->rank; k++)
        units *= (size_t)tensor->shape[k];
    const size_t columns = tensor->rank > 1 && !tensor->fixed ? (size_t)tensor->shape[tensor->rank - 1] : 1;
    return (struct cost_matrix){units / columns, columns};
}

struct cost_matrix *compress_list_matrices(struct arena *arena, const rnn_model *model)
{
    struct cost_matrix *matrices = ARENA_ARRAY(arena, struct cost_matrix, model->parameter_count + 1);
    for (int i = 0; i < model->parameter_count; i++)
        matrices[i] = matrix_of(&model->parameters[i]);
    return matrices;
}

/* Adds a parameter, to the piece before it if both are sent as they are. */
static void add_piece(struct compress *compress, const rnn_tensor *tensor, struct compress_way way)
{
    const struct cost_matrix matrix = matrix_of(tensor);
    struct compress_piece *last = compress->piece_count ? &compress->pieces[compress->piece_count - 1] : NULL;
    compress->sends_all &= way.kind == COMPRESS_NONE;
    if (last && last->way.kind == COMPRESS_NONE && way.kind == COMPRESS_NONE) {
        last->units += matrix.rows * matrix.columns;
        return;
    }
    compress->pieces[compress->piece_count++] = (struct compress_piece){
        .way = way,
        .offset = tensor->offset,
        .units = matrix.rows * matrix.columns,
        .rows = (int)matrix.rows,
        .columns = (int)matrix.columns,
        .p = compress->p_count,
        .q = compress->q_count,
    };
    compress->half_count += way.kind == COMPRESS_F16 ? matrix.rows * matrix.columns : 0;
    compress->p_count += matrix.rows * (size_t)way.rank;
    compress->q_count += matrix.columns * (size_t)way.rank;
}

/* Allocates what the pieces need, and draws the start of Q. */
static void open_pieces(struct compress *compress, struct arena *arena, uint64_t seed)
{
    const size_t size = (size_t)compress->model->real_size, p_count = compress->p_count, q_count = compress->q_count;
    int widest = 0;
    if (compress->half_count)
        compress->halves = ARENA_ARRAY(arena, uint16_t, compress->half_count);
    compress->exponents = ARENA_ARRAY(arena, int, compress->piece_count + 1);
    if (!p_count)
        return;
    for (int i = 0; i < compress->piece_count; i++)
        if (compress->pieces[i].way.kind == COMPRESS_POWERSGD && compress->pieces[i].columns > widest)
            widest = compress->pieces[i].columns;
    compress->scratch = ARENA_ARRAY(arena, double, 2 * (size_t)widest);
    compress->p = ARENA_ARRAY(arena, double, p_count);
    compress->q = ARENA_ARRAY(arena, double, q_count);
    compress->error = arena_alloc(arena, compress->elements + 1, size);
    compress->wire = arena_alloc(arena, p_count > q_count ? p_count : q_count, size);
    struct random random = random_start(seed);
    for (size_t k = 0; k < q_count; k++)
        compress->q[k] = random_real(&random, 1);
}

void compress_use(struct compress *compress, struct arena *arena, const struct compress_way *ways, uint64_t seed)
{
    const rnn_model *model = compress->model;
    const int count = model->parameter_count;
    compress->piece_count = 0;
    compress->p_count = compress->q_count = compress->half_count = 0;
    compress->ways = ARENA_ARRAY(arena, struct compress_way, count + 1);
    compress->pieces = ARENA_ARRAY(arena, struct compress_piece, count + 1);
    compress->sends_all = true;
    for (int i = 0; i < count; i++) {
        if (cost_allows(matrix_of(&model->parameters[i]), ways[i]))
            compress->ways[i] = ways[i];
        add_piece(compress, &model->parameters[i], compress->ways[i]);
    }
    open_pieces(compress, arena, seed);
}

void compress_open(struct compress *compress, struct arena *arena, const struct compress_options *options,
                   struct ranks *ranks, const rnn_model *model, uint64_t seed)
{
    *compress =
        (struct compress){.options = *options, .ranks = ranks, .model = model, .elements = model->parameter_elements};
    if (options->chooses)
        return;
    struct compress_way *ways = ARENA_ARRAY(arena, struct compress_way, model->parameter_count + 1);
    for (int i = 0; i < model->parameter_count; i++)
        ways[i] = options->way;
    compress_use(compress, arena, ways, seed);
}

/* ---- numbers of either precision ---- */

static double get(const struct compress *compress, const void *data, size_t place)
{
    return compress->model->real_size == (int)sizeof(double) ? ((const double *)data)[place]
                                                             : (double)((const float *)data)[place];
}

static void set(const struct compress *compress, void *data, size_t place, double number)
{
    if (compress->model->real_size == (int)sizeof(double))
        ((double *)data)[place] = number;
    else
        ((float *)data)[place] = (float)number;
}

static void *at(const struct compress *compress, void *data, size_t place)
{
    return (char *)data + place * (size_t)compress->model->real_size;
}

static void begin_piece(struct compress *compress, const struct compress_piece *piece, void *gradient)
{
    ranks_begin_sum(compress->ranks, at(compress, gradient, piece->offset), piece->units, compress->model->real_size);
}

/* ---- half precision ---- */

static void sum_halves(struct compress *compress, void *gradient)
{
    const int real_size = compress->model->real_size, ranks = compress->ranks->count;
    uint16_t *half = compress->halves;
    for (int i = 0; i < compress->piece_count; i++) {
        const struct compress_piece *piece = &compress->pieces[i];
        if (piece->way.kind == COMPRESS_F16)
            compress->exponents[i] =
                halves_find_exponent(at(compress, gradient, piece->offset), piece->units, real_size);
    }
    ranks_largest(compress->ranks, compress->exponents, compress->piece_count);
    for (int i = 0; i < compress->piece_count; i++) {
        const struct compress_piece *piece = &compress->pieces[i];
        if (piece->way.kind != COMPRESS_F16)
            continue;
        halves_round(at(compress, gradient, piece->offset), piece->units, real_size,
                     halves_find_scale(compress->exponents[i], ranks), half);
        half += piece->units;
        if (compress->exponents[i] == HALVES_NOT_FINITE) /* which is to be seen */
            begin_piece(compress, piece, gradient);
    }
    ranks_sum_halves(compress->ranks, compress->halves, compress->half_count);
    half = compress->halves;
    for (int i = 0; i < compress->piece_count; i++) {
        const struct compress_piece *piece = &compress->pieces[i];
        const double scale = halves_find_scale(compress->exponents[i], ranks);
        if (piece->way.kind != COMPRESS_F16)
            continue;
        if (scale != 0)
            halves_widen(half, piece->units, scale, at(compress, gradient, piece->offset), real_size);
        half += piece->units;
    }
}

/* ---- factors ---- */

/* Sums factors over the ranks in the network's precision. */
static void sum_factors(struct compress *compress, double *numbers, size_t count)
{
    for (size_t k = 0; k < count; k++)
        set(compress, compress->wire, k, numbers[k]);
    ranks_begin_sum(compress->ranks, compress->wire, count, compress->model->real_size);
    ranks_end_sums(compress->ranks);
    for (size_t k = 0; k < count; k++)
        numbers[k] = get(compress, compress->wire, k);
}

static struct factors factors_of(struct compress *compress, const struct compress_piece *piece, void *gradient)
{
    return (struct factors){.rows = piece->rows,
                            .columns = piece->columns,
                            .rank = piece->way.rank,
                            .in_double = compress->model->real_size == (int)sizeof(double),
                            .gradient = at(compress, gradient, piece->offset),
                            .error = at(compress, compress->error, piece->offset),
                            .p = compress->p + piece->p,
                            .q = compress->q + piece->q,
                            .scratch = compress->scratch};
}

static void sum_by_factors(struct compress *compress, void *gradient)
{
    enum { FIRST, SECOND, THIRD, STAGES };
    for (int stage = FIRST; stage < STAGES; stage++) {
        for (int i = 0; i < compress->piece_count; i++) {
            const struct compress_piece *piece = &compress->pieces[i];
            if (piece->way.kind != COMPRESS_POWERSGD)
                continue;
            struct factors factors = factors_of(compress, piece, gradient);
            if (stage == FIRST) {
                factors_renew_q(&factors, (uint64_t)piece->q);
                factors_make_p(&factors);
            } else if (stage == SECOND) {
                factors_orthonormalise(&factors);
                factors_make_q(&factors);
            } else {
                factors_multiply(&factors, compress->ranks->count);
            }
        }
        if (stage != THIRD)
            sum_factors(compress, stage == FIRST ? compress->p : compress->q,
                        stage == FIRST ? compress->p_count : compress->q_count);
    }
}

/* ---- sums ---- */

bool compress_sends_all(const struct compress *compress, uint64_t step)
{
    const struct compress_options *options = &compress->options;
    return !compress->ways || compress->sends_all ||
           (compress_begins_later(options) && step < (uint64_t)options->after);
}

void compress_sum(struct compress *compress, void *gradient)
{
    for (int i = 0; i < compress->piece_count; i++)
        if (compress->pieces[i].way.kind == COMPRESS_NONE)
            begin_piece(compress, &compress->pieces[i], gradient);
    if (compress->p_count)
        sum_by_factors(compress, gradient);
    if (compress->half_count)
        sum_halves(compress, gradient);
    ranks_end_sums(compress->ranks);
}

/* ---- checkpoints ---- */

void compress_settle(struct compress *compress)
{
    if (!compress->error)
        return;
    ranks_begin_sum(compress->ranks, compress->error, compress->elements, compress->model->real_size);
    ranks_end_sums(compress->ranks);
}

void compress_go_on(struct compress *compress)
{
    for (size_t k = 0; k < compress->elements && compress->error; k++)
        set(compress, compress->error, k, get(compress, compress->error, k) / compress->ranks->count);
}

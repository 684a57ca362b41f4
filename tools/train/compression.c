/* The choice of --compress auto: made from measured or given rates, told, kept in checkpoints. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "train/trainer.h"

/* ---- as words ---- */

const char *trainer_print_ways(struct arena *arena, const struct trainer *trainer)
{
    const struct compress *compress = &trainer->compress;
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "");
    if (!compress->options.chooses)
        return NULL;
    for (int i = 0; i < trainer->model->parameter_count && compress->ways; i++)
        text_printf(&text, "%s%s=%s", i ? " " : "", trainer->model->parameters[i].name,
                    compress_print_way(arena, compress->ways[i]));
    return text.data;
}

bool trainer_take_ways(struct trainer *trainer, const char *words)
{
    const rnn_model *model = trainer->model;
    struct arena *arena = trainer->arena;
    struct compress_way *ways = ARENA_ARRAY(arena, struct compress_way, model->parameter_count + 1);
    char *rest = arena_copy_string(arena, words, strlen(words));
    for (int i = 0; i < model->parameter_count; i++) {
        struct compress_options options;
        const char *name = model->parameters[i].name, *word = strsep(&rest, " ");
        const size_t length = strlen(name);
        if (!word || strncmp(word, name, length) != 0 || word[length] != '=' ||
            !compress_parse(word + length + 1, &options) || options.chooses)
            return false;
        ways[i] = options.way;
    }
    if (rest)
        return false;
    compress_use(&trainer->compress, arena, ways, trainer->options->seed);
    return true;
}

/* ---- the choice ---- */

void trainer_choose_ways(struct trainer *trainer)
{
    struct compress *compress = &trainer->compress;
    const rnn_model *model = trainer->model;
    const struct cost_link *link = &compress->options.link;
    if (!compress->options.chooses || compress->ways)
        return;
    if (!trainer->costs_known)
        trainer->costs = link->bytes_per_second > 0 ? cost_rates_of_link(link, trainer->ranks->count)
                                                    : compress_measure(trainer->ranks, model->real_size);
    trainer->costs_known = true;
    struct arena *arena = trainer->arena;
    struct compress_way *ways = ARENA_ARRAY(arena, struct compress_way, model->parameter_count + 1);
    cost_choose(&trainer->costs, compress_list_matrices(arena, model), model->parameter_count, model->real_size,
                compress->options.way.rank, ways);
    compress_use(compress, arena, ways, trainer->options->seed);
}

/* ---- told ---- */

/* What of it is behind the choice: the rates. */
static void print_rates(const struct trainer *trainer)
{
    const struct cost_rates *rates = &trainer->costs;
    const struct cost_link *link = &trainer->compress.options.link;
    printf("\ncompression for %d rank%s: ", trainer->ranks->count, trainer->ranks->count == 1 ? "" : "s");
    if (trainer->ranks->count == 1) {
        puts("nothing is sent, so all of a gradient is kept\n");
        return;
    }
    printf("a sum takes %.3g us", 1e6 * rates->start);
    if (rates->byte > 0 && rates->half_byte > 0)
        printf(" and 1 us more for %.4g bytes, or %.4g of halves", 1e-6 / rates->byte, 1e-6 / rates->half_byte);
    else
        printf(", and its bytes no time that can be measured");
    printf(",\n%s; predicted microseconds a step:\n", link->bytes_per_second > 0 ? "as --link says" : "as measured");
}

static void print_cost(double seconds) { printf(" %11.1f", 1e6 * seconds); }

/* Prints what each matrix costs in each way, and all parameters together. */
static void print_costs(struct arena *arena, const struct trainer *trainer)
{
    enum { NAME_WIDTH = 24, SHAPE_WIDTH = 13 };
    const rnn_model *model = trainer->model;
    const struct compress *compress = &trainer->compress;
    const struct cost_matrix *matrices = compress_list_matrices(arena, model);
    struct compress_way tried[COST_MOST_WAYS];
    const int count = cost_list_ways(compress->options.way.rank, tried);
    printf("  %-*s %*s", NAME_WIDTH, "parameter", SHAPE_WIDTH, "size");
    for (int k = 0; k < count; k++)
        printf(" %11s", compress_print_way(arena, tried[k]));
    puts("   chosen");
    for (int i = 0; i < model->parameter_count; i++) {
        const char *size = matrices[i].columns > 1
                               ? arena_printf(arena, "%zu x %zu", matrices[i].rows, matrices[i].columns)
                               : arena_printf(arena, "%zu", matrices[i].rows);
        printf("  %-*s %*s", NAME_WIDTH, model->parameters[i].name, SHAPE_WIDTH, size);
        for (int k = 0; k < count; k++)
            if (cost_allows(matrices[i], tried[k]))
                print_cost(cost_of(&trainer->costs, matrices[i], tried[k], model->real_size));
            else
                printf(" %11s", "-");
        printf("   %s\n", compress_print_way(arena, compress->ways[i]));
    }
}

/* Prints what a step costs if all parameters are sent in the same way, as far as they may be, and as chosen. */
static void print_sums(struct arena *arena, const struct trainer *trainer)
{
    const rnn_model *model = trainer->model;
    const struct cost_matrix *matrices = compress_list_matrices(arena, model);
    struct compress_way tried[COST_MOST_WAYS], *ways = ARENA_ARRAY(arena, struct compress_way, model->parameter_count);
    const int count = cost_list_ways(trainer->compress.options.way.rank, tried);
    printf("  %-38s", "all, with the beginning of sums");
    for (int k = 0; k < count; k++) {
        for (int i = 0; i < model->parameter_count; i++)
            ways[i] = cost_allows(matrices[i], tried[k]) ? tried[k] : tried[0];
        print_cost(cost_of_all(&trainer->costs, matrices, ways, model->parameter_count, model->real_size));
    }
    printf("   %.1f\n\n", 1e6 * cost_of_all(&trainer->costs, matrices, trainer->compress.ways, model->parameter_count,
                                            model->real_size));
}

void trainer_report_ways(const struct trainer *trainer)
{
    struct arena *arena = arena_new();
    if (!trainer->compress.options.chooses || trainer->options->quiet) {
        arena_free(arena);
        return;
    }
    if (!trainer->costs_known) {
        printf("compression as it was chosen before: %s\n", trainer_print_ways(arena, trainer));
    } else {
        print_rates(trainer);
        if (trainer->ranks->count > 1) {
            print_costs(arena, trainer);
            print_sums(arena, trainer);
        }
    }
    arena_free(arena);
}

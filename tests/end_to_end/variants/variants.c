/* A network with variants: each computes what the network of its form alone computes, to the bit; files decide which
 * there are, caches which is taken. */
#include "rnn/variant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h> /* cmocka needs these before it */
#include <stdarg.h>

#include <cmocka.h>

#include "network.h"
#include "rnn/weights.h"

enum { FRAMES = 20, STREAMS = 3, V = 40, UNITS = 256 };

extern const rnn_model dense_model, low_model, half_model, small_model;
static const rnn_model *const alone[network_VARIANTS] = {&dense_model, &low_model, &half_model, &small_model};

static const rnn_machine small_caches = {{32 * 1024., 256 * 1024., 256 * 1024.}, 1};
static const rnn_machine large_caches = {{32 * 1024., 32768 * 1024., 32768 * 1024.}, 1};

/* A network, its memory, and what a call of it gives. */
struct network {
    const rnn_model *model;
    void *parameters, *packed, *state, *work;
    float h[FRAMES * STREAMS * UNITS], p[FRAMES * STREAMS * V];
};

static struct network *network_new(const rnn_model *model)
{
    struct network *network = calloc(1, sizeof *network);
    assert_non_null(network);
    network->model = model;
    network->parameters = calloc(model->parameter_elements, sizeof(rnn_real));
    network->packed = rnn_alloc(model->packed_size(), model->alignment);
    network->state = rnn_alloc(model->state_size(STREAMS), model->alignment);
    network->work = rnn_alloc(model->work_size(FRAMES, STREAMS), model->alignment);
    return network;
}

static void network_free(struct network *network)
{
    free(network->parameters);
    rnn_free(network->packed);
    rnn_free(network->state);
    rnn_free(network->work);
    free(network);
}

static const int32_t *ids(void)
{
    static int32_t x[FRAMES * STREAMS];
    for (int i = 0; i < FRAMES * STREAMS; i++)
        x[i] = i * 7 % V;
    return x;
}

/* Runs the first half of the frames at once, and the others one by one. */
static void run(struct network *network)
{
    const int half = FRAMES / 2;
    const void *inputs[] = {ids()};
    void *outputs[] = {network->h, network->p};
    assert_int_equal(network->model->state_init(network->state, STREAMS), RNN_OK);
    assert_int_equal(network->model->run(network->packed, network->state, network->work, half, NULL, inputs, outputs),
                     RNN_OK);
    for (int t = half; t < FRAMES; t++) {
        const void *input[] = {ids() + t * STREAMS};
        void *output[] = {network->h + t * STREAMS * UNITS, network->p + t * STREAMS * V};
        assert_int_equal(network->model->step(network->packed, network->state, input, output), RNN_OK);
    }
}

/* Copies the parameters of a network of one form from those of all. */
static void copy_parameters(struct network *to, const struct network *from)
{
    for (int i = 0; i < to->model->parameter_count; i++) {
        const rnn_tensor *tensor = &to->model->parameters[i], *source = NULL;
        for (int k = 0; k < from->model->parameter_count; k++)
            if (strcmp(from->model->parameters[k].name, tensor->name) == 0)
                source = &from->model->parameters[k];
        assert_non_null(source);
        size_t elements = 1;
        for (int d = 0; d < tensor->rank; d++)
            elements *= (size_t)tensor->shape[d];
        memcpy((rnn_real *)to->parameters + tensor->offset, (rnn_real *)from->parameters + source->offset,
               elements * sizeof(rnn_real));
    }
}

static network_params *params_of(struct network *network) { return network->parameters; }

/* Makes the network of a form alone, with the same weights, and what it computes. */
static struct network *network_alone(const struct network *all, int variant)
{
    struct network *one = network_new(alone[variant]);
    copy_parameters(one, all);
    assert_int_equal(one->model->pack(one->parameters, one->packed), RNN_OK);
    run(one);
    return one;
}

/* Asserts that two networks computed the same: to the bit, unless the one with variants is for --target=multi and has
 * other instructions. */
static void assert_same(const struct network *one, const struct network *other)
{
    if (!network_model.target) {
        assert_memory_equal(one->h, other->h, sizeof one->h);
        assert_memory_equal(one->p, other->p, sizeof one->p);
    }
    for (int i = 0; i < FRAMES * STREAMS * UNITS; i++)
        assert_float_equal(one->h[i], other->h[i], 1e-4);
    for (int i = 0; i < FRAMES * STREAMS * V; i++)
        assert_float_equal(one->p[i], other->p[i], 1e-4);
}

static struct network *new_variants(void)
{
    struct network *network = network_new(&network_model);
    assert_int_equal(network_init(network->parameters, 5), RNN_OK);
    return network;
}

static void test_each_computes_as_alone(void **state)
{
    (void)state;
    struct network *network = new_variants();
    float before = 0;
    for (int i = 0; i < network_VARIANTS; i++) {
        assert_int_equal(network_use(network->parameters, i), RNN_OK);
        assert_int_equal(network_pack(network->parameters, network->packed), RNN_OK);
        assert_int_equal(network_variant(network->packed), i);
        run(network);
        struct network *one = network_alone(network, i);
        assert_same(one, network);
        const float last = network->h[FRAMES * STREAMS * UNITS - 1];
        assert_true(last != before); /* forms differ */
        before = last;
        network_free(one);
    }
    network_free(network);
}

static void test_caches_choose(void **state)
{
    (void)state;
    struct network *network = new_variants();
    for (int i = 0; i < network_VARIANTS; i++) /* nothing comes sooner from far away */
        assert_true(rnn_variant_time(&network_model, i, &large_caches) <=
                    rnn_variant_time(&network_model, i, &small_caches));
    if (network_model.target) { /* whose levels have other speeds */
        network_free(network);
        return;
    }
    params_of(network)->choice.present = 5; /* dense and f16, which costs to convert and saves reading */
    assert_string_equal(network_variant_name(network_choose(network->parameters, &small_caches)), "f16");
    assert_string_equal(network_variant_name(network_choose(network->parameters, &large_caches)), "dense");
    network_free(network);
}

/* Loads a network from the file that another saves. */
static rnn_status move(const struct network *from, struct network *to)
{
    char path[] = "/tmp/variants_XXXXXX";
    rnn_error error = {0};
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    assert_int_equal(rnn_parameters_save(from->model, from->parameters, path, &error), RNN_OK);
    memset(to->parameters, 0xff, to->model->parameter_elements * sizeof(rnn_real));
    const rnn_status status = rnn_parameters_load(to->model, to->parameters, path, &error);
    unlink(path);
    return status;
}

/* Loads the network with variants from the file that another saves, and returns which of them are there. */
static uint32_t load_from(const struct network *from, struct network *network)
{
    assert_int_equal(move(from, network), RNN_OK);
    return params_of(network)->choice.present;
}

static void test_files_decide(void **state)
{
    (void)state;
    struct network *network = new_variants(), *all = new_variants();
    struct network *dense = network_alone(all, 0), *low = network_alone(all, 1);
    assert_int_equal(load_from(all, network), 15);
    assert_memory_equal(network->parameters, all->parameters, offsetof(network_params, choice));
    assert_int_equal(load_from(dense, network), 13); /* storages need no other file */
    assert_int_equal(network_use(network->parameters, 1), RNN_ERROR_WEIGHTS);
    assert_int_equal(load_from(low, network), 2);
    assert_int_equal(network_choose(network->parameters, &large_caches), 1);
    assert_int_equal(network_pack(network->parameters, network->packed), RNN_OK);
    run(network);
    assert_same(low, network);
    assert_int_equal(load_from(network, all), 2); /* saved is what is there */
    network_free(network);
    network_free(all);
    network_free(dense);
    network_free(low);
}

/* What a network with variants saves is for each network of one of them whose arrays are there. */
static void test_files_for_one_form(void **state)
{
    (void)state;
    struct network *network = new_variants();
    struct network *dense = network_new(&dense_model), *low = network_new(&low_model);
    assert_int_equal(move(network, dense), RNN_OK);
    assert_int_equal(move(network, low), RNN_OK);
    params_of(network)->choice.present = 13; /* those that have the matrices */
    assert_int_equal(move(network, dense), RNN_OK);
    assert_int_equal(move(network, low), RNN_ERROR_WEIGHTS);
    assert_int_equal(load_from(dense, network), 13);
    assert_int_equal(load_from(low, network), 2);
    assert_int_equal(move(network, low), RNN_OK);
    assert_int_equal(move(network, dense), RNN_ERROR_WEIGHTS);
    network_free(network);
    network_free(dense);
    network_free(low);
}

static void test_missing_arrays(void **state)
{
    (void)state;
    struct network *network = new_variants();
    char path[] = "/tmp/variants_XXXXXX";
    rnn_error error = {0};
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    const float zeros[V] = {0};
    const rnn_file_tensor tensor = {
        .name = "b", .dtype = RNN_DTYPE_F32, .rank = 1, .shape = {V}, .data = zeros, .elements = V};
    assert_int_equal(rnn_file_save(path, &tensor, 1, NULL, 0, &error), RNN_OK);
    assert_int_equal(network_load(network->parameters, path, &error), RNN_ERROR_WEIGHTS);
    unlink(path);
    assert_non_null(strstr(error.text, "no variant has its arrays: dense: "));
    assert_non_null(strstr(error.text, "no tensor 'E', 'W', 'h.weight_ih', 'h.weight_hh'"));
    assert_non_null(strstr(error.text, "svd:196: "));
    network_free(network);
}

static void test_wrong_calls(void **state)
{
    (void)state;
    struct network *network = new_variants();
    assert_int_equal(network_use(network->parameters, network_VARIANTS), RNN_ERROR_ARGUMENT);
    assert_int_equal(network_use(network->parameters, -1), RNN_ERROR_ARGUMENT);
    assert_int_equal(network_use(NULL, 0), RNN_ERROR_ARGUMENT);
    assert_null(network_variant_name(network_VARIANTS));
    assert_null(network_variant_name(-1));
    assert_int_equal(network_pack(network->parameters, NULL), RNN_ERROR_ARGUMENT);
    assert_int_equal(network_step(NULL, network->state, ids(), NULL, NULL), RNN_ERROR_ARGUMENT);
    params_of(network)->choice.variant = 77;
    assert_int_equal(network_pack(network->parameters, network->packed), RNN_ERROR_WEIGHTS);
    params_of(network)->choice = (rnn_choice){0, 0};
    assert_int_equal(network_pack(network->parameters, network->packed), RNN_ERROR_WEIGHTS);
    assert_int_equal(network_choose(network->parameters, NULL), -1);
    assert_int_equal(rnn_choose(&dense_model, network->parameters, NULL), -1);
    network_state_init(network->state, STREAMS);
    assert_int_equal(network_tune(network->parameters, network->packed, network->state, network->work, FRAMES, NULL,
                                  ids(), network->h, network->p),
                     RNN_ERROR_WEIGHTS);
    network_free(network);
}

static void test_tune(void **state)
{
    (void)state;
    struct network *network = new_variants();
    network_state_init(network->state, STREAMS);
    assert_int_equal(network_tune(network->parameters, network->packed, network->state, network->work, FRAMES, NULL,
                                  ids(), network->h, network->p),
                     RNN_OK);
    const int variant = network_variant(network->packed);
    assert_int_equal(params_of(network)->choice.variant, variant);
    run(network);
    struct network *one = network_alone(network, variant);
    assert_same(one, network);
    network_free(one);
    network_free(network);
}

/* A call that fails leaves the variant that was chosen before, packed, and a state that begins. */
static void test_tune_fails(void **state)
{
    (void)state;
    struct network *network = new_variants();
    network_use(network->parameters, 1);
    network_pack(network->parameters, network->packed);
    network_state_init(network->state, STREAMS);
    assert_int_equal(network_tune(network->parameters, network->packed, network->state, network->work, FRAMES, NULL,
                                  NULL, network->h, network->p),
                     RNN_ERROR_ARGUMENT);
    assert_int_equal(params_of(network)->choice.variant, 1);
    assert_int_equal(network_variant(network->packed), 1);
    run(network);
    struct network *one = network_alone(network, 1);
    assert_same(one, network);
    network_free(one);
    assert_int_equal(network_tune(network->parameters, NULL, network->state, network->work, FRAMES, NULL, ids(),
                                  network->h, network->p),
                     RNN_ERROR_ARGUMENT);
    assert_int_equal(params_of(network)->choice.variant, 1);
    network_free(network);
}

static void test_machine_at_hand(void **state)
{
    (void)state;
    rnn_machine machine;
    rnn_machine_here(&machine);
    assert_true(machine.cores >= 0);
    for (int i = 1; i < RNN_CACHES; i++) /* levels grow, as far as they are known */
        assert_true(!machine.cache[i] || machine.cache[i] >= machine.cache[i - 1]);
    struct network *network = new_variants();
    assert_int_equal(params_of(network)->choice.variant, network_choose(network->parameters, NULL));
    assert_int_equal(network_choose(network->parameters, NULL), network_choose(network->parameters, &machine));
    network_free(network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_computes_as_alone),
        cmocka_unit_test(test_caches_choose),
        cmocka_unit_test(test_files_decide),
        cmocka_unit_test(test_files_for_one_form),
        cmocka_unit_test(test_missing_arrays),
        cmocka_unit_test(test_wrong_calls),
        cmocka_unit_test(test_tune),
        cmocka_unit_test(test_tune_fails),
        cmocka_unit_test(test_machine_at_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

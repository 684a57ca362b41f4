#include "train/checkpoint_content.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/arena.h"
#include "base/text.h"

/* ---- settings ---- */

/* Prints a number with as many digits as it takes to read the same one back. */
static const char *print_number(struct arena *arena, double number)
{
    const char *text = arena_printf(arena, "%.15g", number);
    return strtod(text, NULL) == number ? text : arena_printf(arena, "%.17g", number);
}

static void append_number(struct text *text, struct arena *arena, const char *name, double number)
{
    text_printf(text, "%s%s=%s", text->length ? "," : "", name, print_number(arena, number));
}

/* Prints the numbers that its kind has, except the rate. */
static const char *print_optimizer(struct arena *arena, const rnn_optimizer_options *options)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"momentum", options->momentum}, {"decay", options->decay},
                   {"beta1", options->beta1},       {"beta2", options->beta2},
                   {"epsilon", options->epsilon},   {"weight_decay", options->weight_decay}};
    struct text text;
    text_init(&text, arena);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        rnn_optimizer_options tried = *options;
        if (rnn_optimizer_set(&tried, numbers[i].name, numbers[i].value, NULL) == RNN_OK)
            append_number(&text, arena, numbers[i].name, numbers[i].value);
    }
    return text.length ? text.data : "";
}

static const char *print_schedule(struct arena *arena, const rnn_schedule_options *options)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"warm_up", options->warm_up}, {"period", options->period},     {"growth", options->growth},
                   {"factor", options->factor},   {"patience", options->patience}, {"threshold", options->threshold},
                   {"least", options->least}};
    struct text text;
    text_init(&text, arena);
    text_puts(&text, rnn_schedules[options->kind].name);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        rnn_schedule_options tried = *options;
        if (rnn_schedule_set(&tried, numbers[i].name, numbers[i].value, NULL) == RNN_OK)
            append_number(&text, arena, numbers[i].name, numbers[i].value);
    }
    return text.data;
}

/* Prints the options of rnnc as on the command line. */
static const char *print_network_options(struct arena *arena, const struct network_options *options)
{
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "");
    for (int i = 0; i < options->passed.count; i++)
        text_printf(&text, text.length ? " %s" : "%s", options->passed.items[i]);
    for (int i = 0; i < options->forms.count; i++)
        text_printf(&text, text.length ? " --form=%s" : "--form=%s", options->forms.items[i].text);
    return text.data;
}

static const char *print_low_rank(struct arena *arena, const struct train_options *options)
{
    struct text text;
    text_init(&text, arena);
    if (!options->low_rank_after)
        return "never";
    text_printf(&text, "after epoch %d", options->low_rank_after);
    for (int i = 0; i < options->forms.count; i++)
        text_printf(&text, " %s", options->forms.items[i].text);
    return text.data;
}

static const char *print_sum(struct arena *arena, uint32_t sum) { return arena_printf(arena, "%08" PRIx32, sum); }

void settings_list(struct arena *arena, const struct trainer *trainer, struct setting settings[SETTINGS])
{
    const struct train_options *options = trainer->options;
    const struct dataset *data = trainer->data;
    const struct setting all[SETTINGS] = {
        {"train/streams", arena_printf(arena, "%d", options->streams), SETTING_KEPT},
        {"train/window", arena_printf(arena, "%d", trainer->window), SETTING_KEPT},
        {"train/advance", arena_printf(arena, "%d", trainer->advance), SETTING_KEPT},
        {"train/optimizer", rnn_optimizers[options->optimizer.kind].name, SETTING_KEPT},
        {"train/numbers of the optimizer", print_optimizer(arena, &options->optimizer), SETTING_KEPT},
        {"train/compression", compress_print(arena, &options->compress), SETTING_KEPT},
        {"train/seed", arena_printf(arena, "%" PRIu64, options->seed), SETTING_KEPT},
        {"train/precision", trainer->model->real_size == (int)sizeof(double) ? "double" : "float", SETTING_KEPT},
        {"train/options of the network", print_network_options(arena, &options->network), SETTING_KEPT},
        {"train/sequences of the data", arena_printf(arena, "%ld", data->count), SETTING_KEPT},
        {"train/frames of the data", arena_printf(arena, "%ld", data->frames), SETTING_KEPT},
        {"train/program", print_sum(arena, trainer->identity.program), SETTING_SUM},
        {"train/data", print_sum(arena, trainer->identity.data), SETTING_SUM},
        {"train/validation data", print_sum(arena, trainer->identity.held), SETTING_SUM},
        {"train/factors", print_low_rank(arena, options), trainer->forms ? SETTING_KEPT : SETTING_FREE},
        {"train/rate", print_number(arena, options->optimizer.rate), SETTING_FREE},
        {"train/schedule", print_schedule(arena, &trainer->schedule), SETTING_FREE},
        {"train/clip", print_number(arena, options->clip), SETTING_FREE},
        {"train/clip-value", print_number(arena, options->clip_value), SETTING_FREE},
    };
    memcpy(settings, all, sizeof all);
}

/* ---- content ---- */

void content_add_metadata(struct content *content, const char *key, const char *value)
{
    content->metadata[content->metadata_count++] = (rnn_metadata){key, value};
}

static uLong sum_string(uLong sum, const char *string)
{
    return crc32_z(sum, (const unsigned char *)string, strlen(string) + 1);
}

static uLong sum_tensor(const rnn_file_tensor *tensor)
{
    const int32_t form[] = {(int32_t)tensor->dtype, tensor->rank};
    uLong sum = sum_string(0, tensor->name);
    sum = crc32_z(sum, (const unsigned char *)form, sizeof form);
    sum = crc32_z(sum, (const unsigned char *)tensor->shape, (size_t)tensor->rank * sizeof tensor->shape[0]);
    return tensor->elements ? crc32_z(sum, tensor->data, tensor->elements * rnn_dtype_size(tensor->dtype)) : sum;
}

/* The CRC-32 of each added up, as their order in a file means nothing. */
const char *content_sum(const struct content *content)
{
    uint64_t sum = 0;
    for (int i = 0; i < content->tensor_count; i++)
        sum += sum_tensor(&content->tensors[i]);
    for (int i = 0; i < content->metadata_count; i++)
        if (strcmp(content->metadata[i].key, CHECKSUM_KEY) != 0)
            sum += sum_string(sum_string(0, content->metadata[i].key), content->metadata[i].value);
    return arena_printf(content->arena, "%016" PRIx64, sum);
}

const char *checkpoint_sum(struct arena *arena, const rnn_file *file)
{
    struct content content = {.arena = arena, .tensor_count = rnn_file_count(file)};
    content.metadata_count = rnn_file_metadata_list(file, content.metadata, MOST_METADATA);
    content.tensors = ARENA_ARRAY(arena, rnn_file_tensor, content.tensor_count + 1);
    for (int i = 0; i < content.tensor_count; i++)
        content.tensors[i] = *rnn_file_at(file, i);
    return content.metadata_count <= MOST_METADATA ? content_sum(&content) : "";
}

/* Any bytes as a model of ONNX: it is refused with a sentence, or becomes a program that the compiler takes, with
 * weights of the shapes that the program declares. */
#include <string.h>

#include "base/arena.h"
#include "base/source.h"
#include "fuzz.h"
#include "import/onnx.h"
#include "network/program.h"

enum { LARGEST = 1 << 16 };

static void check_network(struct arena *arena, const struct onnx_network *network)
{
    const struct network_options options = network_options_new(arena);
    FUZZ_CHECK(network->program && *network->program);
    struct source *source = source_from_memory(arena, "net.rnn", network->program, strlen(network->program));
    if (!program_check(&options, source))
        fprintf(stderr, "%s", network->program);
    FUZZ_CHECK(program_is_right(&options, source));
    for (int i = 0; i < network->weight_count; i++) {
        const struct array *weight = &network->weights[i];
        FUZZ_CHECK(weight->name && *weight->name && weight->data);
        for (int k = 0; k < i; k++)
            FUZZ_CHECK(strcmp(network->weights[k].name, weight->name) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > LARGEST)
        return 0;
    struct arena *arena = arena_new();
    struct text content;
    struct onnx_network network;
    const char *error = NULL;
    text_init(&content, arena);
    text_append(&content, (const char *)data, size);
    /* in a folder that does not exist, so that no other file is read */
    const bool done = onnx_import_content(arena, "/dev/null/m.onnx", &content, NULL, 0, &network, &error);
    FUZZ_CHECK(done == !error);
    if (done)
        check_network(arena, &network);
    arena_free(arena);
    return 0;
}

#include <ctype.h>
#include <string.h>

#include "emit/emitter.h"

/* Keywords of C and C++, macros that headers or the compiler define, and the words that emitted code uses itself. */
static bool is_taken(const char *name)
{
    static const char taken[] =
        "I alignas alignof asm auto bool break case char const continue default do double else enum errno "
        "extern false float for goto if inline int linux long register restrict return short signed sizeof "
        "static static_assert struct switch true typedef typeof union unix unsigned void volatile while block "
        "column columns count done ends first flush right row rows weights side frame frames lengths most "
        "next packed panel params past size start state status stream streams sum t unit values work whole "
        "ages call end kept memory length i386 assert stdin stdout stderr class delete namespace new operator private "
        "public template this try catch using virtual window loss gradient left sums total late fault size_t "
        "ptrdiff_t int32_t int64_t uint64_t memset memcpy memmove offsetof isfinite advance and or not xor bitand "
        "bitor compl and_eq or_eq xor_eq not_eq explicit export friend mutable protected throw typeid "
        "typename constexpr consteval constinit decltype noexcept nullptr thread_local requires concept "
        "co_await co_yield co_return char8_t char16_t char32_t wchar_t const_cast static_cast dynamic_cast "
        "reinterpret_cast";
    size_t length = strlen(name);
    for (const char *word = taken; word; word = strchr(word, ' ')) {
        word += *word == ' ';
        if (strncmp(word, name, length) == 0 && (!word[length] || word[length] == ' '))
            return true;
    }
    bool ends_alone = length > 2 && name[length - 2] == '_'; /* as W_A, of which there is no macro */
    bool capitals = length > 2 && !ends_alone;
    for (const char *c = name; *c; c++)
        capitals &= isupper((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_';
    return capitals || strncmp(name, "rnn_", 4) == 0 || strncmp(name, "RNN_", 4) == 0 || name[0] == '_' ||
           strncmp(name, "M_", 2) == 0;
}

const char *c_name(struct arena *arena, const char *path)
{
    char *name = arena_copy_string(arena, path, strlen(path));
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c))
            *c = '_';
    size_t length = strlen(name);
    bool marked = length && name[length - 1] == '_';
    if (isdigit((unsigned char)*name))
        return arena_printf(arena, "v%s_", name);
    return is_taken(name) || marked ? arena_printf(arena, "%s%s_", *name == '_' ? "v" : "", name) : name;
}

const char *last_name(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

const char *emit_default_prefix(struct arena *arena, const char *name)
{
    struct text text;
    text_init(&text, arena);
    for (const char *c = name; *c; c++) {
        bool starts_word = c > name && isupper((unsigned char)*c) && c[-1] != '_' && islower((unsigned char)c[-1]);
        text_printf(&text, "%s%c", starts_word ? "_" : "", tolower((unsigned char)*c));
    }
    /* "RNN" and "_" would clash with the runtime's names and with the compiler's own. */
    return emit_prefix_is_valid(text.data) ? text.data : arena_printf(arena, "net_%s", text.data);
}

bool emit_prefix_is_valid(const char *prefix)
{
    if (!isalpha((unsigned char)*prefix))
        return false;
    for (const char *c = prefix; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_')
            return false;
    return strncmp(prefix, "rnn_", 4) != 0 && strcmp(prefix, "rnn") != 0;
}

static void name_leaves(struct emitter *emitter)
{
    const struct graph *graph = emitter->graph;
    struct unique members, arguments;
    unique_init(&members, emitter->arena);
    unique_init(&arguments, emitter->arena);
    emitter->parameters = ARENA_ARRAY(emitter->arena, const char *, graph->parameter_count + 1);
    for (int i = 0; i < graph->parameter_count; i++)
        emitter->parameters[i] = unique_name(&members, c_name(emitter->arena, graph->parameters[i].name));
    int inputs = graph->input_count;
    emitter->arguments = ARENA_ARRAY(emitter->arena, const char *, inputs + graph->output_count + 1);
    for (int i = 0; i < inputs; i++)
        emitter->arguments[i] = unique_name(&arguments, c_name(emitter->arena, graph->inputs[i].name));
    for (int i = 0; i < graph->output_count; i++)
        emitter->arguments[inputs + i] = unique_name(&arguments, c_name(emitter->arena, graph->outputs[i].name));
}

/* Packed matrices are called after their region and what they are multiplied with: "h1_scan_h". */
static void name_panels(struct emitter *emitter, struct unique *members)
{
    const struct schedule *schedule = emitter->schedule;
    emitter->panels = ARENA_ARRAY(emitter->arena, const char *, schedule->panel_count + 1);
    for (int r = 0; r < schedule->region_count; r++)
        for (int k = 0; k < schedule->regions[r].kernel_count; k++) {
            const struct kernel *kernel = &schedule->regions[r].kernels[k];
            for (int o = 0; o < kernel->operand_count; o++) {
                const struct operand *operand = &kernel->operands[o];
                const char *x = schedule->names[operand->x.node];
                const char *stem = arena_printf(emitter->arena, "%s_by_%s", schedule->regions[r].name, x ? x : "x");
                emitter->panels[operand->panels] = unique_name(members, stem);
            }
        }
}

struct emitter emitter_new(const struct schedule *schedule, const struct emit_options *options, struct arena *arena,
                           struct text *out)
{
    graph_expect_fresh(schedule->graph, schedule->uses.version, "a schedule");
    struct emitter emitter = {.arena = arena,
                              .schedule = schedule,
                              .graph = schedule->graph,
                              .prefix = options->prefix,
                              .owner = options->owner ? options->owner : options->prefix,
                              .tiles = ARENA_ARRAY(arena, struct map, 1),
                              .files = options->files,
                              .weights = options->weights,
                              .out = out,
                              .uses = schedule->uses};
    emitter.parameters_type = arena_printf(arena, "%s_params", emitter.owner);
    map_init(emitter.tiles, arena);
    int n = schedule->graph->node_count;
    emitter.buffers = ARENA_ARRAY(arena, const char *, n + 1);
    emitter.locals = ARENA_ARRAY(arena, struct expression, n + 1);
    emitter.last_load = ARENA_ARRAY(arena, int, n + 1);
    for (int i = 0; i < n; i++)
        emitter.last_load[i] = -1;
    struct unique members;
    unique_init(&members, arena);
    static const char *const own[] = {"left", "done", "window", "sums", "loss", "scratch", "gradient"};
    for (size_t i = 0; i < sizeof own / sizeof *own && schedule->graph->trains; i++)
        unique_name(&members, own[i]);
    for (int i = 0; i < n; i++)
        if (schedule->buffers[i].storage != STORE_NONE && schedule->buffers[i].storage != STORE_GRADIENT)
            emitter.buffers[i] = unique_name(&members, c_name(arena, schedule->names[i]));
    name_leaves(&emitter);
    name_enumerators(&emitter);
    name_panels(&emitter, &members);
    return emitter;
}

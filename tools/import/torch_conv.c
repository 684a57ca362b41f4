/* nn.Conv1d over the frames, as a sum of products with frames before and behind. What a state_dict does not tell of it,
 * the user says behind its name in --chain: "conv:padding=1", "conv:causal:dilation=2".
 * https://pytorch.org/docs/stable/generated/torch.nn.Conv1d.html */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "import/torch_program.h"

enum { MOST_FRAMES = 1000000, MOST_TAPS = 1000, MOST_TERMS = 4096 };

/* What the user says of it; -1: nothing. */
struct said {
    bool causal, same;
    long padding, dilation, groups, stride;
};

struct conv {
    struct torch_program *program;
    const struct torch_module *module;
    long out, in, taps; /* of its weight, [out, in, taps] */
    long groups, dilation;
    long back; /* frames that the first product reads back */
    bool biased;
    const char *x; /* what it reads */
};

/* Reads one option of `length` bytes. */
static bool read_option(struct conv *conv, const char *option, size_t length, struct said *said)
{
    const struct {
        const char *name;
        long *number;
        long least;
    } numbers[] = {{"padding=", &said->padding, 0},
                   {"dilation=", &said->dilation, 1},
                   {"groups=", &said->groups, 1},
                   {"stride=", &said->stride, 1}};
    const char *word = arena_copy_string(conv->program->arena, option, length);
    said->causal = said->causal || strcmp(word, "causal") == 0;
    said->same = said->same || strcmp(word, "same") == 0;
    if (strcmp(word, "causal") == 0 || strcmp(word, "same") == 0)
        return true;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const size_t begin = strlen(numbers[i].name);
        if (strncmp(word, numbers[i].name, begin) != 0)
            continue;
        char *end;
        errno = 0;
        const long number = strtol(word + begin, &end, 10);
        if (errno || end == word + begin || *end || number < numbers[i].least || number > MOST_FRAMES)
            return torch_error(conv->program, ": --chain: '%s' of '%s' needs a whole number from %ld to %d", word,
                               conv->module->name, numbers[i].least, MOST_FRAMES);
        *numbers[i].number = number;
        return true;
    }
    return torch_error(conv->program,
                       ": --chain: there is no '%s' that may stand behind '%s', an nn.Conv1d: there are causal, same, "
                       "padding=N, dilation=N, groups=N and stride=1",
                       word, conv->module->name);
}

static bool read_options(struct conv *conv, struct said *said)
{
    *said = (struct said){.padding = -1, .dilation = -1, .groups = -1, .stride = -1};
    for (const char *c = conv->module->options; *c;) {
        const size_t length = strcspn(c, ":");
        if (!read_option(conv, c, length, said))
            return false;
        c += length + (c[length] == ':');
    }
    if (said->causal + said->same + (said->padding >= 0) > 1)
        return torch_error(conv->program, ": --chain: '%s' is given two of causal, same and padding=N",
                           conv->module->name);
    if (said->stride > 1)
        return torch_error(conv->program,
                           ": '%s' with stride=%ld gives another number of frames than it takes, which a program does "
                           "not: only stride=1 is read",
                           conv->module->name, said->stride);
    return true;
}

/* Finds where the first product begins. */
static bool find_reach(struct conv *conv, const struct said *said)
{
    const char *name = conv->module->name;
    conv->dilation = said->dilation > 0 ? said->dilation : 1;
    const long all = conv->dilation * (conv->taps - 1);
    conv->back = said->causal ? all : all / 2;
    if (all && !said->causal && !said->same && said->padding < 0)
        return torch_error(conv->program,
                           ": a state_dict does not say where nn.Conv1d(%ld, %ld, %ld) '%s' has zeros around the "
                           "frames: in --chain, name it '%s:causal' where all are before the first frame, '%s:same' "
                           "for padding='same', or '%s:padding=N'; 'dilation=N' may follow, as '%s:causal:dilation=2'",
                           conv->in * conv->groups, conv->out, conv->taps, name, name, name, name, name);
    if (said->padding < 0 || 2 * said->padding == all)
        return true;
    const char *remedy =
        all % 2 ? "as many come of 'same' or 'causal'"
                : arena_printf(conv->program->arena, "as many come of padding=%ld, or of 'causal'", all / 2);
    return torch_error(conv->program,
                       ": '%s' with padding=%ld gives another number of frames than it takes, which a program does "
                       "not: with a kernel of %ld and dilation=%ld %s",
                       name, said->padding, conv->taps, conv->dilation, remedy);
}

/* Groups follow from the features that come in; those of the network's input are not known. */
static bool find_groups(struct conv *conv, const struct said *said)
{
    const struct torch_program *program = conv->program;
    const long known = program->before && program->size % conv->in == 0 ? program->size / conv->in : 1;
    conv->groups = said->groups > 0 ? said->groups : known;
    if (conv->groups > conv->out || conv->out % conv->groups)
        return torch_error(conv->program, ": '%s' gives %ld features, which are not %ld groups", conv->module->name,
                           conv->out, conv->groups);
    return conv->groups * conv->taps <= MOST_TERMS ||
           (conv->in == 1 && conv->groups == conv->out) /* each feature by itself, in one product a frame */
           || torch_error(conv->program, ": '%s' has %ld groups and a kernel of %ld; their product may be %d",
                          conv->module->name, conv->groups, conv->taps, MOST_TERMS);
}

/* Writes "conv.weight[4:8, :, 0] @ (x[2:4])[t-2] + .." for one group. */
static void write_group(const struct conv *conv, long group)
{
    struct text *text = &conv->program->equations;
    const char *name = conv->module->name;
    const bool by_feature = conv->in == 1 && conv->groups == conv->out, whole = conv->groups == 1 || by_feature;
    const long rows = conv->out / conv->groups;
    for (long k = 0; k < conv->taps; k++) {
        const long at = k * conv->dilation - conv->back;
        text_puts(text, k ? " + " : "");
        if (by_feature)
            text_printf(text, "%s.weight[:, 0, %ld] * ", name, k);
        else if (whole)
            text_printf(text, "%s.weight[:, :, %ld] @ ", name, k);
        else
            text_printf(text, "%s.weight[%ld:%ld, :, %ld] @ ", name, group * rows, (group + 1) * rows, k);
        if (whole)
            text_puts(text, conv->x);
        else
            text_printf(text, at ? "(%s[%ld:%ld])" : "%s[%ld:%ld]", conv->x, group * conv->in, (group + 1) * conv->in);
        if (at)
            text_printf(text, "[t%+ld]", at);
    }
}

static void write_equation(struct conv *conv)
{
    struct text *text = &conv->program->equations;
    const char *name = conv->module->name, *read = conv->program->expression;
    conv->x = read;
    text_printf(text, "  param %s.weight[%ld, %ld, %ld]", name, conv->out, conv->in, conv->taps);
    if (conv->biased)
        text_printf(text, ", %s.bias[%ld]", name, conv->out);
    if (strpbrk(read, " ([") && conv->taps * conv->groups > 1) {
        conv->x = arena_printf(conv->program->arena, "%s.x", name);
        text_printf(text, "\n  %s = %s", conv->x, read);
    }
    text_printf(text, "\n  %s.y = ", name);
    const bool joined = conv->groups > 1 && (conv->in > 1 || conv->groups != conv->out);
    text_puts(text, joined ? "concat(" : "");
    for (long group = 0; group < (joined ? conv->groups : 1); group++) {
        text_puts(text, group ? ", " : "");
        write_group(conv, group);
    }
    text_puts(text, joined ? ")" : "");
    if (conv->biased)
        text_printf(text, " + %s.bias", name);
    text_puts(text, "\n");
}

/* Says how PyTorch makes it: "nn.Conv1d(5, 6, 3, padding=1)". */
static void give(const struct conv *conv, const struct said *said)
{
    struct text made;
    const long all = conv->dilation * (conv->taps - 1);
    text_init(&made, conv->program->arena);
    text_printf(&made, "nn.Conv1d(%ld, %ld, %ld", conv->in * conv->groups, conv->out, conv->taps);
    if (said->same)
        text_puts(&made, ", padding='same'");
    else if (all && !said->causal)
        text_printf(&made, ", padding=%ld", conv->back);
    if (conv->dilation > 1)
        text_printf(&made, ", dilation=%ld", conv->dilation);
    if (conv->groups > 1)
        text_printf(&made, ", groups=%ld", conv->groups);
    text_puts(&made, conv->biased ? ")" : ", bias=False)");
    struct arena *arena = conv->program->arena;
    const char *zeros =
        said->causal && all ? arena_printf(arena, ", behind %ld zeros before the first frame", all) : "";
    torch_note(conv->program, conv->module, arena_printf(arena, "%s with stride=1%s", made.data, zeros),
               "nn.ConvTranspose1d has such tensors too, and is not read");
    torch_give(conv->program, conv->module, arena_printf(arena, "%s.y", conv->module->name), conv->out, "%s%s",
               made.data, zeros);
}

bool torch_conv(struct torch_program *program, struct torch_module *module, const struct array *weight)
{
    struct conv conv = {.program = program,
                        .module = module,
                        .out = weight->shape[0],
                        .in = weight->shape[1],
                        .taps = weight->shape[2],
                        .biased = torch_find(program, module, "bias") != NULL};
    struct said said;
    if (conv.out < 1 || conv.in < 1 || conv.taps < 1 || conv.taps > MOST_TAPS)
        return torch_error(program, ": '%s' is %s, but kernels of 1 to %d frames are read", weight->name,
                           array_shape_text(program->arena, weight), MOST_TAPS);
    if (!read_options(&conv, &said) || !find_groups(&conv, &said) || !find_reach(&conv, &said) ||
        !torch_enter(program, module, conv.in * conv.groups, true) ||
        !torch_take_shape(program, module, "weight", 3, weight->shape) ||
        (conv.biased && !torch_take(program, module, "bias", conv.out, 0)))
        return false;
    write_equation(&conv);
    give(&conv, &said);
    return true;
}

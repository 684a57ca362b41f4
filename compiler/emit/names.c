/* Names in the emitted C: those of the program, changed where C or the emitted code has them already. */
#include <ctype.h>
#include <string.h>

#include "emit/emitter.h"

/* True for keywords of C and C++, macros that headers or the compiler define, and the words that emitted code uses
 * itself. */
static bool is_taken(const char *name)
{
    static const char taken[] =
        "I alignas alignof asm auto bool break case char const continue default do double else enum errno "
        "extern false float for goto if inline int linux long register restrict return short signed sizeof "
        "static static_assert struct switch true typedef typeof union unix unsigned void volatile while block "
        "column columns count done ends first flush right row rows weights side frame frames lengths most "
        "next packed panel params past rings size start state status stream streams sum t unit values work whole "
        "ages call end kept memory length i386 assert stdin stdout stderr class delete namespace new operator private "
        "public template this try catch using virtual window loss gradient left sums total late late_numbers fault "
        "team wave share split quantised units losses size_t ptrdiff_t int32_t int64_t uint64_t "
        "inputs outputs targets output_adjoints input_gradients end_adjoint begin_adjoint memset memcpy memmove "
        "offsetof isfinite advance batch and or not xor bitand bitor "
        "compl and_eq or_eq xor_eq not_eq explicit export friend mutable protected throw typeid "
        "typename constexpr consteval constinit decltype noexcept nullptr thread_local requires concept "
        "co_await co_yield co_return char8_t char16_t char32_t wchar_t const_cast static_cast dynamic_cast "
        "reinterpret_cast";
    size_t length = strlen(name);
    for (const char *word = taken; word; word = strchr(word, ' ')) {
        word += *word == ' ';
        if (strncmp(word, name, length) == 0 && (!word[length] || word[length] == ' '))
            return true;
    }
    bool ends_alone = length > 2 && name[length - 2] == '_'; /* as W_A: there are no such macros */
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

const char *own_name(const struct emitter *emitter, const char *path)
{
    const char *name = c_name(emitter->arena, path);
    const size_t length = strlen(emitter->owner);
    const bool clashes = strncmp(name, emitter->owner, length) == 0 && name[length] == '_';
    return clashes ? arena_printf(emitter->arena, "%s_", name) : name;
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

const char *storage_text(enum precision storage)
{
    static const char *const names[] = {"RNN_F32", "RNN_F16", "RNN_BF16", "RNN_INT8"};
    return names[storage];
}

const char *kernel_name(const struct emitter *emitter, const struct region *region, const struct kernel *kernel)
{
    if (region->kernel_count == 1)
        return arena_printf(emitter->arena, "%s_%s_kernel", emitter->prefix, region->name);
    return arena_printf(emitter->arena, "%s_%s_%s_kernel", emitter->prefix, region->name, kernel->name);
}

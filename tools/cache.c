#include "cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "data/file.h"
#include "process.h"

/* FNV-1a with 128 bits; http://www.isthe.com/chongo/tech/comp/fnv/ */
typedef unsigned __int128 hash;

static hash hash_start(void) { return (hash)0x6c62272e07bb0142 << 64 | 0x62b821756295c58d; }

static hash hash_bytes(hash sum, const void *data, size_t length)
{
    const hash prime = (hash)1 << 88 | 0x13b;
    const unsigned char *bytes = data;
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ bytes[i]) * prime;
    return sum;
}

/* With its end, so that "ab" "c" is not "a" "bc". */
static hash hash_string(hash sum, const char *string) { return hash_bytes(sum, string, strlen(string) + 1); }

/* The folder and those above it. */
static bool make_folders(struct arena *arena, const char *path, const char **error)
{
    char *part = arena_copy_string(arena, path, strlen(path));
    for (char *end = part + 1;; end++) {
        char after = *end;
        if (after != '/' && after != '\0')
            continue;
        *end = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST) {
            *error =
                arena_printf(arena,
                             "cannot make the folder '%s' for compiled networks: %s; set XDG_CACHE_HOME to a folder "
                             "that can be written",
                             part, strerror(errno));
            return false;
        }
        if (after == '\0')
            return true;
        *end = after;
    }
}

const char *cache_folder(struct arena *arena, const char **error)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (!base || base[0] != '/') { /* relative paths are invalid, says the XDG specification */
        if (!home || !*home) {
            *error = "no place for compiled networks: set XDG_CACHE_HOME or HOME";
            return NULL;
        }
        base = arena_printf(arena, "%s/.cache", home);
    }
    const char *folder = arena_printf(arena, "%s/rnnc", base);
    return make_folders(arena, folder, error) ? folder : NULL;
}

const char *cache_begin(struct arena *arena, const char *cache, const char **error)
{
    char *folder = arena_printf(arena, "%s/new.XXXXXX", cache);
    if (mkdtemp(folder))
        return folder;
    *error = arena_printf(arena, "cannot make a folder in '%s': %s", cache, strerror(errno));
    return NULL;
}

/* What -march=native depends on: the lines of /proc/cpuinfo that name the first processor and what it can do. */
static hash hash_processor(struct arena *arena, hash sum)
{
    static const char *const fields[] = {"vendor_id", "cpu family",      "model",   "flags",
                                         "Features",  "CPU implementer", "CPU part"};
    struct text text;
    const char *unreadable;
    if (!file_read(arena, "/proc/cpuinfo", &text, &unreadable))
        return sum;
    const char *line = text.data;
    while (line && *line && *line != '\n') {
        size_t length = strcspn(line, "\n");
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
            if (strncmp(line, fields[i], strlen(fields[i])) == 0)
                sum = hash_bytes(sum, line, length);
        line += length + (line[length] == '\n');
    }
    return sum;
}

/* Runs the compiler with `ending` after `words`; false if it failed. */
static bool run_compiler(struct arena *arena, const char *const *words, int count, const char *const *ending,
                         struct text *output, const char **error)
{
    int status, endings = 0;
    while (ending[endings])
        endings++;
    const char **arguments = ARENA_ARRAY(arena, const char *, count + endings + 1);
    memcpy(arguments, words, (size_t)count * sizeof *words);
    memcpy(arguments + count, ending, (size_t)endings * sizeof *ending);
    if (!process_run(arena, arguments, output, &status, error)) {
        *error = arena_printf(arena,
                              "%s: networks are compiled by the C compiler that the variable CC names, or else by cc; "
                              "install one (on Debian: apt-get install gcc libc6-dev), or set CC",
                              *error);
        return false;
    }
    if (status)
        *error = arena_printf(arena, "the C compiler '%s' ended with exit status %d", words[0], status);
    return status == 0;
}

/* Everything that the library depends on, as a name. */
static const char *find_name(struct arena *arena, const char *folder, const struct compiler *compiler,
                             const char **error)
{
    struct text version, source;
    text_init(&version, arena);
    text_init(&source, arena);
    if (!run_compiler(arena, compiler->name, compiler->name_count, (const char *const[]){"--version", NULL}, &version,
                      error) ||
        !run_compiler(arena, compiler->words, compiler->count, (const char *const[]){"-E", "-P", NULL}, &source, error))
        return NULL;
    hash sum = hash_start();
    sum = hash_bytes(sum, version.data, version.length);
    sum = hash_bytes(sum, source.data, source.length);
    for (int i = 0; i < compiler->count; i++)
        if (strncmp(compiler->words[i], folder, strlen(folder)) != 0) /* the folder's name is a new one each time */
            sum = hash_string(sum, compiler->words[i]);
    sum = hash_processor(arena, sum);
    return arena_printf(arena, "%016llx%016llx", (unsigned long long)(sum >> 64), (unsigned long long)sum);
}

const char *cache_build(struct arena *arena, const char *cache, const char *folder, const struct compiler *compiler,
                        const char **error)
{
    const char *name = find_name(arena, folder, compiler, error);
    if (!name)
        return NULL;
    const char *place = arena_printf(arena, "%s/%s", cache, name);
    const char *library = arena_printf(arena, "%s/net.so", place);
    if (access(library, R_OK) == 0)
        return library;
    const char *result = arena_printf(arena, "%s/net.so", folder);
    if (!run_compiler(arena, compiler->words, compiler->count, (const char *const[]){"-shared", "-o", result, NULL},
                      NULL, error))
        return NULL;
    /* Another process may have put the same library there meanwhile; then that one is as good. */
    if (rename(folder, place) == 0 || access(library, R_OK) == 0)
        return library;
    *error = arena_printf(arena, "cannot move the compiled network to '%s': %s", place, strerror(errno));
    return NULL;
}

void cache_end(struct arena *arena, const char *folder)
{
    static const char *const files[] = {"net.c", "net.h", "net.so"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        unlink(arena_printf(arena, "%s/%s", folder, files[i]));
    rmdir(folder);
}

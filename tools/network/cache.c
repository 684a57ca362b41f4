#include "network/cache.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "command/progress.h"
#include "data/file.h"
#include "network/process.h"

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

#define BUILD_PREFIX "new." /* of the names of folders to build in */

/* ---- the folder ---- */

/* Makes the folder and those above it. */
static bool make_folders(struct arena *arena, const char *path, const char **error)
{
    char *part = arena_copy_string(arena, path, strlen(path));
    for (char *end = part + 1;; end++) {
        char after = *end;
        if (after != '/' && after != '\0')
            continue;
        *end = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
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

/* Finds a way in which others could write to a folder; NULL: none. Above the cache, root may be the owner, others may
 * write where they cannot rename what is not theirs, and a group is as good as its user. */
static const char *find_danger(const char *path, bool above)
{
    struct stat status;
    mode_t others = above ? S_IWOTH : S_IWGRP | S_IWOTH;
    if (stat(path, &status) != 0)
        return strerror(errno);
    if (!S_ISDIR(status.st_mode))
        return "it is no folder";
    if (status.st_uid != geteuid() && !(above && status.st_uid == 0))
        return "it belongs to another user";
    return status.st_mode & others && !(above && status.st_mode & S_ISVTX) ? "others may write to it (chmod go-w)"
                                                                           : NULL;
}

/* Checks that all folders are safe: files in the cache are run, so nobody else may write there. */
static bool check_folders(struct arena *arena, const char *above, const char *folder, const char **error)
{
    const char *path = above, *danger = find_danger(above, true);
    if (!danger) {
        path = folder;
        danger = find_danger(folder, false);
    }
    if (danger)
        *error = arena_printf(arena,
                              "compiled networks are not kept in '%s': %s; set XDG_CACHE_HOME to a folder of your own",
                              path, danger);
    return !danger;
}

bool cache_open(struct arena *arena, struct cache *cache, const char **error)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"), *unreadable;
    struct text cpuinfo;
    if (!base || base[0] != '/') { /* the XDG specification forbids relative paths */
        if (!home || !*home) {
            *error = "no place for compiled networks: set XDG_CACHE_HOME or HOME";
            return false;
        }
        base = arena_printf(arena, "%s/.cache", home);
    }
    cache->folder = arena_printf(arena, "%s/rnnc", base);
    bool known = file_read(arena, "/proc/cpuinfo", &cpuinfo, &unreadable) && cpuinfo.length;
    cache->processor = cache_describe_processor(arena, known ? cpuinfo.data : "");
    return make_folders(arena, cache->folder, error) && check_folders(arena, base, cache->folder, error);
}

/* Removes folders that were begun more than a day ago: whoever did was killed. */
static void sweep(struct arena *arena, const struct cache *cache)
{
    DIR *folder = opendir(cache->folder);
    time_t now = time(NULL);
    struct stat status;
    enum { DAY = 24 * 60 * 60 };
    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strncmp(entry->d_name, BUILD_PREFIX, strlen(BUILD_PREFIX)) != 0)
            continue;
        const char *path = arena_printf(arena, "%s/%s", cache->folder, entry->d_name);
        if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && now - status.st_mtime > DAY)
            cache_end(arena, path);
    }
    if (folder)
        closedir(folder);
}

const char *cache_begin(struct arena *arena, const struct cache *cache, const char **error)
{
    sweep(arena, cache);
    char *folder = arena_printf(arena, "%s/" BUILD_PREFIX "XXXXXX", cache->folder);
    if (mkdtemp(folder))
        return folder;
    *error = arena_printf(arena, "cannot make a folder in '%s': %s", cache->folder, strerror(errno));
    return NULL;
}

/* ---- the name of an entry ---- */

const char *cache_describe_processor(struct arena *arena, const char *cpuinfo)
{
    static const char *const fields[] = {"vendor_id", "cpu family",      "model",    "stepping", "flags",
                                         "Features",  "CPU implementer", "CPU part", "isa",      "features"};
    struct text text;
    text_init(&text, arena);
    text_puts(&text, "");
    for (const char *line = cpuinfo; *line && *line != '\n';) {
        size_t length = strcspn(line, "\n");
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
            if (strncmp(line, fields[i], strlen(fields[i])) == 0) {
                text_append(&text, line, length);
                text_puts(&text, "\n");
                break;
            }
        line += length + (line[length] == '\n');
    }
    return text.data;
}

/* Runs the compiler with `ending` after `words`; false if it failed. progress: NULL if nobody waits for it. */
static bool run_compiler(struct arena *arena, const char *const *words, int count, const char *const *ending,
                         struct text *output, struct progress *progress, const char **error)
{
    int status, endings = 0;
    while (ending[endings])
        endings++;
    const char **arguments = ARENA_ARRAY(arena, const char *, count + endings + 1);
    memcpy(arguments, words, (size_t)count * sizeof *words);
    memcpy(arguments + count, ending, (size_t)endings * sizeof *ending);
    if (!process_run_watched(arena, arguments, output, progress ? progress_step : NULL, progress, &status, error)) {
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
static const char *find_name(struct arena *arena, const struct cache *cache, const char *folder,
                             const struct compiler *compiler, const char **error)
{
    struct text version, source;
    text_init(&version, arena);
    text_init(&source, arena);
    if (!run_compiler(arena, compiler->name, compiler->name_count, (const char *const[]){"--version", NULL}, &version,
                      NULL, error) ||
        !run_compiler(arena, compiler->words, compiler->count, (const char *const[]){"-E", "-P", NULL}, &source, NULL,
                      error))
        return NULL;
    hash sum = hash_start();
    sum = hash_bytes(sum, version.data, version.length);
    sum = hash_bytes(sum, source.data, source.length);
    for (int i = 0; i < compiler->count; i++)
        if (strncmp(compiler->words[i], folder, strlen(folder)) != 0) /* the folder's name is a new one each time */
            sum = hash_string(sum, compiler->words[i]);
    sum = hash_string(sum, cache->processor);
    return arena_printf(arena, "%016llx%016llx", (unsigned long long)(sum >> 64), (unsigned long long)sum);
}

/* ---- an entry ---- */

/* The end of an entry, behind the library, where the loader of libraries does not look. */
struct seal {
    char name[8];
    uint64_t size; /* of the library */
    hash sum;      /* of the library */
};

static const char seal_name[8] = "rnnc.net";

static struct seal make_seal(const char *data, size_t size)
{
    struct seal seal = {.size = size, .sum = hash_bytes(hash_start(), data, size)};
    memcpy(seal.name, seal_name, sizeof seal.name);
    return seal;
}

/* True if the file is the user's own, and whole. */
static bool is_good(struct arena *arena, const char *path)
{
    struct stat status;
    struct text text;
    const char *unreadable;
    if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid() ||
        status.st_mode & (S_IWGRP | S_IWOTH) || !file_read(arena, path, &text, &unreadable) ||
        text.length < sizeof(struct seal))
        return false;
    struct seal seal = make_seal(text.data, text.length - sizeof seal);
    return memcmp(text.data + seal.size, &seal, sizeof seal) == 0;
}

/* Puts the library, with its seal, in its place. */
static bool put_entry(struct arena *arena, const char *library, const char *entry, const char **error)
{
    struct text text;
    if (!file_read(arena, library, &text, error))
        return false;
    struct seal seal = make_seal(text.length ? text.data : "", text.length);
    text_append(&text, (const char *)&seal, sizeof seal);
    if (chmod(library, 0600) == 0) { /* which writing keeps */
        if (!file_write(arena, library, text.data, text.length, error))
            return false;
        if (rename(library, entry) == 0)
            return true;
    }
    *error = arena_printf(arena, "cannot move the compiled network to '%s': %s", entry, strerror(errno));
    return false;
}

/* The text shown while it compiles: with -O3, which CFLAGS may change, that can take minutes. */
static const char *name_work(struct arena *arena, const struct compiler *compiler)
{
    int levels = 0;
    for (int i = 0; i < compiler->count; i++)
        levels += strncmp(compiler->words[i], "-O", 2) == 0;
    return arena_printf(arena, "compiling the network with %s%s", compiler->words[0],
                        levels > 1 ? "" : " (sooner with CFLAGS=-O1)");
}

static bool compile(struct arena *arena, const struct compiler *compiler, const char *library, const char **error)
{
    const char *const ending[] = {"-shared", "-o", library, NULL};
    struct progress progress = progress_begin();
    progress_next(&progress, name_work(arena, compiler), 0);
    bool done =
        run_compiler(arena, compiler->words, compiler->count, ending, NULL, compiler->quiet ? NULL : &progress, error);
    progress_end(&progress);
    if (!done || access(library, F_OK) == 0)
        return done;
    *error = arena_printf(arena,
                          "'%s' made no file: networks are compiled by the C compiler that the variable CC names, "
                          "or else by cc",
                          compiler->words[0]);
    return false;
}

const char *cache_build(struct arena *arena, const struct cache *cache, const char *folder,
                        const struct compiler *compiler, const char **error)
{
    const char *name = find_name(arena, cache, folder, compiler, error);
    if (!name)
        return NULL;
    const char *entry = arena_printf(arena, "%s/%s.so", cache->folder, name);
    if (is_good(arena, entry))
        return entry;
    const char *library = arena_printf(arena, "%s/net.so", folder);
    bool built = compile(arena, compiler, library, error) && put_entry(arena, library, entry, error);
    return built ? entry : NULL;
}

void cache_end(struct arena *arena, const char *folder)
{
    static const char *const files[] = {"net.c", "net.h", "net.so"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        unlink(arena_printf(arena, "%s/%s", folder, files[i]));
    rmdir(folder);
}

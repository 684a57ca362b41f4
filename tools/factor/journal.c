#include "factor/journal.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/text.h"
#include "data/file.h"

static const char *journal_path(const struct journal *journal)
{
    return arena_printf(journal->arena, "%s/tried.json", journal->folder);
}

static bool refuse(const struct journal *journal, const char *reason, const char **error)
{
    *error = arena_printf(journal->arena, "--checkpoint %s: %s", journal->folder, reason);
    return false;
}

/* ---- the identity ---- */

static json_t *identity_json(struct arena *arena, const struct journal_identity *identity)
{
    json_t *json = json_object();
    json_object_set_new(json, "program", json_integer(identity->program));
    json_object_set_new(json, "weights", json_integer(identity->weights));
    json_object_set_new(json, "data", json_integer(identity->data));
    json_object_set_new(json, "options", json_string(identity->options));
    json_object_set_new(json, "metric", json_string(identity->metric));
    json_object_set_new(json, "seed", json_string(arena_printf(arena, "%" PRIu64, identity->seed)));
    return json;
}

/* Refuses a journal of another search. */
static bool identity_is_same(const struct journal *journal, json_t *wanted, const char **error)
{
    const json_t *there = json_object_get(journal->root, "search");
    for (void *at = json_object_iter(wanted); at; at = json_object_iter_next(wanted, at)) {
        const char *name = json_object_iter_key(at);
        if (!json_equal(json_object_iter_value(at), json_object_get(there, name)))
            return refuse(journal, arena_printf(journal->arena, "it is of another search (%s)", name), error);
    }
    return true;
}

/* ---- the folder ---- */

static int count_entries(const char *path)
{
    DIR *folder = opendir(path);
    int count = 0;
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count - 2; /* . and .. */
}

static bool write_journal(const struct journal *journal, const char **error)
{
    char *text = json_dumps(journal->root, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    const bool written = text && file_write(journal->arena, journal_path(journal), text, strlen(text), error);
    free(text);
    return written;
}

/* Refuses entries that journal_add has not written. */
static bool entries_are_right(const struct journal *journal, const char **error)
{
    json_t *tried = json_object_get(journal->root, "tried");
    if (!json_is_object(tried))
        return refuse(journal, "tried.json is not what rnn factor has written", error);
    for (void *at = json_object_iter(tried); at; at = json_object_iter_next(tried, at)) {
        const json_t *entry = json_object_iter_value(at), *metric = json_object_get(entry, "metric");
        if ((json_is_number(metric) || json_is_null(metric)) && json_is_integer(json_object_get(entry, "epochs")) &&
            json_is_integer(json_object_get(entry, "best")))
            continue;
        return refuse(journal,
                      arena_printf(journal->arena,
                                   "tried.json is not what rnn factor has written: '%s' wants a number or null as its "
                                   "\"metric\", and whole numbers as its \"epochs\" and \"best\"; give a new folder",
                                   json_object_iter_key(at)),
                      error);
    }
    return true;
}

/* Reads the journal that is there; *found is false where there is none. */
static bool read_journal(struct journal *journal, json_t *identity, bool *found, const char **error)
{
    struct text text;
    struct stat status;
    *found = stat(journal_path(journal), &status) == 0;
    if (!*found)
        return true;
    if (!file_read(journal->arena, journal_path(journal), &text, error))
        return false;
    journal->root = json_loadb(text.data ? text.data : "", text.length, 0, NULL);
    return entries_are_right(journal, error) && identity_is_same(journal, identity, error);
}

bool journal_open(struct journal *journal, struct arena *arena, const char *folder, bool resume,
                  const struct journal_identity *identity, const char **error)
{
    bool found = false;
    *journal = (struct journal){.arena = arena, .folder = folder};
    json_t *own = identity_json(arena, identity);
    bool done = true;
    if (folder && mkdir(folder, 0777) != 0 && errno != EEXIST)
        done = refuse(journal, strerror(errno), error);
    else if (folder && resume)
        done = read_journal(journal, own, &found, error);
    if (folder && done && !found && count_entries(folder) > 0)
        done = refuse(journal,
                      resume ? "there is no search in it, but something else: give a new folder"
                             : "there is something in it: give --resume, or a new folder",
                      error);
    if (done && !found) {
        journal->root = json_pack("{sOs{}}", "search", own, "tried");
        done = !folder || write_journal(journal, error);
    }
    json_decref(own);
    if (!done)
        journal_close(journal);
    return done;
}

void journal_close(struct journal *journal)
{
    json_decref(journal->root);
    journal->root = NULL;
}

/* ---- what has been judged ---- */

bool journal_find(const struct journal *journal, const char *name, struct judged *judged)
{
    const json_t *entry = json_object_get(json_object_get(journal->root, "tried"), name);
    const json_t *metric = json_object_get(entry, "metric");
    if (!entry)
        return false;
    *judged = (struct judged){json_is_number(metric) ? json_number_value(metric) : NAN,
                              (int)json_integer_value(json_object_get(entry, "epochs")),
                              (int)json_integer_value(json_object_get(entry, "best"))};
    return true;
}

bool journal_add(struct journal *journal, const char *name, const struct judged *judged, const char **error)
{
    json_t *entry = json_object();
    json_object_set_new(entry, "metric", isfinite(judged->metric) ? json_real(judged->metric) : json_null());
    json_object_set_new(entry, "epochs", json_integer(judged->epochs));
    json_object_set_new(entry, "best", json_integer(judged->best_epoch));
    json_object_set_new(json_object_get(journal->root, "tried"), name, entry);
    return !journal->folder || write_journal(journal, error);
}

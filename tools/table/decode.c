#include "table/decode.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

bool is_distribution(const double *scores, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        if (scores[i] < 0)
            return false;
        sum += scores[i];
    }
    return fabs(sum - 1) < 1e-3;
}

int decode_best_path(const double *scores, int frames, int n, int32_t *labels)
{
    int count = 0, before = 0;
    for (int t = 0; t < frames; t++) {
        const double *row = scores + (ptrdiff_t)t * n;
        int best = 0;
        for (int k = 1; k < n; k++)
            if (row[k] > row[best] || (isnan(row[best]) && !isnan(row[k])))
                best = k;
        if (best && best != before)
            labels[count++] = best;
        before = best;
    }
    return count;
}

/* ---- prefixes ----
 *
 * Prefixes that were ever in the beam are a tree, so that each exists once:
 *
 *      (nothing) ---- a ---- ab         a child's prefix is its parent's and one label more
 *            \          \--- aa
 *             b
 */
struct prefix {
    int parent, first_child, next; /* next: of the same parent; -1: none */
    int32_t label;                 /* the last; 0 in the root, which is prefix 0 */
    int place;                     /* in the beam; -1: not there */
};

/* Logarithms of the probability of the paths so far that spell the prefix and end with a blank, or with its last label.
 */
struct score {
    double blank, label;
};

struct entry {
    int prefix;
    struct score score;
};

/* A candidate for the beam after the next frame: an entry as it is (label 0), or with one label more. */
struct candidate {
    int entry;
    int32_t label;
    struct score score;
    double total;
};

struct search {
    struct arena *arena;
    int n, width;
    struct prefix *prefixes;
    int count, capacity;
    struct entry *entries; /* the beam, best first */
    int entry_count;
    struct score *stays;    /* of the entries, after the next frame */
    struct candidate *heap; /* the best so far, the worst of them first */
    int heap_count;
    unsigned char *in_beam; /* [n]: one prefix's children that are in the beam */
    double *row;            /* [n]: log of the probability of each symbol in this frame */
};

/* log(e^a + e^b) */
static double log_add(double a, double b)
{
    double most = a > b ? a : b;
    return most == -INFINITY ? most : most + log1p(exp((a > b ? b : a) - most));
}

static double total_of(struct score score) { return log_add(score.blank, score.label); }

static int add_prefix(struct search *search, int parent, int32_t label)
{
    struct prefix prefix = {.parent = parent, .first_child = -1, .next = -1, .label = label, .place = -1};
    if (parent >= 0)
        prefix.next = search->prefixes[parent].first_child;
    ARENA_PUSH(search->arena, search->prefixes, search->count, search->capacity, prefix);
    if (parent >= 0)
        search->prefixes[parent].first_child = search->count - 1;
    return search->count - 1;
}

static int find_or_add_prefix(struct search *search, int parent, int32_t label)
{
    for (int i = search->prefixes[parent].first_child; i >= 0; i = search->prefixes[i].next)
        if (search->prefixes[i].label == label)
            return i;
    return add_prefix(search, parent, label);
}

/* ---- the best candidates ---- */

/* A total order: below 0 if a is better. */
static int compare_candidates(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    if (a->total != b->total)
        return a->total > b->total ? -1 : 1;
    if (a->entry != b->entry)
        return a->entry < b->entry ? -1 : 1;
    return (a->label > b->label) - (a->label < b->label);
}

static void swap_candidates(struct candidate *a, struct candidate *b)
{
    struct candidate swap = *a;
    *a = *b;
    *b = swap;
}

static void sink(struct search *search, int i)
{
    struct candidate *heap = search->heap;
    for (;;) {
        int worst = i;
        for (int child = 2 * i + 1; child <= 2 * i + 2 && child < search->heap_count; child++)
            if (compare_candidates(&heap[child], &heap[worst]) > 0)
                worst = child;
        if (worst == i)
            return;
        swap_candidates(&heap[i], &heap[worst]);
        i = worst;
    }
}

static void offer(struct search *search, struct candidate candidate)
{
    struct candidate *heap = search->heap;
    candidate.total = total_of(candidate.score);
    if (candidate.total == -INFINITY)
        return;
    if (search->heap_count == search->width) {
        if (compare_candidates(&candidate, &heap[0]) > 0)
            return;
        heap[0] = candidate;
        sink(search, 0);
        return;
    }
    int i = search->heap_count++;
    heap[i] = candidate;
    for (; i > 0 && compare_candidates(&heap[i], &heap[(i - 1) / 2]) > 0; i = (i - 1) / 2)
        swap_candidates(&heap[i], &heap[(i - 1) / 2]);
}

/* ---- a frame ---- */

static void fill_row(struct search *search, const double *scores, enum decode_scale scale)
{
    double most = -INFINITY, sum = 0;
    for (int k = 0; k < search->n; k++) {
        search->row[k] = scale == DECODE_PROBABILITIES ? log(scores[k]) : scores[k];
        most = search->row[k] > most ? search->row[k] : most;
    }
    for (int k = 0; k < search->n; k++)
        sum += exp(search->row[k] - most);
    for (int k = 0; k < search->n; k++)
        search->row[k] = isnan(sum) ? -log(search->n) : search->row[k] - most - log(sum);
}

/* Scores the entry with one label more. To make the prefix longer, a repeated label needs a blank before it. */
static double extend(const struct search *search, const struct entry *entry, int32_t label)
{
    bool repeats = search->prefixes[entry->prefix].label == label;
    return (repeats ? entry->score.blank : total_of(entry->score)) + search->row[label];
}

/* Scores the entries that stay as they are, also from those of the beam that are one label shorter. */
static void find_stays(struct search *search)
{
    for (int i = 0; i < search->entry_count; i++) {
        const struct entry *entry = &search->entries[i];
        const struct prefix *prefix = &search->prefixes[entry->prefix];
        search->stays[i].blank = total_of(entry->score) + search->row[0];
        search->stays[i].label = entry->score.label + search->row[prefix->label];
        int parent = prefix->parent < 0 ? -1 : search->prefixes[prefix->parent].place;
        if (parent >= 0)
            search->stays[i].label =
                log_add(search->stays[i].label, extend(search, &search->entries[parent], prefix->label));
    }
}

/* Marks or unmarks the children of the entry that are in the beam, and so are among the stays. */
static void mark_children(struct search *search, const struct entry *entry, unsigned char mark)
{
    const struct prefix *prefixes = search->prefixes;
    for (int i = prefixes[entry->prefix].first_child; i >= 0; i = prefixes[i].next)
        if (prefixes[i].place >= 0)
            search->in_beam[prefixes[i].label] = mark;
}

static void find_candidates(struct search *search)
{
    search->heap_count = 0;
    for (int i = 0; i < search->entry_count; i++) {
        const struct entry *entry = &search->entries[i];
        offer(search, (struct candidate){.entry = i, .score = search->stays[i]});
        mark_children(search, entry, 1);
        for (int32_t label = 1; label < search->n; label++)
            if (!search->in_beam[label])
                offer(search, (struct candidate){i, label, {-INFINITY, extend(search, entry, label)}, 0});
        mark_children(search, entry, 0);
    }
    qsort(search->heap, (size_t)search->heap_count, sizeof *search->heap, compare_candidates);
}

/* Makes the candidates the beam. */
static void replace_entries(struct search *search, struct entry *next)
{
    for (int i = 0; i < search->entry_count; i++)
        search->prefixes[search->entries[i].prefix].place = -1;
    for (int i = 0; i < search->heap_count; i++) {
        const struct candidate *candidate = &search->heap[i];
        int prefix = search->entries[candidate->entry].prefix;
        next[i].prefix = candidate->label ? find_or_add_prefix(search, prefix, candidate->label) : prefix;
        next[i].score = candidate->score;
    }
    search->entries = next;
    search->entry_count = search->heap_count;
    for (int i = 0; i < search->entry_count; i++)
        search->prefixes[search->entries[i].prefix].place = i;
}

static int write_labels(const struct search *search, int prefix, int32_t *labels)
{
    int count = 0;
    for (int i = prefix; i > 0; i = search->prefixes[i].parent)
        count++;
    for (int i = prefix, at = count; i > 0; i = search->prefixes[i].parent)
        labels[--at] = search->prefixes[i].label;
    return count;
}

int decode_beam(struct arena *scratch, const double *scores, enum decode_scale scale, int frames, int n, int width,
                int32_t *labels, double *log_probability)
{
    struct entry *beams[2] = {ARENA_ARRAY(scratch, struct entry, width), ARENA_ARRAY(scratch, struct entry, width)};
    struct search search = {.arena = scratch, .n = n, .width = width, .entries = beams[0], .entry_count = 1};
    search.stays = ARENA_ARRAY(scratch, struct score, width);
    search.heap = ARENA_ARRAY(scratch, struct candidate, width);
    search.in_beam = ARENA_ARRAY(scratch, unsigned char, n);
    search.row = ARENA_ARRAY(scratch, double, n);
    search.entries[0] = (struct entry){add_prefix(&search, -1, 0), {0, -INFINITY}};
    search.prefixes[0].place = 0;
    for (int t = 0; t < frames; t++) {
        fill_row(&search, scores + (ptrdiff_t)t * n, scale);
        find_stays(&search);
        find_candidates(&search);
        replace_entries(&search, beams[(t + 1) % 2]);
    }
    if (log_probability)
        *log_probability = total_of(search.entries[0].score);
    return write_labels(&search, search.entries[0].prefix, labels);
}

/* Suggestions for misspelt names: of the candidates considered, the nearest one by Damerau-Levenshtein distance
 * (letters put in, left out, changed, or two neighbours swapped), if it is near enough: within a third of the longer
 * name's length. Of several equally near ones the first considered is kept.
 *
 *     struct suggestion suggestion;
 *     suggest_init(&suggestion, "sigmiod");
 *     for (...)
 *         suggest_consider(&suggestion, candidate);
 *     if (suggestion.best)
 *         diag_note(diag, span, "did you mean '%s'?", suggestion.best);
 */
#ifndef RNNC_BASE_SUGGEST_H
#define RNNC_BASE_SUGGEST_H

struct suggestion {
    const char *name;
    const char *best; /* NULL while nothing is near enough */
    int distance;     /* of `best` */
};

void suggest_init(struct suggestion *suggestion, const char *name);
void suggest_consider(struct suggestion *suggestion, const char *candidate);

#endif

/* Answers to what an editor asks of a program. All are JSON as the protocol has it, the caller's; null where there is
 * nothing to say. `at` is a byte of the program's text. */
#ifndef RNNC_LSP_ANSWERS_H
#define RNNC_LSP_ANSWERS_H

#include <jansson.h>
#include <stdint.h>

struct analysis;

json_t *answer_hover(const struct analysis *analysis, uint32_t at);
json_t *answer_definition(const struct analysis *analysis, const char *uri, uint32_t at);
/* `good`: of the last text that could be parsed, for names that this one does not show; may be the same. */
json_t *answer_completion(const struct analysis *analysis, const struct analysis *good, uint32_t at);
json_t *answer_symbols(const struct analysis *analysis);
json_t *answer_formatting(const struct analysis *analysis);

/* diagnostics.c: what textDocument/publishDiagnostics tells of a program. */
json_t *answer_diagnostics(const struct analysis *analysis, const char *uri);

#endif

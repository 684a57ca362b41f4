/* The language server: `rnnc --lsp` (Language Server Protocol 3.17, microsoft.github.io/language-server-protocol). */
#ifndef RNNC_LSP_SERVER_H
#define RNNC_LSP_SERVER_H

#include <stdio.h>

#include "lsp/analysis.h"

/* Answers requests until the editor says `exit` or closes the stream. Returns the exit status that the protocol wants:
 * 0 behind a `shutdown`, else 1. */
int lsp_serve(FILE *in, FILE *out, const char *version, analysis_compile *compile, void *context);

#endif

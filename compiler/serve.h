/* `rnnc --lsp`: the compiler behind the language server. */
#ifndef RNNC_SERVE_H
#define RNNC_SERVE_H

struct pipeline_options;

/* Serves on the standard streams; every program is compiled with these options. Returns the exit status. */
int serve(const struct pipeline_options *options);

#endif

#include "serve.h"

#include <stdio.h>

#include "base/diag.h"
#include "lsp/server.h"
#include "pipeline.h"

/* The schedule is that of inference: what an editor shows of a value is where it is computed then. */
static void compile(void *context, struct analysis *analysis)
{
    struct pipeline_options options = *(const struct pipeline_options *)context;
    struct pipeline_result result = {0};
    options.emit = EMIT_EXPLAIN;
    options.train = options.vjp = false;
    options.dump_after = STAGE_COUNT;
    pipeline_run(analysis->arena, analysis->source, &options, analysis->diag, &result);
    analysis->tree = result.tree;
    analysis->program = diag_error_count(analysis->diag) ? NULL : result.program;
    analysis->schedule = result.schedule;
}

int serve(const struct pipeline_options *options)
{
    struct pipeline_options own = *options;
    return lsp_serve(stdin, stdout, RNNC_VERSION, compile, &own);
}

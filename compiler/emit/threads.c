/* Code that threads share: forks, and loops over the panels of each. */
#include "emit/emitter.h"

void write_threads(struct emitter *emitter, const char *call, const char *each)
{
    write_pattern(emitter,
                  "    if (split.threads == 1) {\n        $_%s;\n        return;\n    }\n"
                  "    RNN_OMP(parallel num_threads(split.threads)) /* each thread has %s */\n"
                  "    {\n"
                  "        const rnn_flush_state flush = rnn_flush_begin(); /* a mode of each thread */\n"
                  "        $_%s;\n"
                  "        rnn_flush_end(flush);\n"
                  "    }\n",
                  call, each, call);
}

void write_panels_head(struct emitter *emitter, const struct region *region, const char *indent, const char *counter,
                       const char *panels)
{
    if (region && region_is_shared(region)) {
        use_variables(emitter, VAR_share);
        text_printf(emitter->out,
                    "%sfor (int %s = rnn_panel_first(&share, %s); %s < rnn_panel_end(&share, %s); %s++) {\n", indent,
                    counter, panels, counter, panels, counter);
    } else
        text_printf(emitter->out, "%sfor (int %s = 0; %s < %s; %s++) {\n", indent, counter, counter, panels, counter);
}

const char *last_panels(struct emitter *emitter, const struct region *region, const char *panels)
{
    return arena_printf(emitter->arena,
                        region && region_is_shared(region) ? "rnn_panel_back(&share, %s, i)" : "%s - 1 - i", panels);
}

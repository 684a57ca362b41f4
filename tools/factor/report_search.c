#include <math.h>

#include "base/arena.h"
#include "factor/search.h"

/* Says which matrices a name in the list stands for. */
static void report_groups(const struct search *search, struct text *text)
{
    for (int g = 0; g < search->group_count; g++) {
        const struct group *group = &search->groups[g];
        if (group->matrix_count > 1)
            text_printf(text, "%s is declared together with", group->matrices[0]->value->name);
        for (int i = 1; i < group->matrix_count; i++)
            text_printf(text, "%s %s", i > 1 ? "," : "", group->matrices[i]->value->name);
        if (group->matrix_count > 1)
            text_puts(text, ", and has the same form\n");
    }
}

void report_choices(const struct search *search, const struct choice *choices, struct text *text)
{
    bool dense = true;
    for (int g = 0; g < search->group_count; g++) {
        const struct group *group = &search->groups[g];
        if (choice_is_same(&choices[g], &search->states[0].choices[g]))
            continue;
        text_printf(text, "%s%s %s", dense ? "" : ", ", group->matrices[0]->value->name,
                    choice_text(search->factoring->arena, &choices[g]));
        dense = false;
    }
    text_puts(text, dense ? "dense" : "");
}

void report_state(const struct search *search, const struct state *state, struct text *text)
{
    report_choices(search, state->choices, text);
    if (state->trained)
        text_printf(text, "; after %d epoch%s", state->epochs, state->epochs == 1 ? "" : "s");
}

static void report_trials(const struct search *search, struct text *text)
{
    text_printf(text, "\nTried, in this order (us: a frame of all streams, predicted):\n\n%10s %12s\n", "us",
                search->factoring->options->metric_name);
    for (int i = 0; i < search->state_count; i++) {
        const struct state *state = &search->states[i];
        if (state->verdict == VERDICT_OPEN) /* a preview that was not needed */
            continue;
        const char *verdict = state == search->found           ? "taken"
                              : state->verdict == VERDICT_GOOD ? ""
                              : state->verdict == VERDICT_SLOW ? "slower"
                                                               : "worse";
        text_printf(text, "%10.3f %12.6g  %-6s ", state->time / 1e3, state->metric, verdict);
        report_state(search, state, text);
        text_puts(text, "\n");
    }
}

static void report_left(const struct search *search, struct text *text)
{
    for (int g = 0; g < search->group_count; g++)
        if (search->groups[g].reason && choice_is_same(&search->found->choices[g], &search->states[0].choices[g]))
            text_printf(text, "%s stays dense: %s\n", search->groups[g].matrices[0]->value->name,
                        search->groups[g].reason);
}

void report_search(const struct factoring *factoring, struct text *text)
{
    const struct search *search = factoring->search;
    if (!search)
        return;
    const struct factor_options *options = factoring->options;
    const int threads = options->network.threads ? options->network.threads : 1;
    const struct state *dense = &search->states[0];
    report_trials(search, text);
    text_puts(text, "\n");
    report_groups(search, text);
    report_left(search, text);
    if (search->found->trained)
        text_printf(text, "trained for %d epoch%s, best %s\n", search->found->epochs,
                    search->found->epochs == 1 ? "" : "s",
                    search->found->best_epoch ? arena_printf(text->arena, "after epoch %d", search->found->best_epoch)
                                              : "before the first");
    if (search->refused)
        text_printf(text, "%d of them were worse when they were compiled\n", search->refused);
    text_printf(text, "%s: dense %.6g, now %.6g; tolerance %g\n", options->metric_name, dense->metric,
                search->metric_found, options->tolerance);
    if (search->found == dense) {
        text_puts(text, "No form is faster within the tolerance: the network stays dense.\n");
        return;
    }
    text_printf(text,
                "us a frame of %d stream%s, %d frame%s a call, %d thread%s\n"
                "  predicted: dense %.3f, now %.3f: %.2f times as fast\n"
                "  measured:  dense %.3f, now %.3f: %.2f times as fast\n",
                options->streams, options->streams == 1 ? "" : "s", options->frames, options->frames == 1 ? "" : "s",
                threads, threads == 1 ? "" : "s", dense->time / 1e3, search->found->time / 1e3,
                dense->time / search->found->time, search->measured[0], search->measured[1],
                search->measured[0] / search->measured[1]);
}

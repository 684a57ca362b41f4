/* Verifies the loops of a plan: what is done with each block is together. */
#include "schedule/plan.h"

/* Returns the number of the wavefront of a step, or -1 - pass. */
static int loop_of(const struct schedule *schedule, const struct step *step)
{
    return step->section == NO_SECTION ? -1 - step->pass : schedule->sections[step->section].wavefront;
}

/* Checks a step of a block against the last one before it: loops are of one pass or one section each, and those of a
 * wavefront follow each other. */
static const char *check_loop(const struct schedule *schedule, const struct step *step, const struct step *before,
                              bool adjacent)
{
    if (step->section != NO_SECTION && schedule->sections[step->section].pass != step->pass)
        return "a section runs in a pass that is not its own";
    if (!before)
        return NULL;
    if (loop_of(schedule, step) != loop_of(schedule, before))
        return step->pass < before->pass || (step->section != NO_SECTION && step->section < before->section)
                   ? "a pass runs through its blocks twice"
                   : NULL;
    return !adjacent || step->section < before->section ? "a pass runs through its blocks twice" : NULL;
}

/* Checks that steps of a block are together: one loop for each pass or section, in the direction of the pass; and that
 * those of a section are in the order of its regions. */
const char *plan_verify_loops(const struct schedule *schedule, const struct plan *plan)
{
    const struct step *steps = plan->steps, *last = NULL, *region = NULL;
    const char *wrong = NULL;
    for (int i = 0; i < plan->step_count && !wrong; i++) {
        if (steps[i].scope != SCOPE_CALL && steps[i].backward != (steps[i].pass % 2 == 1))
            return "a pass runs the wrong way";
        if (steps[i].scope != SCOPE_BLOCK)
            continue;
        wrong = check_loop(schedule, &steps[i], last, last == &steps[i - 1]);
        last = &steps[i];
        if (steps[i].kind != STEP_REGION)
            continue;
        if (region && steps[i].section != NO_SECTION && steps[i].section == region->section &&
            steps[i].region < region->region)
            return "a region runs before one that it may need";
        region = &steps[i];
    }
    return wrong;
}

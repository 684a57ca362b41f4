/* Verifies sections: every block of a pass goes through each of its regions once, and whatever a section reads of
 * another is there when it does, at any number of threads. */
#include "base/arena.h"
#include "schedule/verify.h"

static const struct section *section_of(const struct verifying *verifying, int region)
{
    int section = region < 0 ? NO_SECTION : verifying->schedule->section_of[region];
    return section == NO_SECTION ? NULL : &verifying->schedule->sections[section];
}

static int number_of(const struct verifying *verifying, const struct section *section)
{
    return (int)(section - verifying->schedule->sections);
}

/* ---- members ---- */

static const char *verify_region(const struct verifying *verifying, int index)
{
    const struct schedule *schedule = verifying->schedule;
    const struct region *region = &schedule->regions[index];
    int number = schedule->section_of[index], listed = 0;
    if (number < NO_SECTION || number >= schedule->section_count)
        return arena_printf(verifying->scratch, "region %s is in section %d, which is not there", region->name, number);
    for (int s = 0; s < schedule->section_count; s++)
        for (int i = 0; i < schedule->sections[s].region_count; i++)
            listed += schedule->sections[s].regions[i] == index ? 1 + (s != number) : 0;
    if (listed != (number != NO_SECTION))
        return arena_printf(verifying->scratch, "region %s is not in its section once", region->name);
    if (number != NO_SECTION && (!region_has_frames(region) || schedule->sections[number].pass != region->pass))
        return arena_printf(verifying->scratch, "region %s cannot be in section %d", region->name, number);
    for (int r = 0; r < schedule->region_count; r++)
        if (region_has_frames(region) && region_has_frames(&schedule->regions[r]) &&
            schedule->regions[r].pass == region->pass &&
            (schedule->section_of[r] == NO_SECTION) != (number == NO_SECTION))
            return arena_printf(verifying->scratch, "pass %d has regions in sections and others", region->pass);
    return NULL;
}

static const char *verify_section(const struct verifying *verifying, int number)
{
    const struct schedule *schedule = verifying->schedule;
    const struct section *section = &schedule->sections[number];
    if (!section->region_count)
        return arena_printf(verifying->scratch, "section %d is empty", number);
    for (int i = 1; i < section->region_count; i++)
        if (section->regions[i] <= section->regions[i - 1])
            return arena_printf(verifying->scratch, "section %d has its regions in another order", number);
    if (number && section->wavefront < section[-1].wavefront)
        return arena_printf(verifying->scratch, "section %d is not beside those of its wavefront", number);
    for (int i = 0; i < section->wait_count; i++) {
        int other = section->waits[i].section;
        if (other < 0 || other >= number || schedule->sections[other].wavefront != section->wavefront)
            return arena_printf(verifying->scratch, "section %d waits for %d, which may never begin", number, other);
    }
    return NULL;
}

/* ---- reads ---- */

/* True if a section waits for blocks of another, or, `whole`, for all of them. */
static bool section_waits(const struct section *section, int other, bool whole)
{
    for (int i = 0; i < section->wait_count; i++)
        if (section->waits[i].section == other && section->waits[i].whole >= whole)
            return true;
    return false;
}

/* True if a value is complete only when all sections of its wavefront are through. */
static bool is_finished_behind(const struct verifying *verifying, int id)
{
    const struct node *node = verifying->graph->nodes[id];
    return node_waits_for_pass(verifying->graph, node) || node->op == OP_seed ||
           op_reads(node->op, 0) == READS_ALL_FRAMES;
}

static const char *verify_read(const struct verifying *verifying, int reader, const struct edge *edge)
{
    const struct schedule *schedule = verifying->schedule;
    const struct section *here = section_of(verifying, schedule->region_of[reader]),
                         *there = section_of(verifying, schedule->region_of[edge->node]),
                         *init = edge->init == NO_NODE ? NULL : section_of(verifying, schedule->region_of[edge->init]);
    if (!here)
        return NULL;
    if (init && init->wavefront == here->wavefront)
        return arena_printf(verifying->scratch, "%%%d begins with %%%d before its wavefront is over", reader,
                            edge->init);
    if (!there || there->wavefront != here->wavefront)
        return NULL;
    if (is_finished_behind(verifying, edge->node))
        return arena_printf(verifying->scratch, "%%%d reads %%%d before its wavefront is over", reader, edge->node);
    if (there != here && !section_waits(here, number_of(verifying, there), there->pass != here->pass))
        return arena_printf(verifying->scratch, "%%%d reads %%%d, for which section %d does not wait", reader,
                            edge->node, number_of(verifying, here));
    return NULL;
}

/* Verifies that nothing is done once between the passes of a wavefront. */
static const char *verify_passes(const struct verifying *verifying)
{
    const struct schedule *schedule = verifying->schedule;
    for (int a = 0; a < schedule->section_count; a++)
        for (int b = 0; b < schedule->section_count; b++)
            for (int r = 0; r < schedule->region_count; r++)
                if (schedule->sections[a].wavefront == schedule->sections[b].wavefront &&
                    schedule->regions[r].kind == REGION_SEQUENCE &&
                    schedule->regions[r].pass > schedule->sections[a].pass &&
                    schedule->regions[r].pass <= schedule->sections[b].pass)
                    return arena_printf(verifying->scratch, "region %s runs within a wavefront",
                                        schedule->regions[r].name);
    return NULL;
}

/* ---- sums ---- */

/* True if a section adds to the gradient of a parameter: a sum that something else reads too has memory of its own. */
static bool section_adds_to(const struct verifying *verifying, const struct section *section, int parameter)
{
    const struct schedule *schedule = verifying->schedule;
    for (int i = 0; i < verifying->graph->node_count; i++) {
        const struct node *node = verifying->graph->nodes[i];
        for (int k = 0; k < node->count && node->op == OP_gradient && node->parameter == parameter; k++)
            if (uses_count(&schedule->uses, node->edges[k].node) == 1 &&
                section_of(verifying, schedule->region_of[node->edges[k].node]) == section)
                return true;
    }
    return false;
}

/* Verifies that sections add to one gradient one behind the other. */
static const char *verify_sums(const struct verifying *verifying, int parameter)
{
    const struct schedule *schedule = verifying->schedule;
    int last = NO_SECTION;
    for (int s = 0; s < schedule->section_count; s++) {
        const struct section *section = &schedule->sections[s];
        if (!section_adds_to(verifying, section, parameter))
            continue;
        if (last != NO_SECTION && schedule->sections[last].wavefront == section->wavefront &&
            !section_waits(section, last, true))
            return arena_printf(verifying->scratch, "sections %d and %d add to one gradient at once", last, s);
        last = s;
    }
    return NULL;
}

const char *verify_sections(struct verifying *verifying)
{
    const struct schedule *schedule = verifying->schedule;
    const struct graph *graph = verifying->graph;
    const char *wrong = NULL;
    for (int r = 0; r < schedule->region_count && !wrong; r++)
        wrong = verify_region(verifying, r);
    for (int s = 0; s < schedule->section_count && !wrong; s++)
        wrong = verify_section(verifying, s);
    for (int i = 0; i < graph->node_count && !wrong; i++)
        for (int k = 0; k < graph->nodes[i]->count && !wrong; k++)
            wrong = verify_read(verifying, i, &graph->nodes[i]->edges[k]);
    if (!wrong)
        wrong = verify_passes(verifying);
    for (int p = 0; p < graph->parameter_count && !wrong && schedule->section_count; p++)
        wrong = verify_sums(verifying, p);
    return wrong;
}

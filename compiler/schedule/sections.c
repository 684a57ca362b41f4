/* The sections that values belong to. */
#include "schedule/schedule.h"

bool region_is_of_blocks(const struct region *region)
{
    return region->kind == REGION_FRAMES || region->kind == REGION_SCAN || region->kind == REGION_ELEMENTWISE_SCAN;
}

static int section_of_region(const struct schedule *schedule, int region)
{
    return region < 0 ? NO_SECTION : schedule->section_of[region];
}

/* Returns the first section of a pass; NO_SECTION if it has none. */
static int first_section(const struct schedule *schedule, int pass)
{
    for (int s = 0; s < schedule->section_count; s++)
        if (schedule->sections[s].pass == pass)
            return s;
    return NO_SECTION;
}

int section_of_reader(const struct schedule *schedule, int reader)
{
    return reader < 0 ? first_section(schedule, 0) : section_of_region(schedule, schedule->region_of[reader]);
}

bool value_crosses_sections(const struct schedule *schedule, int id)
{
    const struct uses *uses = &schedule->uses;
    bool made = schedule->region_of[id] >= 0;
    int own = section_of_region(schedule, schedule->region_of[id]);
    for (int u = uses->begin[id]; u < uses->begin[id + 1]; u++) {
        int there = made && uses->use[u].reader < 0 ? own : section_of_reader(schedule, uses->use[u].reader);
        if (own >= 0 && there >= 0 && there != own)
            return true;
        own = !made && own < 0 ? there : own;
    }
    return false;
}

int section_of_value(const struct schedule *schedule, int id)
{
    const struct uses *uses = &schedule->uses;
    if (schedule->region_of[id] >= 0)
        return section_of_region(schedule, schedule->region_of[id]);
    int first = first_section(schedule, 0), only = NO_SECTION;
    for (int u = uses->begin[id]; u < uses->begin[id + 1] && only < 0; u++)
        only = section_of_reader(schedule, uses->use[u].reader);
    return only < 0 || value_crosses_sections(schedule, id) ? first : only;
}

#include "tune/caches.h"

#include <hwloc.h>

/* Returns how many cores of the process are within the object. */
static int cores_within(hwloc_topology_t topology, hwloc_obj_t object)
{
    return hwloc_get_nbobjs_inside_cpuset_by_type(topology, object->cpuset, HWLOC_OBJ_CORE);
}

static bool find_levels(hwloc_topology_t topology, struct machine *machine)
{
    static const hwloc_obj_type_t types[] = {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE};
    for (int level = LEVEL_FIRST; level <= LEVEL_THIRD; level++) {
        const hwloc_obj_t cache = hwloc_get_obj_by_type(topology, types[level], 0);
        struct machine_level *found = &machine->levels[level];
        if (cache && cache->attr->cache.size > 0) {
            found->bytes = (double)cache->attr->cache.size;
            found->cores = cores_within(topology, cache) > 0 ? cores_within(topology, cache) : 1;
        } else if (level == LEVEL_FIRST) {
            return false;
        } else {
            *found = machine->levels[level - 1];
        }
    }
    machine->levels[LEVEL_MEMORY].cores = machine->cores;
    return true;
}

bool caches_find(struct machine *machine, const char **error)
{
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology) != 0) {
        *error = "out of memory";
        return false;
    }
    /* Without the flag hwloc leaves out what the process may not use, such as processors of other containers. */
    bool found = hwloc_topology_load(topology) == 0;
    if (found) {
        machine->cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);
        found = machine->cores > 0 && find_levels(topology, machine);
    }
    if (!found)
        *error = "the system does not say which caches it has: write a machine file by hand, from a machine built in";
    hwloc_topology_destroy(topology);
    return found;
}

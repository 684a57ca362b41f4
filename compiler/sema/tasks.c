/* The queue of tasks that can go on, and those that wait for an instance. */
#include "base/arena.h"
#include "sema/instances.h"

void push_task(struct elaboration *e, enum task_kind kind, struct instance *instance, const struct statement *statement)
{
    struct task task = {kind, instance, statement};
    ARENA_PUSH(e->arena, e->tasks, e->task_count, e->task_capacity, task);
}

void wait_for(struct elaboration *e, struct instance *instance, enum task_kind kind, struct instance *waiting,
              const struct statement *statement)
{
    struct task task = {kind, waiting, statement};
    ARENA_PUSH(e->arena, instance->waiting, instance->waiting_count, instance->waiting_capacity, task);
}

void wake_waiting(struct elaboration *e, struct instance *instance)
{
    for (int i = 0; i < instance->waiting_count; i++)
        push_task(e, instance->waiting[i].kind, instance->waiting[i].instance, instance->waiting[i].statement);
    instance->waiting_count = 0;
}

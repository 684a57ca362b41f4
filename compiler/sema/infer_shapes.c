/* Stage infer-shapes: the least shapes and times of all values, and every rule that needs them. */
#include "base/arena.h"
#include "base/diag.h"
#include "sema/check.h"
#include "sema/sema.h"
#include "sema/shapes.h"

void infer_shapes(struct arena *arena, struct program *program, struct diagnostics *diag)
{
    struct check check = {.arena = arena, .program = program};
    report_init(&check.report, arena, diag, program->source);
    solver_init(&check.solver, arena);
    check.wrong = ARENA_ARRAY(arena, bool, program->value_count + 1);
    for (int i = 0; i < program->value_count; i++)
        solver_add(&check.solver, program->values[i]);
    for (int i = 0; i < program->value_count; i++)
        if (program->values[i]->term)
            solver_attach(&check.solver, program->values[i]);
    do
        solver_run(&check.solver);
    while (solver_settle(&check.solver));
    infer_target_times(&check);
    check_values(&check);
    check_cycles(&check);
    check_open_shapes(&check);
    if (diag_error_count(diag) == 0)
        check_waiting_shapes(&check);
    if (diag_error_count(diag) == 0)
        finish_program(&check);
}

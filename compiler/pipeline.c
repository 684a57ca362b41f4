/* THE STORY: every stage of rnnc, in order. Read this first. */
#include "pipeline.h"

#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/internal_error.h"
#include "base/list.h"
#include "base/machine.h"
#include "base/target.h"
#include "embed.h"
#include "emit/emit.h"
#include "explain_memory.h"
#include "graph/graph.h"
#include "lower/lower.h"
#include "pack.h"
#include "record.h"
#include "refuse.h"
#include "report/report.h"
#include "schedule/plan.h"
#include "transform/transform.h"

const char *stage_name(enum stage stage)
{
    static const char *const names[] = {PIPELINE_STAGES(LIST_NAME)};
    return names[stage];
}

struct pipeline_options pipeline_default_options(void)
{
    return (struct pipeline_options){
        .schedule = {.machine = &machine_generic, .elementwise_scan = true, .group_frames = true, .turn_panels = true},
        .factor = true,
        .sink = true,
        .emit = EMIT_C,
        .load = {.streams = 1, .frames = 100, .threads = 1},
        .dump_after = STAGE_COUNT,
    };
}

struct pipeline {
    struct arena *arena;
    struct arena *scratch; /* of the stage at hand */
    const struct pipeline_options *options;
    struct diagnostics *diag;
    struct pipeline_result *result;
    double begun;
    struct tree *tree;
    struct program *program;
    struct graph *graph;
    struct components components;
    struct schedule *schedule;
    struct emit_derivatives derivatives;
    const struct emit_variants *variants; /* or NULL; the schedule is what is common to them */
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Verifies the graph and the schedule: after every stage of a debug build or on request; else only the first graph and
 * the last schedule, which costs little. */
static void verify_stage(struct pipeline *pipeline, enum stage stage)
{
    bool always = pipeline->options->verify;
#ifndef NDEBUG
    always = true;
#endif
    const char *wrong = NULL;
    if (pipeline->graph && (always || stage == STAGE_BUILD_GRAPH))
        wrong = graph_verify(pipeline->graph, pipeline->scratch);
    bool scheduled = pipeline->schedule && stage >= STAGE_SPLIT_REGIONS;
    if (!wrong && scheduled && (always || stage == STAGE_ASSIGN_BUFFERS))
        wrong = schedule_verify(pipeline->schedule, pipeline->scratch);
    if (!wrong && stage == STAGE_PLAN)
        wrong = plan_verify(pipeline->schedule, pipeline->scratch);
    if (wrong)
        internal_error("after %s: %s", stage_name(stage), wrong);
}

/* Prints the program, and before it each file that it imports, under its name. */
static void dump_parts(const struct tree *tree, struct text *out)
{
    for (int i = 0; i < tree->part_count; i++) {
        const struct tree *part = tree->parts[i];
        if (part != tree)
            text_printf(out, "# %s\n", tree->source->files[part->file].name);
        tree_print(part, out);
        text_puts(out, part != tree ? "\n" : "");
    }
}

/* Prints the result of a stage for --dump-after. */
static void dump_stage(struct pipeline *pipeline, enum stage stage)
{
    struct text *out = &pipeline->result->dump;
    if (stage <= STAGE_LOAD_IMPORTS)
        dump_parts(pipeline->tree, out);
    else if (stage <= STAGE_INFER_SHAPES)
        program_print(pipeline->program, out);
    else if (stage <= STAGE_LEGALISE)
        graph_print(pipeline->graph, out);
    else if (stage == STAGE_FIND_COMPONENTS)
        components_print(pipeline->graph, &pipeline->components, out);
    else if (stage <= STAGE_ASSIGN_BUFFERS)
        schedule_print(pipeline->schedule, out);
    else if (stage == STAGE_PLAN)
        plan_print(pipeline->schedule, out);
    else
        text_append(out, pipeline->result->main.data, pipeline->result->main.length);
}

/* Ends a stage: time, verify, dump, and a new scratch. False if errors end the run. */
static bool end_stage(struct pipeline *pipeline, enum stage stage)
{
    pipeline->result->seconds[stage] += now() - pipeline->begun;
    if (diag_error_count(pipeline->diag))
        return false;
    verify_stage(pipeline, stage);
    if (stage == pipeline->options->dump_after)
        dump_stage(pipeline, stage);
    arena_free(pipeline->scratch);
    pipeline->scratch = arena_new();
    pipeline->begun = now();
    return true;
}

static bool has_levels(const struct pipeline_options *options)
{
    return options->emit == EMIT_C && options->target && options->target->levels;
}

static const char *prefix_of(struct pipeline *pipeline)
{
    const char *prefix = pipeline->options->prefix;
    return prefix ? prefix : emit_default_prefix(pipeline->arena, pipeline->graph->name);
}

/* True for a network without parameters, whose weights --freestanding makes constants without a file. */
static bool has_no_weights(const struct pipeline *pipeline)
{
    const struct pipeline_options *options = pipeline->options;
    return options->emit == EMIT_C && options->freestanding && !pipeline->graph->parameter_count;
}

/* Adds the weights that are to be constants, and what --self-test compares with. False if they are wrong. */
static bool add_weights(struct pipeline *pipeline, struct emit_options *emit_options)
{
    const struct pipeline_options *options = pipeline->options;
    struct pipeline_result *result = pipeline->result;
    emit_options->weights = options->embed ? embed_weights(pipeline->arena, pipeline->graph, options->embed,
                                                           &result->unused, &result->error)
                                           : ARENA_ARRAY(pipeline->arena, double, 1);
    if (!emit_options->weights)
        return false;
    if (options->embed ? options->embed_packed : options->plain)
        emit_options->constants = pack_weights(pipeline->arena, pipeline->schedule, emit_options->weights);
    if (options->self_test)
        emit_options->record =
            record_outputs(pipeline->arena, pipeline->program, emit_options->weights, &result->error);
    return !result->error;
}

static void emit(struct pipeline *pipeline)
{
    const struct pipeline_options *options = pipeline->options;
    struct pipeline_result *result = pipeline->result;
    struct emit_options emit_options = {.header = options->header,
                                        .files = !options->no_files && !options->embed && !options->freestanding,
                                        .target = options->target,
                                        .variants = pipeline->variants,
                                        .freestanding = options->freestanding,
                                        .plain = options->plain};
    if (options->emit == EMIT_C || options->emit == EMIT_HTML)
        emit_options.prefix = prefix_of(pipeline);
    if (options->plain)
        emit_options.packed_bytes = explain_packed_bytes(pipeline->schedule);
    if (options->embed || has_no_weights(pipeline)) {
        if (!add_weights(pipeline, &emit_options))
            return;
    } else if (options->self_test) {
        result->error = arena_printf(pipeline->arena, "--self-test is about the weights of '%s': add --embed=FILE%s",
                                     pipeline->graph->name, options->plain ? " or --weights=FILE" : "");
        return;
    }
    switch (options->emit) {
    case EMIT_C:
        (has_levels(options) ? emit_dispatcher : emit_source)(pipeline->schedule, &pipeline->derivatives, &emit_options,
                                                              pipeline->scratch, &result->main);
        if (options->header)
            emit_header(pipeline->schedule, &pipeline->derivatives, &emit_options, pipeline->scratch, &result->header);
        break;
    case EMIT_SOURCE:
        tree_print(pipeline->tree, &result->main);
        break;
    case EMIT_GRAPH:
        graph_print(pipeline->graph, &result->main);
        break;
    case EMIT_DOT:
        emit_dot(pipeline->schedule, &result->main);
        break;
    case EMIT_SCHEDULE:
        schedule_print(pipeline->schedule, &result->main);
        break;
    case EMIT_EXPLAIN:
        emit_explain(pipeline->schedule, pipeline->scratch, &result->main);
        if (options->plain)
            explain_memory(pipeline->schedule, pipeline->scratch, &result->main);
        break;
    case EMIT_PREDICT:
        result->predicted = emit_prediction(
            options->in_double ? schedule_in_double(pipeline->schedule, pipeline->scratch) : pipeline->schedule,
            &options->load, pipeline->scratch, &result->main);
        break;
    case EMIT_HTML:
        report_html(pipeline->schedule, &emit_options, pipeline->scratch, &result->main);
        break;
    case EMIT_NOTHING:
        break;
    }
}

/* Runs the stages from the tree to a checked program. */
static bool run_names(struct pipeline *pipeline)
{
    pipeline->program = resolve_names(pipeline->arena, pipeline->tree, &pipeline->options->sema, pipeline->diag);
    if (!pipeline->program)
        return false;
    end_stage(pipeline, STAGE_RESOLVE_NAMES); /* errors in names do not hide errors in shapes and cycles */
    infer_shapes(pipeline->arena, pipeline->program, pipeline->diag);
    return end_stage(pipeline, STAGE_INFER_SHAPES);
}

static bool run_front(struct pipeline *pipeline, struct source *source)
{
    pipeline->tree = parse(pipeline->arena, source, pipeline->diag);
    if (!end_stage(pipeline, STAGE_PARSE))
        return false;
    /* A formatter asks no more of a program than that it parses, and of files that are imported what they are, so that
     * its result is not written over one. */
    const bool formats = pipeline->options->emit == EMIT_SOURCE;
    load_imports(pipeline->arena, source, pipeline->tree, &pipeline->options->imports,
                 formats ? diag_new(pipeline->arena, source) : pipeline->diag);
    if (formats)
        return true;
    return end_stage(pipeline, STAGE_LOAD_IMPORTS) && run_names(pipeline);
}

/* What a schedule is of: the network, its loss and gradients, or the products of adjoints and its derivatives. */
enum purpose { PURPOSE_NETWORK, PURPOSE_TRAINING, PURPOSE_VJP };

/* Runs the stages from the checked program to a schedule. */
static struct schedule *run_back(struct pipeline *pipeline, enum purpose purpose)
{
    static struct graph *(*const builds[])(struct arena *, const struct program *, struct diagnostics *) = {
        build_graph, build_training_graph, build_adjoint_graph};
    const bool trains = purpose != PURPOSE_NETWORK;
    struct arena *arena = pipeline->arena;
    const struct pipeline_options *options = pipeline->options;
    pipeline->graph = builds[purpose](arena, pipeline->program, pipeline->diag);
    if (!pipeline->graph || !end_stage(pipeline, STAGE_BUILD_GRAPH))
        return NULL;
    simplify(pipeline->graph, pipeline->scratch);
    end_stage(pipeline, STAGE_SIMPLIFY);
    decompose(pipeline->graph, pipeline->scratch);
    end_stage(pipeline, STAGE_DECOMPOSE);
    if (options->factor)
        factor(pipeline->graph, options->schedule.machine, pipeline->scratch);
    end_stage(pipeline, STAGE_FACTOR);
    if (options->factor)
        factor_sums(pipeline->graph, pipeline->scratch);
    end_stage(pipeline, STAGE_FACTOR_SUMS);
    if (trains) {
        const bool by_outputs = purpose == PURPOSE_VJP, of_pasts = options->vjp_states && by_outputs;
        if (of_pasts && refuse_whole_sequences(pipeline->graph, pipeline->diag))
            return NULL;
        differentiate(pipeline->graph, options->input_gradients || by_outputs, of_pasts, pipeline->scratch);
        if (of_pasts)
            refuse_pasts(pipeline->graph, pipeline->diag);
        if (!end_stage(pipeline, STAGE_DIFFERENTIATE))
            return NULL;
        if (options->factor) /* the adjoint's sums */
            factor_sums(pipeline->graph, pipeline->scratch);
        end_stage(pipeline, STAGE_FACTOR_SUMS);
    }
    if (options->sink)
        sink(pipeline->graph, options->schedule.machine, pipeline->scratch);
    end_stage(pipeline, STAGE_SINK);
    legalise(pipeline->graph, pipeline->scratch);
    end_stage(pipeline, STAGE_LEGALISE);
    pipeline->components = find_components(pipeline->graph, arena, pipeline->scratch);
    end_stage(pipeline, STAGE_FIND_COMPONENTS);
    pipeline->schedule =
        split_regions(pipeline->graph, &pipeline->components, &options->schedule, arena, pipeline->scratch);
    end_stage(pipeline, STAGE_SPLIT_REGIONS);
    choose_kernels(pipeline->schedule, arena, pipeline->scratch);
    end_stage(pipeline, STAGE_CHOOSE_KERNELS);
    place_threads(pipeline->schedule);
    end_stage(pipeline, STAGE_PLACE_THREADS);
    form_sections(pipeline->schedule, arena, pipeline->scratch);
    end_stage(pipeline, STAGE_FORM_SECTIONS);
    assign_buffers(pipeline->schedule, arena, pipeline->scratch);
    end_stage(pipeline, STAGE_ASSIGN_BUFFERS);
    plan(pipeline->schedule, arena);
    end_stage(pipeline, STAGE_PLAN);
    return pipeline->schedule;
}

static bool run_backs(struct pipeline *pipeline)
{
    static const enum purpose purposes[] = {PURPOSE_TRAINING, PURPOSE_VJP, PURPOSE_NETWORK};
    const struct pipeline_options *options = pipeline->options;
    struct schedule *schedules[3] = {NULL};
    const bool wanted[] = {options->train, options->vjp, true};
    if ((options->train && refuse_without_loss(pipeline->program, pipeline->diag)) ||
        (options->vjp && refuse_without_output(pipeline->program, pipeline->diag)))
        return false;
    for (int i = 0; i < 3; i++) {
        schedules[i] = wanted[i] ? run_back(pipeline, purposes[i]) : NULL;
        if (wanted[i] && (!schedules[i] || options->emit != EMIT_C))
            return schedules[i] != NULL;
    }
    pipeline->derivatives = (struct emit_derivatives){schedules[0], schedules[1]};
    return true;
}

/* Compiles the program once more, with the forms of a variant on top of its own. */
static const struct schedule *run_variant(struct pipeline *pipeline, const struct variant_option *variant)
{
    const struct pipeline_options *all = pipeline->options;
    struct diagnostics *diag = pipeline->diag;
    struct program *written = pipeline->program;
    struct pipeline_options own = *all;
    pipeline->result->error = expand_variant(pipeline->arena, written, variant, &own.sema);
    if (pipeline->result->error)
        return NULL;
    pipeline->options = &own;
    pipeline->diag = diag_new(pipeline->arena, written->source); /* which says much again */
    bool done = run_names(pipeline) && run_backs(pipeline);
    diag_join(diag, pipeline->diag);
    pipeline->diag = diag;
    pipeline->options = all;
    pipeline->program = written;
    return done ? pipeline->schedule : NULL;
}

static bool run_variants(struct pipeline *pipeline)
{
    const struct pipeline_options *options = pipeline->options;
    struct emit_variant *list = ARENA_ARRAY(pipeline->arena, struct emit_variant, options->variant_count);
    struct emit_variants *variants = ARENA_NEW(pipeline->arena, struct emit_variants);
    struct load *load = ARENA_NEW(pipeline->arena, struct load); /* the options of a level end with it */
    *load = options->load;
    *variants = (struct emit_variants){list, options->variant_count, load};
    for (int i = 0; i < options->variant_count; i++) {
        const struct variant_option *variant = &options->variants[i];
        list[i] = (struct emit_variant){variant->name, variant->word, run_variant(pipeline, variant)};
        if (!list[i].schedule)
            return false;
    }
    pipeline->schedule = join_variants(variants, pipeline->arena, &pipeline->result->error);
    pipeline->variants = variants;
    return pipeline->schedule != NULL;
}

/* Compiles the checked program, in each of its variants if there are several. */
static bool run_forms(struct pipeline *pipeline)
{
    return (pipeline->options->variant_count ? run_variants : run_backs)(pipeline);
}

/* Compiles the checked program once for each level, with the schedules that the level's machine wants. */
static bool run_levels(struct pipeline *pipeline)
{
    const struct pipeline_options *all = pipeline->options;
    const struct target *levels = all->target->levels;
    bool done = true;
    for (int i = 0; done && levels[i].name; i++) {
        struct pipeline_options own = *all;
        own.schedule.machine = levels[i].machine;
        pipeline->options = &own;
        done = run_forms(pipeline);
        if (done) {
            const struct emit_options emit_options = {
                .prefix = emit_level_prefix(pipeline->arena, prefix_of(pipeline), &levels[i]),
                .target = &levels[i],
                .within = all->target,
                .variants = pipeline->variants};
            emit_source(pipeline->schedule, &pipeline->derivatives, &emit_options, pipeline->scratch,
                        &pipeline->result->levels[i]);
        }
        pipeline->options = all;
        end_stage(pipeline, STAGE_EMIT);
    }
    return done;
}

static bool run_stages(struct pipeline *pipeline, struct source *source)
{
    const enum emit_kind kind = pipeline->options->emit;
    if (!run_front(pipeline, source))
        return false;
    if (kind != EMIT_SOURCE && kind != EMIT_NOTHING &&
        !(has_levels(pipeline->options) ? run_levels : run_forms)(pipeline))
        return false;
    emit(pipeline);
    return end_stage(pipeline, STAGE_EMIT) && !pipeline->result->error;
}

bool pipeline_run(struct arena *arena, struct source *source, const struct pipeline_options *options,
                  struct diagnostics *diag, struct pipeline_result *result)
{
    struct pipeline pipeline = {
        .arena = arena, .scratch = arena_new(), .options = options, .diag = diag, .result = result, .begun = now()};
    text_init(&result->main, arena);
    text_init(&result->header, arena);
    for (int i = 0; i < PIPELINE_LEVELS; i++)
        text_init(&result->levels[i], arena);
    text_init(&result->dump, arena);
    bool done = run_stages(&pipeline, source);
    result->tree = pipeline.tree;
    result->program = pipeline.program;
    result->schedule = done ? pipeline.schedule : NULL;
    arena_free(pipeline.scratch);
    return done;
}

/* Whole programs: functions, cells that may use each other, and on top a model or a cell. */
#include "generate.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "scope.h"

static const int dimensions[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 40};

static void choose_dimensions(struct scope *scope)
{
    const int count = (int)(sizeof dimensions / sizeof *dimensions);
    for (int i = 0; i < DIMENSIONS; i++)
        scope->dimension_value[i] = dimensions[pick(scope->generator, count)];
}

/* ---- functions ---- */

/* True if the text has this name of one letter in it. */
static bool uses_letter(const char *text, char letter)
{
    for (const char *c = text; *c; c++)
        if (*c == letter && (c == text || !isalnum((unsigned char)c[-1])) && !isalnum((unsigned char)c[1]))
            return true;
    return false;
}

static void write_function(struct generator *generator, struct text *text, int number)
{
    struct scope *scope = scope_new(generator);
    scope->generic = scope->is_function = true;
    scope->parameters = scope->delays = false;
    scope->dimension_value[0] = scope->dimension_value[1] = 5;
    struct function function = {format(scope, "f%d", number), 1 + pick(generator, 2), false};
    for (int i = 0; i < function.arity; i++)
        add_variable(scope, i ? "w" : "v", vector_of((struct size){1, 0, 0}), WHEN_FRAME)->bound = 2;
    struct context context = {.depth = 1 + pick(generator, 2), .most = WHEN_FRAME};
    struct code code = make_expression(scope, vector_of((struct size){1, 0, 0}), context);
    if (!code.text)
        return;
    if (code.bound > 3)
        code = squashed(scope, code);
    for (int i = 0; i < function.arity; i++) /* unused operands of a function do not affect the time of its result */
        if (!uses_letter(code.text, *scope->variables[i].name))
            code.text = format(scope, "(%s) * %s", code.text, scope->variables[i].name);
    static const char *const mixing_words[] = {"sum(", "mean(", "maximum(", "softmax(", "layernorm(", "@", "concat("};
    for (size_t i = 0; i < sizeof mixing_words / sizeof *mixing_words; i++)
        function.vectors_only |= strstr(code.text, mixing_words[i]) != NULL;
    for (int i = 0; i < generator->function_count; i++) /* and the functions that it calls itself */
        function.vectors_only |= generator->functions[i].vectors_only;
    text_printf(text, "fn %s(v%s) = %s\n\n", function.name, function.arity > 1 ? ", w" : "", code.text);
    generator->functions[generator->function_count++] = function;
}

/* ---- bodies ---- */

static void shuffle(struct generator *generator, const char **items, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int other = pick(generator, i + 1);
        const char *item = items[i];
        items[i] = items[other];
        items[other] = item;
    }
}

static void write_parameters(struct scope *scope)
{
    for (int i = 0; i < scope->declaration_count;) {
        const char *text = "param";
        int end = i + 1 + pick(scope->generator, 4);
        for (int first = i; i < end && i < scope->declaration_count; i++)
            text = format(scope, "%s%s %s", text, i > first ? "," : "", scope->declarations[i]);
        add_statement(scope, text);
    }
}

/* Prints everything in the body, in random order. */
static void print_body(struct scope *scope, struct text *text)
{
    write_parameters(scope);
    shuffle(scope->generator, scope->statements, scope->statement_count);
    text_puts(text, " {\n");
    for (int i = 0; i < scope->statement_count; i++)
        text_printf(text, "  %s%s", scope->statements[i], chance(scope->generator, 5) ? ";" : "\n");
    text_puts(text, "\n}\n\n");
}

static void write_equations(struct scope *scope, int groups)
{
    struct generator *generator = scope->generator;
    for (int i = pick(generator, 3); scope->parameters && i > 0; i--)
        write_static(scope);
    for (int i = 0; i < groups; i++)
        if (scope->parameters && chance(generator, 15))
            write_layer(scope);
        else
            write_group(scope, NULL, 1 + pick(generator, 3));
}

/* ---- cells ---- */

static const char *head_text(struct scope *scope, const struct sizes *sizes, bool top, bool first)
{
    if (top && first) /* the only place that can give m */
        return format(scope, "[m = %s]",
                      chance(scope->generator, 30) ? "n" : format(scope, "%d", scope->dimension_value[1]));
    return sizes_text(scope, sizes);
}

/* Chooses the properties of a cell: brackets, parameters, delays, and the numbers of inputs and outputs. */
static struct cell *choose_cell(struct scope *scope, int number, bool top)
{
    struct generator *generator = scope->generator;
    struct cell *cell = ARENA_NEW(generator->arena, struct cell);
    choose_dimensions(scope);
    scope->generic = true;
    scope->parameters = top || chance(generator, 65);
    scope->delays = chance(generator, 85);
    cell->name = format(scope, "%s%d", scope->parameters ? "Cell" : "Part", number);
    cell->brackets = top || scope->parameters || chance(generator, 40);
    scope->has_second = cell->brackets;
    cell->given = scope->given = cell->brackets && chance(generator, 20);

    cell->inputs = ARENA_ARRAY(generator->arena, struct sizes, 4);
    cell->vocabularies = ARENA_ARRAY(generator->arena, int, 4);
    cell->outputs = ARENA_ARRAY(generator->arena, struct sizes, 4);
    cell->input_count = 1 + (chance(generator, 35) ? 1 + pick(generator, 2) : 0);
    cell->output_count = 1 + (chance(generator, 25) ? 1 : 0);
    cell->inputs[0] = vector_of(cell->brackets ? (struct size){0, 1, 0} : (struct size){1, 0, 0});
    if (cell->brackets && !top && (!scope->parameters || chance(generator, 20))) { /* m is not used */
        cell->inputs[0] = vector_of((struct size){1, 0, 0});
        scope->has_second = false;
    }
    return cell;
}

static void write_cell_inputs(struct scope *scope, struct cell *cell, struct text *text, bool top)
{
    struct generator *generator = scope->generator;
    for (int i = 0; i < cell->input_count; i++) {
        if (i && chance(generator, 25))
            cell->vocabularies[i] = 2 + pick(generator, 2);
        else if (i)
            cell->inputs[i] = chance(generator, 30) ? (struct sizes){0} : vector_of(size_random(scope));
        const char *name = format(scope, "x%d", i);
        struct variable *input = add_variable(scope, name, cell->inputs[i], WHEN_FRAME);
        input->bound = 2;
        input->exact = top;
        input->vocabulary = cell->vocabularies[i];
        text_printf(text, "%s%s", i ? ", " : "", name);
        if (input->vocabulary)
            text_printf(text, ": index[%d]", input->vocabulary);
        else
            text_puts(text, head_text(scope, &cell->inputs[i], top, i == 0));
    }
}

static void write_cell_outputs(struct scope *scope, struct cell *cell, struct text *text)
{
    struct generator *generator = scope->generator;
    struct variable *outputs = &scope->variables[scope->variable_count];
    for (int i = 0; i < cell->output_count; i++) {
        cell->outputs[i] = i == 0                  ? vector_of((struct size){1, 0, 0})
                           : chance(generator, 20) ? (struct sizes){0}
                                                   : vector_of(size_random(scope));
        const char *name = format(scope, "y%d", i);
        struct variable *output = add_variable(scope, name, cell->outputs[i], WHEN_FRAME);
        output->ready = false;
        output->grounded = output->shape.rank > 0; /* declared */
        text_printf(text, "%s%s%s", i ? ", " : "", name, sizes_text(scope, &cell->outputs[i]));
    }
    write_group(scope, outputs, cell->output_count);
}

/* Fills in what callers have to know of a cell that has been written. */
static void finish_cell(struct scope *scope, struct cell *cell)
{
    struct generator *generator = scope->generator;
    cell->owns = scope->declaration_count > 0;
    for (int i = 0; i < scope->instance_count; i++)
        cell->owns |= scope->instances[i].cell->owns;
    cell->stateful = scope->stateful;
    cell->future = scope->future;
    cell->inner = ARENA_ARRAY(generator->arena, struct variable, scope->variable_count);
    for (int i = 0; i < scope->variable_count; i++)
        if (scope->variables[i].group && scope->variables[i].time == WHEN_FRAME)
            cell->inner[cell->inner_count++] = scope->variables[i];
    generator->cells[generator->cell_count++] = cell;
}

/* cell NAME[n](x[m], ...) -> h[n], ...  The first input has m units, or n where n is not given in brackets. */
static void write_cell(struct generator *generator, struct text *text, int number, bool top)
{
    struct scope *scope = scope_new(generator);
    struct cell *cell = choose_cell(scope, number, top);
    text_printf(text, "cell %s", cell->name);
    if (cell->brackets) {
        const char *size = top || chance(generator, 20) ? format(scope, " = %d", scope->dimension_value[0]) : "";
        text_printf(text, "[n%s%s]", size, cell->given ? ", act = softsign" : "");
    }
    text_puts(text, "(");
    write_cell_inputs(scope, cell, text, top);
    text_puts(text, ") -> ");
    write_equations(scope, top ? 1 + pick(generator, 2) : pick(generator, 2));
    write_cell_outputs(scope, cell, text);
    write_inits(scope);
    print_body(scope, text);
    finish_cell(scope, cell);
}

/* ---- cells of the modules ---- */

/* Adds some cells of a module that take m units and give n, for callers to find beside those of the program. */
static void import_cells(struct generator *generator, struct text *text)
{
    static const struct {
        const char *module, *name;
        int outputs;
    } known[] = {{"torch", "GRU", 1}, {"torch", "LSTM", 2},        {"torch", "LSTM2", 1},      {"onnx", "LSTM", 2},
                 {"onnx", "GRU", 1},  {"onnx", "PeepholeLSTM", 2}, {"keras", "LSTM", 2},       {"keras", "GRU", 1},
                 {"cells", "MGU", 1}, {"cells", "sLSTM", 2},       {"cells", "CoupledLSTM", 2}};
    const char *module = known[pick(generator, sizeof known / sizeof *known)].module;
    text_printf(text, "import std.%s\n\n", module);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].module, module) != 0)
            continue;
        struct cell *cell = ARENA_NEW(generator->arena, struct cell);
        cell->name = arena_printf(generator->arena, "%s.%s", module, known[i].name);
        cell->brackets = cell->owns = cell->stateful = true;
        cell->input_count = 1;
        cell->output_count = known[i].outputs;
        cell->inputs = ARENA_ARRAY(generator->arena, struct sizes, 1);
        cell->vocabularies = ARENA_ARRAY(generator->arena, int, 1);
        cell->outputs = ARENA_ARRAY(generator->arena, struct sizes, 2);
        cell->inputs[0] = vector_of((struct size){0, 1, 0});
        cell->outputs[0] = cell->outputs[1] = vector_of((struct size){1, 0, 0});
        generator->cells[generator->cell_count++] = cell;
    }
}

/* ---- the model ---- */

static void write_inputs(struct scope *scope)
{
    struct generator *generator = scope->generator;
    int count = 1 + pick(generator, 3);
    for (int i = 0; i < count; i++) {
        const char *name = new_name(scope);
        struct sizes shape = i && chance(generator, 25) ? (struct sizes){0} : vector_of(size_random(scope));
        bool once = i && generator->future && chance(generator, 25);
        bool id = i && !once && chance(generator, 25);
        struct variable *input =
            add_variable(scope, name, id ? (struct sizes){0} : shape, once ? WHEN_SEQUENCE : WHEN_FRAME);
        input->exact = true;
        input->vocabulary = id ? 2 + pick(generator, 6) : 0;
        add_statement(scope, id ? format(scope, "input %s: index[%d]", name, input->vocabulary)
                                : format(scope, "input %s%s%s", name, sizes_text(scope, &shape), once ? " once" : ""));
    }
}

/* Writes outputs: values that nothing reads, so that little of the program is dead, and some expression. */
static void write_outputs(struct scope *scope)
{
    struct generator *generator = scope->generator;
    int count = 0, most = scope->variable_count;
    for (int i = most - 1; i >= 0 && count < 5; i--) {
        struct variable *variable = &scope->variables[i];
        bool frames = variable->time == WHEN_FRAME || generator->future;
        if (variable->group == 0 || variable->used || variable->past_used || variable->shape.rank > 1 || !frames ||
            strchr(variable->name, '.'))
            continue;
        add_statement(scope, format(scope, "output %s", variable->name));
        count++;
    }
    for (int i = count ? chance(generator, 40) : 1 + pick(generator, 2); i > 0; i--) {
        struct context context = {.depth = 1 + pick(generator, 2), .most = WHEN_FRAME};
        struct sizes shape = chance(generator, 20) ? (struct sizes){0} : vector_of(size_random(scope));
        struct code code = make_frames(scope, shape, context);
        const char *name = new_name(scope);
        const char *sizes = chance(generator, 20) ? sizes_text(scope, &shape) : "";
        add_statement(scope, format(scope, "output %s%s = %s", name, sizes, code.text));
        add_variable(scope, name, shape, WHEN_FRAME);
    }
}

static void write_model(struct generator *generator, struct text *text, bool train)
{
    struct scope *scope = scope_new(generator);
    choose_dimensions(scope);
    scope->has_second = true;
    add_statement(scope, format(scope, "const n = %d", scope->dimension_value[0]));
    if (chance(generator, 50)) {
        int n = scope->dimension_value[0], m = scope->dimension_value[1];
        bool multiple = m % n == 0 && chance(generator, 50);
        add_statement(scope, multiple ? format(scope, "const m = %d*n", m / n) : format(scope, "const m = %d", m));
    } else {
        scope->dimension[1] = "width"; /* a constant of the file, so that no cell can have a dimension of that name */
        text_printf(text, "const width = %d\n\n", scope->dimension_value[1]);
    }
    write_inputs(scope);
    write_equations(scope, 1 + pick(generator, 3));
    write_outputs(scope);
    if (train)
        write_losses(scope);
    write_inits(scope);
    text_puts(text, "model net");
    print_body(scope, text);
}

const char *generate_program(struct arena *arena, const struct generate_options *options)
{
    struct generator generator = {
        .arena = arena, .random = random_start(options->seed), .future = options->future, .train = options->train};
    for (int i = 0; i < 4; i++) /* seeds that follow each other begin alike */
        random_bits(&generator.random);
    generator.functions = ARENA_ARRAY(arena, struct function, 4);
    generator.cells = ARENA_ARRAY(arena, struct cell *, 8);
    struct text text;
    text_init(&text, arena);
    if (options->seed % 5 == 4)
        import_cells(&generator, &text);
    for (int i = chance(&generator, 40) ? 1 + pick(&generator, 2) : 0; i > 0; i--)
        write_function(&generator, &text, i);
    for (int i = pick(&generator, 3); i > 0; i--)
        write_cell(&generator, &text, i, false);
    if (chance(&generator, 25) && !options->train)
        write_cell(&generator, &text, 0, true);
    else
        write_model(&generator, &text, options->train);
    return text.data;
}

/* The equations of a region as it computes them: one for each value with a name of its own, in the program or because
 * others read it, with the line of the program that it comes from. Operands from elsewhere are written by name.
 *
 *   10  i_in = W_i @ x + b_i
 *   14  d_i += U_i^T @ d_z[t+1]
 *
 * `^T` is a transpose, `+=` a sum over all frames and streams. */
#include <string.h>

#include "emit/emitter.h"

enum { DEPTH_MOST = 40 };

enum precedence { LOOSEST, SUM, FACTOR, UNARY, ATOM };

struct writer {
    const struct schedule *schedule;
    const struct graph *graph;
    struct arena *arena;
    const char *instance; /* its names are written without path: "h1" */
    bool inside;          /* such a name has been written */
    const struct region *region;
};

static struct text write_edge(struct writer *writer, const struct edge *edge, enum precedence least, int depth);

/* True if a node has an equation of its own. */
static bool node_is_line(const struct writer *writer, int id)
{
    const struct node *node = writer->graph->nodes[id];
    enum storage storage = writer->schedule->buffers[id].storage;
    if (op_info(node->op)->class == OP_CLASS_LEAF || node->op == OP_view)
        return false;
    return node->name || node->op == OP_gradient || storage != STORE_NONE ||
           uses_count(&writer->schedule->uses, id) > 1;
}

/* Returns a path relative to the instance at hand. */
static const char *local_path(struct writer *writer, const char *path)
{
    size_t length = strlen(writer->instance);
    if (!length || strncmp(path, writer->instance, length) != 0 || path[length] != '.')
        return path;
    writer->inside = true;
    return path + length + 1;
}

/* Returns "d_W" of "W", "h1.d_W" of "h1.W". */
static const char *gradient_path(struct writer *writer, int parameter)
{
    const char *path = local_path(writer, writer->graph->parameters[parameter].name), *last = last_name(path);
    return arena_printf(writer->arena, "%.*sd_%s", (int)(last - path), path, last);
}

/* Returns positions along a dimension: "2", "4:8", "4:8:2", ":". */
static const char *positions(struct arena *arena, long begin, long length, long step, long whole)
{
    if (length == 1)
        return arena_printf(arena, "%ld", begin);
    if (step != 1)
        return arena_printf(arena, "%ld:%ld:%ld", begin, begin + (length - 1) * step + (step > 0 ? 1 : -1), step);
    return length == whole ? ":" : arena_printf(arena, "%ld:%ld", begin, begin + length);
}

/* Returns the elements of a matrix or vector that a view shows: "[4:8]", "[:, 2]", "^T"; "[...]" for others. */
static const char *view_range(struct arena *arena, const struct view *view, const struct shape *shape,
                              const struct shape *of)
{
    bool turned = shape->rank == 2 && view->stride[0] == 1 && view->stride[1] != 1;
    const char *suffix = turned ? "^T" : "";
    long width = of->rank ? of->dim[of->rank - 1] : 1, row = view->offset / width, column = view->offset % width;
    if (shape_size(shape) == shape_size(of) && !view->offset)
        return suffix;
    if (of->rank == 1 && shape->rank == 1)
        return arena_printf(arena, "[%s]", positions(arena, column, shape->dim[0], view->stride[0], width));
    if (of->rank != 2 || shape->rank > 2)
        return "[...]";
    /* Rows, and columns, that are shown, and the distance between two of each. */
    long size[2] = {1, 1}, step[2] = {1, 1};
    for (int d = 0; d < shape->rank; d++) {
        bool down = view->stride[d] % width == 0;
        if (shape->dim[d] == 1)
            continue;
        if (size[!down] != 1)
            return "[...]";
        size[!down] = shape->dim[d];
        step[!down] = down ? view->stride[d] / width : view->stride[d];
    }
    long last = column + (size[1] - 1) * step[1];
    if (last < 0 || last >= width)
        return "[...]";
    const char *rows = positions(arena, row, size[0], step[0], of->dim[0]),
               *columns = positions(arena, column, size[1], step[1], width);
    bool all = strcmp(columns, ":") == 0 && shape->rank == 2;
    return arena_printf(arena, "[%s%s%s]%s", rows, all ? "" : ", ", all ? "" : columns, suffix);
}

/* Returns the name of a value, or NULL if it has none. */
static const char *node_text(struct writer *writer, int id, int depth)
{
    const struct node *node = writer->graph->nodes[id];
    if (node->op == OP_number)
        return arena_printf(writer->arena, "%g", node->number);
    if (node->op == OP_parameter)
        return local_path(writer, writer->graph->parameters[node->parameter].name);
    if (node->op == OP_view) {
        const struct edge *edge = &node->edges[0];
        return arena_printf(
            writer->arena, "%s%s", write_edge(writer, edge, ATOM, depth + 1).data,
            view_range(writer->arena, &node->view, &node->shape, &writer->graph->nodes[edge->node]->shape));
    }
    bool elsewhere = writer->schedule->region_of[id] != writer->region - writer->schedule->regions;
    return node_is_line(writer, id) || elsewhere ? local_path(writer, writer->schedule->names[id]) : NULL;
}

/* ---- expressions ---- */

static enum precedence infix_precedence(enum op op)
{
    static const enum precedence of[] = {
        [BIND_COMPARISON] = LOOSEST, [BIND_SUM] = SUM, [BIND_PRODUCT] = FACTOR, [BIND_AT] = FACTOR};
    return of[op_info(op)->infix.binds];
}

/* Writes a call: "where(a, b, c)". */
static void write_call(struct writer *writer, const struct node *node, struct text *text, int depth)
{
    text_printf(text, "%s(", op_info(node->op)->id);
    for (int k = 0; k < node->count; k++)
        text_printf(text, "%s%s", k ? ", " : "", write_edge(writer, &node->edges[k], LOOSEST, depth + 1).data);
    if (op_info(node->op)->holds == HOLDS_COUNT)
        text_printf(text, ", %d", node->refined);
    text_puts(text, ")");
}

/* Writes the operation of a node. */
static struct text write_operation(struct writer *writer, const struct node *node, enum precedence least, int depth)
{
    struct text text;
    text_init(&text, writer->arena);
    const char *infix = op_info(node->op)->infix.text;
    enum precedence own = infix_precedence(node->op);
    if (depth > DEPTH_MOST) {
        text_puts(&text, "...");
    } else if (op_info(node->op)->holds == HOLDS_DROPOUT) {
        text_printf(&text, "0 or %g at random", 1 / (1 - node->number));
    } else if (node->op == OP_copy) {
        return write_edge(writer, &node->edges[0], least, depth + 1);
    } else if (node->op == OP_neg) {
        const char *operand = write_edge(writer, &node->edges[0], UNARY, depth + 1).data;
        text_printf(&text, least > SUM ? "(-%s)" : "-%s", operand);
    } else if (infix) {
        bool product = op_info(node->op)->infix.binds == BIND_AT; /* as in the language, W @ (a * b) needs its
                                                                     brackets */
        const char *left = write_edge(writer, &node->edges[0], own, depth + 1).data;
        const char *right = write_edge(writer, &node->edges[1], product ? ATOM : own + 1, depth + 1).data;
        text_printf(&text, least > own ? "(%s %s %s)" : "%s %s %s", left, infix, right);
    } else {
        write_call(writer, node, &text, depth);
    }
    return text;
}

/* Returns the name of a part of a value, or NULL. */
static const char *part_name(const struct node *node, const struct edge *edge)
{
    for (int i = 0; i < node->part_count; i++)
        if (node->parts[i].begin == edge->begin && node->parts[i].length == edge->length)
            return node->parts[i].name;
    return NULL;
}

static struct text write_edge(struct writer *writer, const struct edge *edge, enum precedence least, int depth)
{
    const struct node *source = writer->graph->nodes[edge->node];
    bool whole = edge_is_whole(writer->graph, edge);
    const char *part = whole ? NULL : part_name(source, edge), *name = part ? local_path(writer, part) : NULL;
    if (!name)
        name = node_text(writer, edge->node, depth);
    struct text text;
    if (name) {
        text_init(&text, writer->arena);
        text_puts(&text, name);
    } else {
        text = write_operation(writer, source, whole && !edge->delay ? least : ATOM, depth);
    }
    if (!whole && !part)
        text_printf(&text, edge->length == 1 ? "[%d]" : "[%d:%d]", edge->begin, edge->begin + edge->length);
    if (edge->delay)
        text_printf(&text, "[t%+d]", -edge->delay);
    return text;
}

/* ---- lines ---- */

/* Returns the left side of an equation, with "=" or "+=". */
static const char *left_side(struct writer *writer, int id)
{
    const struct node *node = writer->graph->nodes[id];
    const struct buffer *buffer = &writer->schedule->buffers[id];
    if (buffer->storage == STORE_GRADIENT || node->op == OP_gradient) {
        const struct node *gradient = node->op == OP_gradient ? node : writer->graph->nodes[buffer->target];
        return arena_printf(writer->arena, "%s%s +=", gradient_path(writer, gradient->parameter),
                            view_range(writer->arena, &gradient->view, &gradient->shape,
                                       &writer->graph->parameters[gradient->parameter].shape));
    }
    return arena_printf(writer->arena, "%s =", local_path(writer, writer->schedule->names[id]));
}

/* Writes the sum that is added to the gradient of a parameter after all frames: the terms that were not made in it. */
static struct text write_late_sum(struct writer *writer, const struct node *node)
{
    struct text text;
    text_init(&text, writer->arena);
    for (int k = 0; k < node->count; k++)
        if (writer->schedule->buffers[node->edges[k].node].storage != STORE_GRADIENT)
            text_printf(&text, "%s%s", text.length ? " + " : "", write_edge(writer, &node->edges[k], SUM, 1).data);
    return text;
}

/* Writes the right side of an equation, relative to the writer's instance. */
static struct text write_right_side(struct writer *writer, int id)
{
    const struct node *node = writer->graph->nodes[id];
    bool total = node->op == OP_total && writer->schedule->buffers[id].storage == STORE_GRADIENT;
    writer->inside = false;
    if (node->op == OP_gradient)
        return write_late_sum(writer, node);
    return total ? write_edge(writer, &node->edges[0], LOOSEST, 0) : write_operation(writer, node, LOOSEST, 0);
}

const char *shown_file(struct arena *arena, const struct source_file *file)
{
    const char *slash = strrchr(file->name, '/'), *name = slash ? slash + 1 : file->name;
    char *copy = arena_copy_string(arena, name, strlen(name));
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~' || strchr("\"\\*?", *c)) /* ?? begins a trigraph */
            *c = '_';
    return copy;
}

static struct equation make_line(struct writer *writer, int id)
{
    const struct node *node = writer->graph->nodes[id];
    writer->instance = node->origin ? node->origin->instance : "";
    struct text right = write_right_side(writer, id);
    if (*writer->instance && !writer->inside) {
        writer->instance = "";
        right = write_right_side(writer, id);
    }
    struct equation line = {.instance = writer->instance};
    if (right.length)
        line.text = arena_printf(writer->arena, "%s %s", left_side(writer, id), right.data);
    if (node->equation.begin < node->equation.end) {
        int column;
        const struct source *source = writer->graph->source;
        const struct source_file *file = source_file_at(source, node->equation.begin);
        source_locate(source, node->equation.begin, &line.line, &column);
        line.row = file->first_row + line.line;
        line.file = file == source->files ? NULL : shown_file(writer->arena, file);
    }
    return line;
}

/* Moves the equation of an instance that has others behind the last of them. */
static void keep_together(struct equation *equations, int last)
{
    int at = last;
    while (at > 0 && strcmp(equations[at - 1].instance, equations[last].instance) != 0)
        at--;
    if (at == 0)
        return;
    const struct equation moved = equations[last];
    memmove(equations + at + 1, equations + at, (size_t)(last - at) * sizeof *equations);
    equations[at] = moved;
}

int region_equations(const struct schedule *schedule, const struct region *region, struct arena *arena,
                     struct equation equations[EQUATIONS_MOST])
{
    struct writer writer = {.schedule = schedule, .graph = schedule->graph, .arena = arena, .region = region};
    int count = 0, left_out = 0;
    for (int i = 0; i < region->node_count; i++) {
        int id = region->nodes[i];
        if (!node_is_line(&writer, id))
            continue;
        if (count == EQUATIONS_MOST) {
            left_out++;
            continue;
        }
        equations[count] = make_line(&writer, id);
        if (equations[count].text)
            keep_together(equations, count++);
    }
    return count + left_out;
}

void describe_equations(const struct schedule *schedule, const struct region *region, struct arena *arena,
                        const char *indent, struct text *out)
{
    struct equation equations[EQUATIONS_MOST];
    int count = region_equations(schedule, region, arena, equations);
    const char *instance = "";
    for (int i = 0; i < count && i < EQUATIONS_MOST; i++) {
        const struct equation *equation = &equations[i];
        if (strcmp(instance, equation->instance) != 0)
            text_printf(out, "%s      in %s:\n", indent,
                        *equation->instance ? equation->instance : schedule->graph->name);
        instance = equation->instance;
        if (equation->line && equation->file)
            text_printf(out, "%s%s:%d  %s\n", indent, equation->file, equation->line, equation->text);
        else if (equation->line)
            text_printf(out, "%s%4d  %s\n", indent, equation->line, equation->text);
        else
            text_printf(out, "%s      %s\n", indent, equation->text);
    }
    if (count > EQUATIONS_MOST)
        text_printf(out, "%s      and %d more\n", indent, count - EQUATIONS_MOST);
}

/* When a gradient begins, and when it is complete.
 *
 * A product over frames that makes a part of a gradient alone begins it: the first block overwrites what is there, and
 * nobody needs to clear it before.
 *
 * The gradient of a large matrix is complete within its region of sums, and not only behind all of these. Of a matrix
 * of which gates have rows of their own, each of which is a sum by itself, the rows of each are: ranks of a training
 * send them while the next ones are computed. */
#include "schedule/access.h"
#include "schedule/plan.h"

/* Numbers that are worth a message of their own: 256 KiB of them in float. */
enum { LEAST = 1 << 16 };

/* Passes over the nodes that are added to the gradient of a parameter. */
struct summands {
    const struct graph *graph;
    int parameter, node, edge;
};

static int next_summand(struct summands *summands)
{
    for (; summands->node < summands->graph->node_count; summands->node++, summands->edge = 0) {
        const struct node *node = summands->graph->nodes[summands->node];
        if (node->op == OP_gradient && node->parameter == summands->parameter && summands->edge < node->count)
            return node->edges[summands->edge++].node;
    }
    return NO_NODE;
}

/* Returns the region whose sums make all of a gradient; NO_REGION if there is none, or if sections, whose threads tell
 * nobody, make it. */
static int region_of_gradient(const struct schedule *schedule, int parameter)
{
    struct summands summands = {schedule->graph, parameter, 0, 0};
    int region = NO_REGION;
    for (int id; (id = next_summand(&summands)) != NO_NODE;) {
        const int own = schedule->region_of[id];
        if (schedule->buffers[id].storage != STORE_GRADIENT || schedule->section_of[own] != NO_SECTION ||
            (region != NO_REGION && region != own))
            return NO_REGION;
        region = own;
    }
    return region;
}

bool gradient_is_told_by_region(const struct schedule *schedule, int parameter)
{
    return shape_size(&schedule->graph->parameters[parameter].shape) >= LEAST &&
           region_of_gradient(schedule, parameter) != NO_REGION;
}

/* Returns the numbers that a sum adds to. */
static struct gradient_part part_of(const struct access *access)
{
    return (struct gradient_part){access->member, access->view.offset, shape_size(&access->shape)};
}

/* True if sums make parts of a gradient that are worth telling of: each alone, of numbers that follow each other. */
static bool gradient_comes_in_parts(const struct schedule *schedule, int parameter)
{
    long all = 0;
    struct summands summands = {schedule->graph, parameter, 0, 0};
    for (int id; (id = next_summand(&summands)) != NO_NODE;) {
        const struct access access = access_of_node(schedule, NULL, id);
        const struct gradient_part part = part_of(&access);
        if (!access_is_contiguous(&access) || part.count < LEAST)
            return false;
        struct summands others = summands;
        for (int other; (other = next_summand(&others)) != NO_NODE;) {
            const struct access behind = access_of_node(schedule, NULL, other);
            const struct gradient_part next = part_of(&behind);
            if (next.first < part.first + part.count && part.first < next.first + next.count)
                return false;
        }
        all += part.count;
    }
    return all == shape_size(&schedule->graph->parameters[parameter].shape);
}

/* Returns the last sum of a region that adds to a gradient. */
static int last_sum(const struct schedule *schedule, int region, int parameter)
{
    const struct region *sums = &schedule->regions[region];
    int last = NO_NODE;
    for (int k = 0; k < sums->kernel_count; k++) {
        const int id = sums->kernels[k].kind == KERNEL_OVER_TIME ? sums->kernels[k].nodes[0] : NO_NODE;
        if (id != NO_NODE && schedule->buffers[id].storage == STORE_GRADIENT &&
            schedule->graph->nodes[schedule->buffers[id].target]->parameter == parameter)
            last = id;
    }
    return last;
}

bool sum_completes_part(const struct schedule *schedule, int id, struct gradient_part *part)
{
    if (schedule->buffers[id].storage != STORE_GRADIENT)
        return false;
    const struct access access = access_of_node(schedule, NULL, id);
    const int parameter = access.member;
    *part = part_of(&access);
    if (!gradient_is_told_by_region(schedule, parameter))
        return false;
    if (gradient_comes_in_parts(schedule, parameter))
        return true;
    *part = (struct gradient_part){parameter, 0, shape_size(&schedule->graph->parameters[parameter].shape)};
    return last_sum(schedule, schedule->region_of[id], parameter) == id;
}

/* ---- how gradients begin ---- */

/* A part of a gradient, seen as a matrix whose rows are `pitch` numbers apart. */
struct rectangle {
    long row, column, rows, columns, pitch;
};

/* Finds that of a product over frames; false if its rows do not fit in those of the whole. */
static bool find_rectangle(const struct access *access, struct rectangle *rectangle)
{
    const bool turned = access->view.stride[0] == 1 && access->view.stride[1] > 1;
    const long step = access->view.stride[!turned], pitch = access->view.stride[turned];
    if (access->shape.rank != 2 || (step != 1 && access->shape.dim[!turned] > 1) || pitch < 1)
        return false;
    *rectangle = (struct rectangle){access->view.offset / pitch, access->view.offset % pitch, access->shape.dim[turned],
                                    access->shape.dim[!turned], pitch};
    return rectangle->column + rectangle->columns <= pitch;
}

static bool rectangles_meet(const struct rectangle *a, const struct rectangle *b)
{
    return a->row < b->row + b->rows && b->row < a->row + a->rows && a->column < b->column + b->columns &&
           b->column < a->column + a->columns;
}

/* Finds the part of a gradient that a product over the frames of a pass makes; false for other summands. Sections have
 * blocks of their own, and are left out. */
static bool find_part(const struct schedule *schedule, int id, struct rectangle *rectangle)
{
    const struct node *node = schedule->graph->nodes[id];
    const int region = schedule->region_of[id];
    if (node->op != OP_outer || schedule->buffers[id].storage != STORE_GRADIENT ||
        schedule->regions[region].kind != REGION_FRAMES || schedule->section_of[region] != NO_SECTION)
        return false;
    for (int k = 0; k < node->count; k++)
        if (schedule->graph->nodes[node->edges[k].node]->time != TIME_FRAME)
            return false;
    const struct access access = access_of_node(schedule, NULL, id);
    return find_rectangle(&access, rectangle);
}

bool gradient_begins_with_products(const struct schedule *schedule, int parameter)
{
    long all = 0;
    struct rectangle part, other;
    struct summands summands = {schedule->graph, parameter, 0, 0};
    for (int id; (id = next_summand(&summands)) != NO_NODE;) {
        if (!find_part(schedule, id, &part))
            return false;
        struct summands others = summands;
        for (int behind; (behind = next_summand(&others)) != NO_NODE;)
            if (!find_part(schedule, behind, &other) || other.pitch != part.pitch || rectangles_meet(&part, &other))
                return false;
        all += part.rows * part.columns;
    }
    return all == shape_size(&schedule->graph->parameters[parameter].shape);
}

bool product_begins_gradient(const struct schedule *schedule, int id)
{
    return schedule->buffers[id].storage == STORE_GRADIENT &&
           gradient_begins_with_products(schedule, access_of_node(schedule, NULL, id).member);
}

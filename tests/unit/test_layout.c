/* The layout of graphs on pages: boxes below what they read and apart from each other, lines around the boxes of rows
 * that they pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/random.h"
#include "report/layout.h"

enum { BOXES = 40, LINES = 120, GRAPHS = 50 };

/* Makes a graph in which each box reads a few of those before it, and now and then the past of any. */
static struct layout random_layout(struct arena *arena, struct random *random)
{
    struct layout layout = {.boxes = ARENA_ARRAY(arena, struct box, BOXES),
                            .lines = ARENA_ARRAY(arena, struct line, LINES)};
    layout.box_count = 1 + (int)(random_bits(random) % BOXES);
    for (int b = 0; b < layout.box_count; b++) {
        struct box *box = &layout.boxes[b];
        box->width = 20 + (double)(random_bits(random) % 200);
        box->height = 20 + (double)(random_bits(random) % 60);
        box->left = box->width / 2;
        box->right = box->width / 2 + (double)(random_bits(random) % 3) * 40;
        for (uint64_t reads = random_bits(random) % 4; b > 0 && reads > 0; reads--) {
            const bool past = random_bits(random) % 8 == 0;
            const int from = past ? b + (int)(random_bits(random) % (uint64_t)(layout.box_count - b))
                                  : (int)(random_bits(random) % (uint64_t)b);
            bool known = from == b;
            for (int i = 0; i < layout.line_count; i++)
                known |= layout.lines[i].from == from && layout.lines[i].to == b;
            if (!known)
                layout.lines[layout.line_count++] = (struct line){.from = from, .to = b, .delayed = past};
        }
    }
    lay_out(&layout, arena);
    return layout;
}

static void check_boxes(const struct layout *layout)
{
    for (int a = 0; a < layout->box_count; a++) {
        const struct box *box = &layout->boxes[a];
        assert_true(box->x - box->left >= 0 && box->x + box->right <= layout->width);
        assert_true(box->y - box->height / 2 >= 0 && box->y + box->height / 2 <= layout->height);
        for (int b = 0; b < a; b++) {
            const struct box *other = &layout->boxes[b];
            if (box->row == other->row)
                assert_true(box->x - box->left > other->x + other->right ||
                            other->x - other->left > box->x + box->right);
            else
                assert_true((box->row > other->row) == (box->y > other->y));
        }
    }
}

/* Checks that a line goes through a row, from its top to its bottom, where there is no box. */
static void check_way(const struct layout *layout, const struct point *top, const struct point *bottom, int row)
{
    assert_true(top->y < bottom->y);
    for (int b = 0; b < layout->box_count; b++) {
        const struct box *box = &layout->boxes[b];
        if (box->row != row)
            continue;
        assert_true(top->y <= box->y - box->height / 2 + 1e-9 && bottom->y >= box->y + box->height / 2 - 1e-9);
        assert_true(top->x < box->x - box->left || top->x > box->x + box->right);
    }
}

static void check_line(const struct layout *layout, const struct line *line)
{
    const int from = layout->boxes[line->from].row, to = layout->boxes[line->to].row;
    if (!line_goes_down(line)) {
        assert_true(line->track <= layout->width);
        for (int b = 0; b < layout->box_count; b++)
            assert_true(layout->boxes[b].x + layout->boxes[b].right < line->track);
        return;
    }
    assert_true(from < to);
    assert_int_equal(line->point_count, 2 * (to - from - 1));
    for (int i = 0; i < line->point_count; i += 2)
        check_way(layout, &line->points[i], &line->points[i + 1], from + 1 + i / 2);
}

static void random_graphs(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        struct arena *arena = arena_new();
        struct random random = random_start(seed);
        const struct layout layout = random_layout(arena, &random);
        check_boxes(&layout);
        for (int i = 0; i < layout.line_count; i++)
            check_line(&layout, &layout.lines[i]);
        arena_free(arena);
    }
}

/* A chain is straight, and a box that reads nothing stands right above its reader. */
static void chain(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct box boxes[5] = {0};
    for (int b = 0; b < 5; b++)
        boxes[b] = (struct box){.width = 100, .height = 40, .left = 50, .right = 50};
    struct line lines[] = {{.from = 0, .to = 1}, {.from = 1, .to = 3}, {.from = 3, .to = 4}, {.from = 2, .to = 4}};
    struct layout layout = {.boxes = boxes, .box_count = 5, .lines = lines, .line_count = 4};
    lay_out(&layout, arena);
    assert_int_equal(boxes[2].row, boxes[4].row - 1);
    assert_true(boxes[0].x - boxes[1].x < 1 && boxes[1].x - boxes[0].x < 1);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_graphs), cmocka_unit_test(chain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

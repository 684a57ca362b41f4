/* Static matrices, their parts, and products with them. */
#include "scope.h"

static struct size sum_of(struct size a, struct size b) { return (struct size){a.n + b.n, a.m + b.m, a.c + b.c}; }

static struct code weight(const char *text, enum level level)
{
    return (struct code){text, level, WHEN_STATIC, false, true, 0.5};
}

static struct code parameter(struct scope *scope, struct sizes shape)
{
    struct variable *variable = add_parameter(scope, shape);
    return variable ? code_of(variable) : (struct code){0};
}

/* Returns "from:to", or ":" for the whole. */
static const char *span(struct scope *scope, struct size whole, struct size from, struct size size)
{
    struct size to = sum_of(from, size);
    bool begins = size_value(scope, from) == 0, ends = size_equal(scope, to, whole);
    if (begins && ends && chance(scope->generator, 80))
        return ":";
    const char *begin = begins && chance(scope->generator, 50) ? "" : size_text(scope, from);
    return format(scope, "%s:%s", begin, ends && chance(scope->generator, 50) ? "" : size_text(scope, to));
}

/* Makes a part of a matrix that is larger in one dimension or in both. */
static struct code part_of_larger(struct scope *scope, struct size rows, struct size columns, int depth)
{
    struct generator *generator = scope->generator;
    const struct size nothing = {0, 0, 0};
    struct size row_extra = chance(generator, 60) ? size_random(scope) : nothing;
    struct size column_extra = chance(generator, 50) ? size_random(scope) : nothing;
    struct size all_rows = sum_of(rows, row_extra), all_columns = sum_of(columns, column_extra);
    struct code whole = make_matrix(scope, all_rows, all_columns, depth);
    if (!whole.text)
        return whole;
    const char *row_span = span(scope, all_rows, chance(generator, 50) ? nothing : row_extra, rows);
    const char *column_span = span(scope, all_columns, chance(generator, 50) ? nothing : column_extra, columns);
    whole.text = format(scope, "%s[%s, %s]", bracketed(scope, &whole, LEVEL_POSTFIX), row_span, column_span);
    whole.level = LEVEL_POSTFIX;
    return whole;
}

static struct code static_product(struct scope *scope, struct size rows, struct size columns, int depth)
{
    struct size inner = size_random(scope);
    struct code left = make_matrix(scope, rows, inner, depth), right = make_matrix(scope, inner, columns, depth);
    if (!left.text || !right.text)
        return (struct code){0};
    scope->product_count++;
    return weight(
        format(scope, "%s @ %s", bracketed(scope, &left, LEVEL_POSTFIX), bracketed(scope, &right, LEVEL_UNARY)),
        LEVEL_AT);
}

static struct code static_arithmetic(struct scope *scope, struct size rows, struct size columns, int depth)
{
    struct code left = make_matrix(scope, rows, columns, depth);
    if (!left.text)
        return left;
    double value;
    struct code right;
    switch (pick(scope->generator, 4)) {
    case 0:
        right = make_matrix(scope, rows, columns, depth);
        if (!right.text)
            return right;
        return weight(
            format(scope, "%s + %s", bracketed(scope, &left, LEVEL_SUM), bracketed(scope, &right, LEVEL_PRODUCT)),
            LEVEL_SUM);
    case 1:
        right = make_matrix(scope, rows, columns, depth);
        if (!right.text)
            return right;
        return weight(
            format(scope, "%s * %s", bracketed(scope, &left, LEVEL_PRODUCT), bracketed(scope, &right, LEVEL_UNARY)),
            LEVEL_PRODUCT);
    case 2:
        return weight(format(scope, "tanh(%s)", left.text), LEVEL_POSTFIX);
    default:
        return weight(format(scope, "%s * %s", number_text(scope, &value), bracketed(scope, &left, LEVEL_UNARY)),
                      LEVEL_PRODUCT);
    }
}

struct code make_matrix(struct scope *scope, struct size rows, struct size columns, int depth)
{
    struct generator *generator = scope->generator;
    struct sizes shape = matrix_of(rows, columns);
    int kind = depth > 0 ? pick(generator, 100) : 0;
    struct code code;
    if (kind < 55)
        return parameter(scope, shape);
    if (kind < 68) {
        code = make_matrix(scope, columns, rows, depth - 1);
        return code.text ? weight(format(scope, "transpose(%s)", code.text), LEVEL_POSTFIX) : code;
    }
    if (kind < 80)
        return part_of_larger(scope, rows, columns, depth - 1);
    if (kind < 85) { /* one of several */
        int count = 1 + pick(generator, 3);
        code = parameter(scope, (struct sizes){3, {{0, 0, count}, rows, columns}});
        return code.text ? weight(format(scope, "%s[%d]", code.text, pick(generator, count)), LEVEL_POSTFIX) : code;
    }
    if (kind < 92)
        return static_product(scope, rows, columns, depth - 1);
    return static_arithmetic(scope, rows, columns, depth - 1);
}

struct code make_static_part(struct scope *scope, struct sizes shape)
{
    struct generator *generator = scope->generator;
    if (scope->is_function || shape.rank != 1)
        return (struct code){0};
    struct size other = size_random(scope);
    bool row = chance(generator, 50);
    struct code code = row ? make_matrix(scope, other, shape.dim[0], chance(generator, 30))
                           : make_matrix(scope, shape.dim[0], other, chance(generator, 30));
    if (!code.text)
        return code;
    const char *base = bracketed(scope, &code, LEVEL_POSTFIX);
    const char *position = scope->generic ? "0" : format(scope, "%d", pick(generator, size_value(scope, other)));
    if (!row)
        code.text = format(scope, chance(generator, 20) ? "%s[::-1, %s]" : "%s[:, %s]", base, position);
    else
        code.text = format(scope, chance(generator, 50) ? "%s[%s]" : "%s[%s, :]", base, position);
    code.level = LEVEL_POSTFIX;
    if (chance(generator, 20))
        code.text = format(scope, "%s[::-1]", code.text);
    return code;
}

/* Makes the product of a matrix with a vector. */
static struct code multiplied(struct scope *scope, const char *matrix, const struct code *vector)
{
    scope->product_count++;
    return (struct code){format(scope, "%s @ %s", matrix, bracketed(scope, vector, LEVEL_UNARY)),
                         LEVEL_AT,
                         vector->time,
                         false,
                         true,
                         vector->bound};
}

/* Makes the products of all matrices of a parameter of rank 3, kept dense or as CP factors. */
static struct code product_of_many(struct scope *scope, struct size rows, struct context context)
{
    struct generator *generator = scope->generator;
    int count = 0;
    if (!scope->generic)
        rows = (struct size){0, 0, size_value(scope, rows)};
    for (int k = 2; k <= 4; k++)
        if (rows.n % k == 0 && rows.m % k == 0 && rows.c % k == 0 && size_value(scope, rows) > 0)
            count = k;
    if (!count)
        return (struct code){0};
    struct size each = {rows.n / count, rows.m / count, rows.c / count}, columns = size_random(scope);
    struct sizes shape = {3, {{0, 0, count}, each, columns}};
    struct variable *variable = chance(generator, 50) ? add_formed(scope, shape) : add_parameter(scope, shape);
    struct code vector = make_expression(scope, vector_of(columns), context);
    if (!variable || !vector.text)
        return (struct code){0};
    return multiplied(scope, variable->name, &vector);
}

static struct code product_with_factors(struct scope *scope, struct size rows, struct context context)
{
    struct size columns = size_random(scope);
    bool turned = chance(scope->generator, 25);
    struct variable *variable = add_formed(scope, turned ? matrix_of(columns, rows) : matrix_of(rows, columns));
    struct code vector = make_expression(scope, vector_of(columns), context);
    if (!variable || !vector.text)
        return (struct code){0};
    return multiplied(scope, turned ? format(scope, "transpose(%s)", variable->name) : variable->name, &vector);
}

static struct code diagonal(struct scope *scope, struct size rows, struct context context)
{
    struct context still = context;
    still.most = WHEN_STATIC;
    still.depth = 0;
    struct code vector = make_expression(scope, vector_of(rows), context);
    struct code diagonal_text = make_leaf(scope, vector_of(rows), still);
    if (!vector.text || !diagonal_text.text)
        return (struct code){0};
    return multiplied(scope, format(scope, "diag(%s)", diagonal_text.text), &vector);
}

struct code make_product(struct scope *scope, struct size rows, struct context context)
{
    struct generator *generator = scope->generator;
    int kind = pick(generator, 100);
    if (kind < 8)
        return diagonal(scope, rows, context);
    context = mixing(scope, context);
    if (kind < 16)
        return product_with_factors(scope, rows, context);
    if (kind < 24)
        return product_of_many(scope, rows, context);
    struct size columns = size_random(scope);
    struct code matrix = make_matrix(scope, rows, columns, chance(generator, 40) ? 2 : 0);
    struct code vector = make_expression(scope, vector_of(columns), context);
    if (!matrix.text || !vector.text)
        return (struct code){0};
    return multiplied(scope, bracketed(scope, &matrix, LEVEL_POSTFIX), &vector);
}

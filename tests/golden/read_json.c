/* Reads the output of rnnc -fdiagnostics-format=json on standard input and prints its number of errors; exit status 1
 * and a message if it is not JSON, or not of the form that editors expect. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what)
{
    fprintf(stderr, "read_json: %s\n", what);
    exit(1);
}

static void check_place(const json_t *location, const char *which, int *line, int *column)
{
    const char *file;
    if (json_unpack((json_t *)location, "{s:{s:s, s:i, s:i !}}", which, "file", &file, "line", line, "column",
                    column) != 0)
        fail("a location has no file, line and column");
    if (!*file || *line < 1 || *column < 1)
        fail("a location is nowhere");
}

static void check_diagnostic(const json_t *item, int depth)
{
    const char *kind, *message;
    const json_t *locations, *children, *child;
    int origin, line, column, last_line, last_column;
    size_t i;
    if (json_unpack((json_t *)item, "{s:s, s:s, s:o, s:o, s:i !}", "kind", &kind, "message", &message, "locations",
                    &locations, "children", &children, "column-origin", &origin) != 0)
        fail("a diagnostic has other fields than kind, message, locations, children and column-origin");
    if (origin != 1 || !*message || json_array_size(locations) != 1)
        fail("a diagnostic has no message or not one place");
    if (strcmp(kind, "note") != 0 && (depth || (strcmp(kind, "error") != 0 && strcmp(kind, "warning") != 0)))
        fail("a diagnostic is of an unknown kind");
    check_place(json_array_get(locations, 0), "caret", &line, &column);
    check_place(json_array_get(locations, 0), "finish", &last_line, &last_column);
    if (last_line < line || (last_line == line && last_column < column))
        fail("a diagnostic ends before it begins");
    json_array_foreach(children, i, child) check_diagnostic(child, depth + 1);
}

int main(void)
{
    json_error_t error;
    json_t *all = json_loadf(stdin, 0, &error);
    const json_t *item;
    size_t i;
    int errors = 0;
    if (!json_is_array(all))
        fail(all ? "no array" : error.text);
    json_array_foreach(all, i, item)
    {
        check_diagnostic(item, 0);
        errors += strcmp(json_string_value(json_object_get(item, "kind")), "error") == 0;
    }
    json_decref(all);
    printf("%d\n", errors);
    return 0;
}

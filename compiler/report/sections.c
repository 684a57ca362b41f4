/* A section for each region: its values as a graph, and its equations beside the C that computes them. */
#include <string.h>

#include "report/page.h"

static void write_facts(struct page *page, int index)
{
    const struct region *region = &page->schedule->regions[index];
    put(page, "<p>%s", escape(page, describe_kind(page->schedule, region, page->arena)));
    put(page, ". Pass %d, stage %d.", region->pass, region->stage);
    if (region->flops > 0)
        put(page, " %sflop a frame%s%s.", quantity(page, region->flops), region->bytes > 0 ? ", weights of " : "",
            region->bytes > 0 ? arena_printf(page->arena, "%sB", quantity(page, region->bytes)) : "");
    if (region->flops_once > 0)
        put(page, " %sflop each time.", quantity(page, region->flops_once));
    put(page, "</p>\n");
}

static void write_line_number(struct page *page, const struct equation *equation)
{
    if (equation->line)
        put(page, "<td class=\"number\"><a href=\"#line-%d\">%s%s%d</a></td>", equation->row,
            equation->file ? escape(page, equation->file) : "", equation->file ? ":" : "", equation->line);
    else
        put(page, "<td class=\"number\"></td>");
}

static void write_equations(struct page *page, int index)
{
    struct equation equations[EQUATIONS_MOST];
    const char *instance = NULL;
    const int count = region_equations(page->schedule, &page->schedule->regions[index], page->arena, equations);
    put(page,
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Equations of %s\">"
        "<table class=\"equations\">\n"
        "<thead><tr><th scope=\"col\">line</th><th scope=\"col\">equation</th></tr></thead>\n<tbody>\n",
        escape(page, page->schedule->regions[index].name));
    for (int i = 0; i < count && i < EQUATIONS_MOST; i++) {
        const struct equation *equation = &equations[i];
        if (!instance || strcmp(instance, equation->instance) != 0)
            put(page, "<tr><td></td><th scope=\"rowgroup\">in %s</th></tr>\n",
                escape(page, *equation->instance ? equation->instance : page->schedule->graph->name));
        instance = equation->instance;
        put(page, "<tr>");
        write_line_number(page, equation);
        put(page, "<td><code>%s</code></td></tr>\n", escape(page, equation->text));
    }
    if (count > EQUATIONS_MOST)
        put(page, "<tr><td></td><td>and %d more</td></tr>\n", count - EQUATIONS_MOST);
    if (count == 0)
        put(page, "<tr><td></td><td>none of its own</td></tr>\n");
    put(page, "</tbody></table></div>\n");
}

static int count_lines(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static void write_region(struct page *page, int index, const char *code)
{
    put(page, "<section id=\"region-%d\" class=\"region %s\" data-region=\"%d\" aria-labelledby=\"region-name-%d\">\n",
        index, kind_class(&page->schedule->regions[index]), index, index);
    put(page, "<h3 id=\"region-name-%d\">%d %s</h3>\n", index, index,
        escape(page, page->schedule->regions[index].name));
    write_facts(page, index);
    write_value_graph(page, index);
    put(page, "<div class=\"beside\">\n<div>\n<h4>Equations</h4>\n");
    write_equations(page, index);
    put(page, "</div>\n<div>\n<h4>C</h4>\n");
    if (code) {
        put(page, "<details open><summary>%d lines, as rnnc emits them</summary>\n", count_lines(code));
        write_c(page, code);
        put(page, "</details>\n");
    } else {
        put(page, "<p>No C of its own: what it holds is packed or read in place.</p>\n");
    }
    put(page, "</div>\n</div>\n</section>\n");
}

void write_region_sections(struct page *page, const struct emit_options *options)
{
    const char *const *sources = emit_region_sources(page->schedule, options, page->arena);
    for (int r = 0; r < page->schedule->region_count; r++)
        if (sources[r] || page->schedule->regions[r].kind != REGION_STATIC)
            write_region(page, r, sources[r]);
}

void write_program(struct page *page)
{
    const struct source *source = page->schedule->graph->source;
    for (int f = 0; f < source->file_count; f++) {
        const struct source_file *file = &source->files[f];
        const int end = f + 1 < source->file_count ? source->files[f + 1].first_row : source->line_count;
        if (f)
            put(page, "<h3>%s</h3>\n", escape(page, file->name));
        put(page, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"%s\"><pre class=\"program\"><code>",
            f ? escape(page, file->name) : "The program");
        for (int i = file->first_row; i < end; i++) {
            const char *begin = source->data + source->line_begin[i];
            const size_t length = strcspn(begin, "\n");
            put(page, "<span id=\"line-%d\" class=\"source\"><span class=\"number\">%d</span>%s\n</span>", i + 1,
                i - file->first_row + 1, escape(page, arena_copy_string(page->arena, begin, length)));
        }
        put(page, "</code></pre></div>\n");
    }
}

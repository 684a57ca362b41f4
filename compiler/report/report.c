/* The page, part after part. */
#include "report/stints.h"

static void write_head(struct page *page)
{
    const char *name = escape(page, page->schedule->graph->name);
    put(page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'\">\n<title>%s, explained by rnnc</title>\n<style>\n",
        name);
    text_puts(page->out, page_style);
    put(page, "</style>\n</head>\n<body>\n<header>\n<h1>%s</h1>\n<p>%s, as rnnc compiles it%s.</p>\n", name,
        escape(page, page->schedule->graph->source->name),
        page->schedule->graph->of_outputs ? ": its products of adjoints and derivatives"
        : page->schedule->graph->trains   ? ": its loss and its gradients"
                                          : "");
    put(page, "<nav aria-label=\"Parts of this page\"><ul><li><a href=\"#graph\">Graph</a></li>"
              "<li><a href=\"#roofline\">Roofline</a></li><li><a href=\"#timeline\">Timeline</a></li>"
              "<li><a href=\"#regions\">Equations and C</a></li><li><a href=\"#program\">Program</a></li>"
              "<li><a href=\"#machine\">Machine</a></li></ul></nav>\n");
}

static void write_fact(struct page *page, const char *what, const char *value)
{
    put(page, "<div><dt>%s</dt><dd>%s</dd></div>\n", what, value);
}

/* Writes how long a frame of a call with so many streams takes, with one thread and with all. */
static void write_times(struct page *page, int streams)
{
    const struct stints all = find_stints(page, streams);
    const double frames = (double)all.blocks * all.frames;
    write_fact(page, arena_printf(page->arena, "a frame of %d stream%s, 1 thread", streams, plural(streams)),
               duration(page, all.serial / frames));
    if (page->machine->cores > 1)
        write_fact(page, arena_printf(page->arena, "likewise, %d threads", page->machine->cores),
                   duration(page, all.time / frames));
}

static void write_summary(struct page *page)
{
    const struct schedule *schedule = page->schedule;
    put(page, "<dl>\n");
    write_fact(page, "parameters", arena_printf(page->arena, "%ld", schedule_parameters(schedule)));
    write_fact(page, "work for a frame", arena_printf(page->arena, "%sflop", quantity(page, schedule_flops(schedule))));
    write_fact(page, "frames of a block, one stream", arena_printf(page->arena, "%d", schedule->block_frames));
    write_times(page, FEW_STREAMS);
    write_times(page, MANY_STREAMS);
    put(page,
        "</dl>\n<p class=\"note\">All times are predictions of the cost model for the <a href=\"#machine\">machine "
        "%s</a>, not measurements.</p>\n</header>\n<main>\n",
        escape(page, page->machine->name));
}

static void begin_part(struct page *page, const char *id, const char *title, const char *about)
{
    put(page, "<section id=\"%s\" aria-labelledby=\"%s-heading\">\n<h2 id=\"%s-heading\">%s</h2>\n<p>%s</p>\n", id, id,
        id, title, about);
}

static void end_part(struct page *page) { put(page, "</section>\n"); }

/* Writes a level of the caches, or memory. */
static void write_level(struct page *page, int number)
{
    const struct machine_level *level = &page->machine->levels[number];
    put(page, "<tr><th scope=\"row\">%s</th>", bound_name((enum bound)(BOUND_FIRST + number)));
    if (number == LEVEL_MEMORY)
        put(page, "<td>–</td>");
    else
        put(page, "<td>%.0f KiB</td>", level->bytes / 1024);
    put(page, "<td>%d</td><td>%.1f GB/s</td><td>%.1f GB/s</td></tr>\n", level->cores, level->one, level->all);
}

static void write_machine(struct page *page)
{
    const struct machine *machine = page->machine;
    put(page, "<dl>\n");
    write_fact(page, "cores", arena_printf(page->arena, "%d", machine->cores));
    write_fact(page, "clock", arena_printf(page->arena, "%.2f GHz", machine->clock));
    write_fact(page, "products of a core", arena_printf(page->arena, "%.0f GFLOP/s", machine->flops));
    write_fact(page, "numbers of a vector", arena_printf(page->arena, "%d", machine->lanes));
    write_fact(page, "a fork of threads", duration(page, machine->fork));
    write_fact(page, "a barrier", duration(page, machine->barrier));
    put(page, "</dl>\n<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table of caches\"><table>\n"
              "<caption>Caches and memory</caption>\n<thead><tr><th scope=\"col\">level</th><th scope=\"col\">size</th>"
              "<th scope=\"col\">cores that share it</th><th scope=\"col\">read by one core</th>"
              "<th scope=\"col\">by all</th></tr></thead>\n<tbody>\n");
    for (int level = LEVEL_FIRST; level < LEVEL_COUNT; level++)
        write_level(page, level);
    put(page, "</tbody></table></div>\n");
}

/* Writes the heads of arrows, which all graphs share. */
static void write_arrows(struct page *page)
{
    put(page, "<svg width=\"0\" height=\"0\" aria-hidden=\"true\" style=\"position:absolute\"><defs>");
    static const char *const ids[] = {"arrow", "arrow-delayed"};
    for (int i = 0; i < 2; i++)
        put(page,
            "<marker id=\"%s\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
            "orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker>",
            ids[i]);
    put(page, "</defs></svg>\n");
}

void report_html(const struct schedule *schedule, const struct emit_options *options, struct arena *arena,
                 struct text *out)
{
    struct page page = {.schedule = schedule, .machine = schedule->options.machine, .arena = arena, .out = out};
    write_head(&page);
    write_summary(&page);
    write_arrows(&page);
    begin_part(
        &page, "graph", "Graph",
        "Each box is a region: strongly connected components of the network that run as one loop over frames. "
        "What lies outside every cycle computes all frames of a block at once; a cycle goes from frame to frame. "
        "Dashed arrows read other frames, with the distance in time beside them.");
    write_region_graph(&page);
    put(&page, "<p class=\"legend\"><span class=\"frames\">■</span> frames <span class=\"scan\">■</span> scan "
               "<span class=\"elementwise\">■</span> elementwise scan <span class=\"late\">■</span> once for each "
               "sequence or call; broken frames: inputs and outputs</p>\n");
    end_part(&page);
    begin_part(
        &page, "roofline", "Roofline",
        "What bounds each region on one core: the rate at which it computes, or the level of the caches that its "
        "weights come from. A scan reads its weights again for each frame, so more streams move it to the right; a "
        "frames region reads them once for a block. Weights that are read to and fro come from a nearer level in part, "
        "so that a mark may lie above the slope of its own. Numbers are those of the graph; +2 stands for two more "
        "marks in the same place.");
    write_roofline(&page);
    end_part(&page);
    begin_part(&page, "timeline", "Timeline of a block",
               "Which threads work on which region while blocks of frames are computed, as predicted.");
    write_timeline(&page);
    end_part(&page);
    begin_part(
        &page, "regions", "Equations and C",
        "The equations of each region, with their lines in the program, beside the C that computes them. Below a "
        "name stands the last operation of its equation, and its units; values in red boxes are in a cycle.");
    write_region_sections(&page, options);
    end_part(&page);
    begin_part(&page, "program", "Program", "As it was compiled.");
    write_program(&page);
    end_part(&page);
    begin_part(&page, "machine", "Machine", "The description that all predictions follow from (--machine).");
    write_machine(&page);
    end_part(&page);
    put(&page, "</main>\n<script>\n%s</script>\n</body>\n</html>\n", page_script);
}

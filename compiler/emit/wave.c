/* Wavefronts: the sections of a call as OpenMP's, which run in turn where there are no threads. */
#include "emit/writing.h"

/* Returns the most sections that run side by side. */
static int most_side_by_side(const struct schedule *schedule)
{
    int most = 0;
    for (int s = 0, count = 0; s < schedule->section_count; s++) {
        bool on = s && schedule->sections[s - 1].wavefront == schedule->sections[s].wavefront;
        count = on ? count + 1 : 1;
        most = count > most ? count : most;
    }
    return most;
}

/* True if a scan does several frames at a time: what it computes for the last ones of a block depends, in the last
 * digit, on where blocks end. */
static bool scans_group_frames(const struct schedule *schedule)
{
    for (int r = 0; r < schedule->region_count; r++)
        if (schedule->regions[r].group > 1)
            return true;
    return false;
}

/* True if a section sums up products, whose sides are packed first. */
static bool section_packs(const struct schedule *schedule, int number)
{
    const struct section *section = &schedule->sections[number];
    for (int i = 0; i < section->region_count; i++) {
        const struct region *region = &schedule->regions[section->regions[i]];
        for (int n = 0; n < region->node_count; n++)
            if (schedule->graph->nodes[region->nodes[n]]->op == OP_outer)
                return true;
    }
    return false;
}

/* Returns the place of a section among those that need scratch of their own, from 0 on; -1: it needs none. */
static int scratch_of_section(const struct emitter *emitter, int section)
{
    int place = -1;
    if (section_packs(emitter->schedule, section))
        for (int s = 0; s <= section; s++)
            place += section_packs(emitter->schedule, s);
    return place;
}

int scratch_count(const struct emitter *emitter)
{
    int count = 0;
    for (int s = 0; s < emitter->schedule->section_count; s++)
        count += section_packs(emitter->schedule, s);
    return count ? count : 1;
}

void write_wave(struct writing *writing)
{
    struct emitter *emitter = writing->emitter;
    bool sections = false;
    for (int i = writing->begin; i < writing->end; i++)
        sections |= writing->plan->steps[i].section != NO_SECTION;
    if (!sections)
        return;
    write_pattern(emitter, "    rnn_wave wave = rnn_begin_wave(&call, $_SECTIONS, %d);\n",
                  most_side_by_side(emitter->schedule));
    if (scans_group_frames(emitter->schedule))
        text_puts(emitter->out, "    wave.block = rnn_wave_block(&call, 0); /* whatever the number of threads */\n");
}

/* Writes the names of a section's regions: "h1_frames, h1_scan". */
static void write_regions(struct writing *writing, int number)
{
    const struct schedule *schedule = writing->emitter->schedule;
    const struct section *section = &schedule->sections[number];
    for (int i = 0; i < section->region_count; i++)
        text_printf(writing->emitter->out, "%s%s", i ? ", " : "", schedule->regions[section->regions[i]].name);
}

static void write_wait(struct writing *writing, const struct section_wait *wait)
{
    text_printf(writing->emitter->out, "%*srnn_wait_for%s(&wave, %d, &call); /* ", writing->indent, "",
                wait->whole ? "_all" : "", wait->section);
    write_regions(writing, wait->section);
    text_puts(writing->emitter->out, " */\n");
}

/* Writes the waits of a section, either those for whole sections or those for each block. */
static void write_waits(struct writing *writing, int number, bool whole)
{
    const struct section *section = &writing->emitter->schedule->sections[number];
    for (int i = 0; i < section->wait_count; i++)
        if (section->waits[i].whole == whole)
            write_wait(writing, &section->waits[i]);
}

void write_waits_of_block(struct writing *writing, int section) { write_waits(writing, section, false); }

/* True if a section is the first, or with a distance of 1 the last, of its wavefront. */
static bool is_at_edge(const struct schedule *schedule, int section, int distance)
{
    const int other = section + distance;
    return other < 0 || other >= schedule->section_count ||
           schedule->sections[other].wavefront != schedule->sections[section].wavefront;
}

static void open_wavefront(struct writing *writing)
{
    if (writing->team) {
        write_line(writing, "if (wave.threads > 1)");
        write_line(writing, "    team.threads = 1; /* sections have them */");
    }
    write_line(writing,
               "/* Sections run side by side where there are threads, each behind those whose values it reads. */");
    write_line(writing, "RNN_OMP(parallel sections num_threads(wave.threads) firstprivate(call, wave, values))");
    write_line(writing, "{");
    writing->indent += 4;
}

void open_section(struct writing *writing, int number)
{
    const struct section *section = &writing->emitter->schedule->sections[number];
    struct text *out = writing->emitter->out;
    if (is_at_edge(writing->emitter->schedule, number, -1))
        open_wavefront(writing);
    write_line(writing, "RNN_OMP(section)");
    text_printf(out, "%*s{ /* ", writing->indent, "");
    write_regions(writing, number);
    text_puts(out, " */\n");
    writing->indent += 4;
    text_printf(out, "%*srnn_begin_section(&wave, &call, %d, %s, %s);\n", writing->indent, "", number,
                pass_is_backward(section->pass) ? "RNN_BACKWARD" : "RNN_FORWARD",
                section->sums ? "wave.most" : "wave.block");
    write_line(writing, "values.ages = call.ages;");
    if (writing->plan->call == CALL_GRAD)
        write_line(writing, "values.left = call.left;");
    int scratch = scratch_of_section(writing->emitter, number);
    if (scratch > 0)
        text_printf(out, "%*svalues.scratch = whole.scratch + %svalues.scratch_numbers;\n", writing->indent, "",
                    scratch > 1 ? arena_printf(writing->emitter->arena, "%d * ", scratch) : "");
    write_waits(writing, number, true);
}

void close_section(struct writing *writing, int number)
{
    write_line(writing, "rnn_end_section(&wave);");
    writing->indent -= 4;
    write_line(writing, "}");
    if (!is_at_edge(writing->emitter->schedule, number, 1))
        return;
    writing->indent -= 4;
    write_line(writing, "}");
    write_line(writing, "rnn_end_wave(&wave, &call);");
    write_line(writing, "values = whole; /* without OpenMP, sections have moved them */");
    if (writing->team)
        write_line(writing, "team = rnn_begin_team();");
}

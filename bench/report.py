"""CSV, tables and a plot of what measure.py measured. In each round a peer's time over ours is a ratio, above 1 where emitted code is
faster; a task has their median and quartiles. The best peer has the smallest median of its rounds."""
import csv
import html
import io
import math
import re
import statistics

OURS, *OTHERS = "rnnc", "base", "one-thread"  # what is beside them has columns of its own
COLUMNS = ["group", "task", "system", "round", "us_per_frame", "difference"]


def quartiles(numbers):
    if len(numbers) < 2:
        return numbers[0], numbers[0]
    low, _, high = statistics.quantiles(numbers, n=4, method="inclusive")
    return low, high


class Row:
    """The figures of one task: system -> microseconds of its rounds."""

    def __init__(self, task):
        self.task, self.rounds = task, {}

    def median(self, system):
        return statistics.median(self.rounds[system])

    def best(self, systems):
        """The fastest of these systems, or None."""
        measured = [system for system in systems if system in self.rounds]
        return min(measured, key=self.median) if measured else None

    def ratios(self, system):
        return [theirs / ours for theirs, ours in zip(self.rounds[system], self.rounds[OURS])]

    def ratio(self, system):
        return statistics.median(self.ratios(system))

    def interval(self, system):
        return quartiles(self.ratios(system))


def by_numbers(text):
    """A key that puts "lstm 64" before "lstm 128"."""
    return [(part.isdigit(), int(part) if part.isdigit() else part) for part in re.findall(r"\d+|\D+", text)]


def csv_of(lines):
    file = io.StringIO(newline="")
    out = csv.writer(file)
    out.writerow(COLUMNS)
    out.writerows(lines)
    return file.getvalue()


def rows_of(lines):
    """Group -> rows, by their names."""
    groups = {}
    for group, task, system, _, us, _ in lines:
        row = groups.setdefault(group, {}).setdefault(task, Row(task))
        row.rounds.setdefault(system, []).append(us)
    return {group: [row for _, row in sorted(rows.items(), key=lambda item: by_numbers(item[0])) if OURS in row.rounds]
            for group, rows in groups.items()}


def number(us):
    return f"{us:.3g}" if us < 999.5 else f"{us:.0f}"


class Reached:
    """What a group's measured tasks come to beside what is asked for: the lowest ratio and the geometric mean."""

    def __init__(self, rows, group):
        ratios = {row.task: row.ratio(best) for row in rows if (best := row.best(group["systems"]))}
        self.group, self.measured, self.count = group, len(ratios), group["tasks"]
        if ratios:
            self.worst = min(ratios, key=ratios.get)
            self.lowest, self.mean = ratios[self.worst], math.exp(statistics.mean(map(math.log, ratios.values())))

    @property
    def met(self):
        return self.lowest >= self.group["least"] and self.mean >= self.group["mean"]

    def line(self):
        """A line of the summary."""
        asked = f"{self.group['least']:.2f} / {self.group['mean']:.2f}"
        begin = f"| {self.group['title']} | {self.measured} of {self.count} |"
        if not self.measured:
            return f"{begin} | | {asked} | not measured |"
        verdict = ("yes" if self.met else "no") + (" so far" if self.measured < self.count else "")
        return f"{begin} {self.lowest:.2f} ({self.worst}) | {self.mean:.2f} | {asked} | {verdict} |"

    def sentence(self):
        asked = f"Asked for: no ratio below {self.group['least']:.2f}, and a geometric mean of {self.group['mean']:.2f}"
        if not self.measured:
            return f"{asked}; no ratio was measured."
        return (f"{asked}; reached in {self.measured} of {self.count} tasks: {self.lowest:.2f} ({self.worst}) and {self.mean:.2f}"
                f"{'' if self.met else ', too little'}.")


def summary(reached):
    yield "| work | tasks | lowest ratio | geometric mean | asked for | met |"
    yield "|---|--:|--:|--:|--:|---|"
    yield from (group.line() for group in reached.values())


def table(rows, group):
    """All medians of a group, microseconds a frame."""
    systems = [system for system in group["systems"] if any(system in row.rounds for row in rows)]
    others = [system for system in OTHERS if system not in systems and any(system in row.rounds for row in rows)]
    yield "| " + " | ".join(["task", OURS, *systems, "best peer / rnnc", "quartiles"] + [f"{other} / rnnc" for other in others]) + " |"
    yield "|---|--:|" + "--:|" * len(systems) + "--:|---|" + "--:|" * len(others)
    for row in rows:
        best = row.best(group["systems"])
        cells = [number(row.median(OURS))]
        cells += [(f"**{number(row.median(s))}**" if s == best else number(row.median(s))) if s in row.rounds else "" for s in systems]
        low, high = row.interval(best) if best else (0, 0)
        cells += [f"{row.ratio(best):.2f}", f"{low:.2f} to {high:.2f}"] if best else ["", ""]
        cells += [f"{row.ratio(other):.2f}" if other in row.rounds else "" for other in others]
        yield f"| {row.task} | " + " | ".join(cells) + " |"


def describe(about):
    run = about["run"]
    yield f"CPU: {run['cpu']}; instructions: {run['instructions']}. Compiler: {run['compiler']}, `{run['flags']}`. Commit {run['commit']}."
    yield ""
    yield (f"{run['threads']} thread{'s' if run['threads'] > 1 else ''} for each system, {run['clock']}, medians of {run['rounds']} round{'s' if run['rounds'] > 1 else ''} of "
           f"{run['seconds']:g} s, all systems in turn in each round{', quick' if run['quick'] else ''}"
           f"{', tasks ' + run['tasks'] if run['tasks'] != '*' else ''}. Microseconds a frame of all streams together; ratios above 1: rnnc is "
           "faster. A peer 1.5 times as slow as the fastest in the first round has no other. Before they are measured, results are compared: equal but for "
           f"{about['tolerance']['run']:g} of the largest magnitude, gradients {about['tolerance']['train']:g}.")
    for threads in {group["threads"] for group in about["groups"].values()} - {run["threads"]}:
        yield f"\nWhat is asked for is meant for {threads} threads."


def systems(about):
    yield "| system | version |"
    yield "|---|---|"
    for name, system in about["systems"].items():
        text = "missing: " + system["missing"] if "missing" in system else system.get("version", "has no task in this run")
        yield f"| {name} | {text}{'; ' + system['note'] if 'note' in system else ''} |"
    absent = [(name, reason, tasks) for name, reasons in about["notes"].items() for reason, tasks in reasons.items()
              if "missing" not in about["systems"][name]]
    for name, reason, tasks in absent:
        yield f"\nNo figure of {name} for {', '.join(tasks)}: {reason}."


def markdown(groups, about, picture):
    reached = {name: Reached(groups.get(name, []), group) for name, group in about["groups"].items()}
    lines = ["# Emitted code beside its peers", "", *describe(about), "", *summary(reached), "", f"![ratios]({picture})"]
    for name, rows in groups.items():
        group = about["groups"][name]
        lines += ["", "## " + group["title"][0].upper() + group["title"][1:], "", reached[name].sentence(), "", *table(rows, group)]
    return "\n".join(lines + ["", "## Systems", "", *systems(about)]) + "\n"


class Plot:
    """Ratios on a logarithmic axis, a line for each task, groups below each other, each with the geometric mean asked for."""

    LEFT, TOP, WIDTH, LINE, RIGHT, TICK = 260, 54, 560, 16, 190, 30  # TICK: what the number at a line of the grid needs
    GRID = [1, *(2.0**power for power in (-3, -2, -1, *range(1, 11))), 0.75, 1.5, 3, 6, 12, 24, 48, 1.25]  # as far as there is room

    def __init__(self, lowest, highest):
        self.low, self.high = math.log2(lowest) - 0.2, math.log2(highest) + 0.2
        self.y, self.items = self.TOP - 6, []

    def x(self, ratio):
        return self.LEFT + self.WIDTH * (math.log2(ratio) - self.low) / (self.high - self.low)

    def text(self, x, text, style=""):
        self.items.append(f'<text x="{x:.1f}" y="{self.y + 4}" {style}>{html.escape(text)}</text>')

    def group(self, group, rows):
        """A heading and rows, with their best peers; green are those that are not below what is asked of each."""
        self.y += self.LINE + 6
        self.text(8, group["title"], 'font-weight="bold" stroke="white" stroke-width="4" paint-order="stroke"')
        begin, x = self.y + self.LINE / 2, self.x(group["mean"])
        for row, best in rows:
            self.row(row, best, group["least"])
        self.items.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{begin}" y2="{self.y + self.LINE / 2}" stroke="#1f6feb" stroke-dasharray="3"/>')

    def row(self, row, best, least):
        self.y += self.LINE
        ratio, (low, high) = row.ratio(best), row.interval(best)
        color = "#1a7f37" if ratio >= least else "#b42318"
        self.text(self.LEFT - 8, row.task, 'text-anchor="end"')
        self.items.append(f'<line x1="{self.x(low):.1f}" x2="{self.x(high):.1f}" y1="{self.y}" y2="{self.y}" stroke="{color}" stroke-width="2"/>')
        self.items.append(f'<circle cx="{self.x(ratio):.1f}" cy="{self.y}" r="4" fill="{color}"/>')
        self.text(self.LEFT + self.WIDTH + 10, f"{ratio:.2f}  {best}")

    def grid(self):
        """Ratio -> x of the lines that have room for their numbers."""
        found = {}
        for ratio in self.GRID:
            x = self.x(ratio)
            if self.low <= math.log2(ratio) <= self.high and all(abs(x - other) >= self.TICK for other in found.values()):
                found[ratio] = x
        return found

    def finish(self, title, run):
        bottom = self.y + self.LINE
        grid = [f'<text x="8" y="18" font-weight="bold" font-size="13">{html.escape(title)}</text>',
                f'<text x="8" y="36">{html.escape(run)}</text>']
        for ratio, x in self.grid().items():
            grid.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{self.TOP}" y2="{bottom}" stroke="{"#555" if ratio == 1 else "#ddd"}"/>')
            grid.append(f'<text x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">{ratio:g}</text>')
        width, height = self.LEFT + self.WIDTH + self.RIGHT, bottom + 24
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="11">\n'
                f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(grid + self.items) + "\n</svg>\n")


def plot(groups, about):
    found = {name: [(row, best) for row in rows if (best := row.best(about["groups"][name]["systems"]))] for name, rows in groups.items()}
    ends = [end for rows in found.values() for row, best in rows for end in (*row.interval(best), row.ratio(best))]
    ends += [1, *(about["groups"][name]["mean"] for name, rows in found.items() if rows)]
    picture = Plot(min(ends), max(ends))
    for name, rows in found.items():
        if rows:
            picture.group(about["groups"][name], rows)
    run, nothing = about["run"], "" if any(found.values()) else ": no ratio was measured"
    return picture.finish(f"Best peer's time / rnnc's (dashed: geometric mean asked for){nothing}",
                          f"{run['cpu']}, {run['flags']}, {run['threads']} thread{'s' if run['threads'] > 1 else ''}")

"""Tables and a plot of what measure.py wrote: report.py CSV JSON MARKDOWN SVG. In each round a peer's time
over ours is a ratio, above 1 where emitted code is faster; a task has their median and quartiles. The best peer has the smallest
median of its rounds."""
import csv
import html
import json
import math
import os
import statistics
import sys

OURS, EARLIER = "rnnc", "base"


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


def read_rows(path):
    """Group -> rows, in the order of the file."""
    groups = {}
    for line in csv.DictReader(open(path)):
        rows = groups.setdefault(line["group"], {})
        row = rows.setdefault(line["task"], Row(line["task"]))
        row.rounds.setdefault(line["system"], []).append(float(line["us_per_frame"]))
    return {group: [row for row in rows.values() if OURS in row.rounds] for group, rows in groups.items()}


def number(us):
    return f"{us:.3g}" if us < 1000 else f"{us:.0f}"


def summary(groups, about):
    """A line for each group: the lowest ratio, the geometric mean, what was asked for."""
    yield "| work | tasks | lowest ratio | geometric mean | asked for | met |"
    yield "|---|--:|--:|--:|--:|---|"
    for name, group in about["groups"].items():
        rows = groups.get(name, [])
        ratios = {row.task: row.ratio(best) for row in rows if (best := row.best(group["systems"]))}
        asked = f"{group['least']:.2f} / {group['mean']:.2f}"
        count = f"{len(ratios)} of {about['counts'][name]}"
        if not ratios:
            yield f"| {group['title']} | {count} | | | {asked} | not measured |"
            continue
        worst, mean = min(ratios, key=ratios.get), math.exp(statistics.mean(map(math.log, ratios.values())))
        met = ratios[worst] >= group["least"] and mean >= group["mean"]
        verdict = ("yes" if met else "no") + (" so far" if len(ratios) < about["counts"][name] else "")
        yield f"| {group['title']} | {count} | {ratios[worst]:.2f} ({worst}) | {mean:.2f} | {asked} | {verdict} |"


def table(rows, group):
    """All medians of a group, microseconds a frame."""
    systems = [system for system in group["systems"] if any(system in row.rounds for row in rows)]
    base = EARLIER not in systems and any(EARLIER in row.rounds for row in rows)
    yield "| " + " | ".join(["task", OURS, *systems, "best peer / rnnc", "quartiles"] + ["base / rnnc"] * base) + " |"
    yield "|---|--:|" + "--:|" * len(systems) + "--:|---|" + "--:|" * base
    for row in rows:
        best = row.best(group["systems"])
        cells = [number(row.median(OURS))]
        cells += [(f"**{number(row.median(s))}**" if s == best else number(row.median(s))) if s in row.rounds else "" for s in systems]
        low, high = row.interval(best) if best else (0, 0)
        cells += [f"{row.ratio(best):.2f}", f"{low:.2f} to {high:.2f}"] if best else ["", ""]
        cells += [f"{row.ratio(EARLIER):.2f}" if EARLIER in row.rounds else ""] * base
        yield f"| {row.task} | " + " | ".join(cells) + " |"


def describe(about):
    run = about["run"]
    yield f"CPU: {run['cpu']}; instructions: {run['instructions']}. Compiler: {run['compiler']}, `{run['flags']}`. Commit {run['commit']}."
    yield ""
    yield (f"{run['threads']} thread{'s' if run['threads'] > 1 else ''} for each peer, {run['clock']}, medians of {run['rounds']} rounds of "
           f"{run['seconds']:g} s, all systems in turn in each round{', quick' if run['quick'] else ''}"
           f"{', tasks ' + run['tasks'] if run['tasks'] != '*' else ''}. Microseconds a frame of all streams together; ratios above 1: rnnc is "
           "faster. A peer 1.5 times as slow as the fastest in the first round has no other. Before they are measured, results are compared: equal but for "
           f"{about['tolerance']['run']:g} of the largest magnitude, gradients {about['tolerance']['train']:g}.")


def systems(about):
    yield "| system | version |"
    yield "|---|---|"
    for name, system in about["systems"].items():
        text = "missing: " + system["missing"] if "missing" in system else system.get("version", "not started")
        yield f"| {name} | {text}{'; ' + system['note'] if 'note' in system else ''} |"
    absent = [(name, reason, tasks) for name, reasons in about["notes"].items() for reason, tasks in reasons.items()
              if "missing" not in about["systems"][name]]
    for name, reason, tasks in absent:
        yield f"\nNo figure of {name} for {', '.join(tasks)}: {reason}."


def markdown(groups, about, picture):
    lines = ["# Emitted code beside its peers", "", *describe(about), "", *summary(groups, about), "", f"![ratios]({picture})"]
    for name, rows in groups.items():
        group = about["groups"][name]
        lines += ["", "## " + group["title"][0].upper() + group["title"][1:], "", *table(rows, group)]
    return "\n".join(lines + ["", "## Systems", "", *systems(about)]) + "\n"


class Plot:
    """Ratios on a logarithmic axis, a line for each task, groups below each other."""

    LEFT, WIDTH, LINE, RIGHT = 260, 560, 16, 190

    def __init__(self, lowest, highest):
        self.low, self.high = math.log2(lowest) - 0.2, math.log2(highest) + 0.2
        self.y, self.items = 34, []

    def x(self, ratio):
        return self.LEFT + self.WIDTH * (math.log2(ratio) - self.low) / (self.high - self.low)

    def text(self, x, text, style=""):
        self.items.append(f'<text x="{x:.1f}" y="{self.y + 4}" {style}>{html.escape(text)}</text>')

    def heading(self, text):
        self.y += self.LINE + 6
        self.text(8, text, 'font-weight="bold"')

    def row(self, row, best):
        self.y += self.LINE
        ratio, (low, high) = row.ratio(best), row.interval(best)
        color = "#1a7f37" if ratio >= 1 else "#b42318"
        self.text(self.LEFT - 8, row.task, 'text-anchor="end"')
        self.items.append(f'<line x1="{self.x(low):.1f}" x2="{self.x(high):.1f}" y1="{self.y}" y2="{self.y}" stroke="{color}" stroke-width="2"/>')
        self.items.append(f'<circle cx="{self.x(ratio):.1f}" cy="{self.y}" r="4" fill="{color}"/>')
        self.text(self.LEFT + self.WIDTH + 10, f"{ratio:.2f}  {best}")

    def finish(self, title):
        bottom = self.y + self.LINE
        grid = [f'<text x="8" y="18" font-weight="bold" font-size="13">{html.escape(title)}</text>']
        for power in range(math.ceil(self.low), math.floor(self.high) + 1):
            x, strong = self.x(2.0**power), power == 0
            grid.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="40" y2="{bottom}" stroke="{"#555" if strong else "#ddd"}"/>')
            grid.append(f'<text x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">{2.0 ** power:g}</text>')
        width, height = self.LEFT + self.WIDTH + self.RIGHT, bottom + 24
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="11">\n'
                f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(grid + self.items) + "\n</svg>\n")


def plot(groups, about):
    found = {name: [(row, best) for row in rows if (best := row.best(about["groups"][name]["systems"]))] for name, rows in groups.items()}
    ends = [end for rows in found.values() for row, best in rows for end in (*row.interval(best), row.ratio(best))] + [1]
    picture = Plot(min(ends), max(ends))
    for name, rows in found.items():
        if rows:
            picture.heading(about["groups"][name]["title"])
            for row, best in rows:
                picture.row(row, best)
    run = about["run"]
    return picture.finish(f"Best peer's time / rnnc's, {run['cpu']}, {run['flags']}, {run['threads']} thread{'s' if run['threads'] > 1 else ''}")


def main():
    rows, about = read_rows(sys.argv[1]), json.load(open(sys.argv[2]))
    open(sys.argv[3], "w").write(markdown(rows, about, os.path.basename(sys.argv[4])))
    open(sys.argv[4], "w").write(plot(rows, about))


if __name__ == "__main__":
    main()

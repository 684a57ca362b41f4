"""CSV, tables and a plot of what scale.py simulated."""
import csv
import dataclasses
import html
import io
import math

TITLES = {"ethernet": "10 Gb/s Ethernet", "fabric": "100 Gb/s fabric"}
ASKED = 1.1  # times the best way to send a gradient: what auto may take
COLORS = ["#57606a", "#0969da", "#1a7f37", "#9a6700", "#bc4c00", "#cf222e", "#8250df", "#bf3989"]


@dataclasses.dataclass
class Figures:
    """Of a step: seconds, bytes that a rank gives into sums, joules of all machines that have ranks; what auto chose."""

    place: str
    network: str
    way: str
    ranks: int
    seconds: float
    bytes: float
    joules: float
    ways: str


def csv_of(figures):
    file = io.StringIO(newline="")
    out = csv.writer(file)
    out.writerow([field.name for field in dataclasses.fields(Figures)])
    out.writerows(dataclasses.astuple(one) for one in figures)
    return file.getvalue()


def lines_of(figures):
    """(network, way) -> its figures, by the number of ranks; of one platform."""
    lines = {}
    for one in figures:
        lines.setdefault((one.network, one.way), {})[one.ranks] = one
    return lines


def places_of(figures):
    return {place: lines_of(one for one in figures if one.place == place) for place in dict.fromkeys(one.place for one in figures)}


def name_of(network, way):
    return way if network == "dense" else f"{network}, {way}"


def efficiency(lines, one):
    """Seconds of one rank that sends nothing over those of this many; None where one rank is not among the figures."""
    alone = lines.get((one.network, "none"), {}).get(1)
    return alone.seconds / one.seconds if alone else None


def size(number):
    for unit, factor in (("MB", 1e6), ("kB", 1e3)):
        if number >= factor:
            return f"{number / factor:.3g} {unit}"
    return f"{number:.0f} B"


# ---- tables ----


def table(lines, cell):
    counts = sorted({count for line in lines.values() for count in line})
    yield "| sent | bytes a rank | " + " | ".join(f"{count} rank{'s' if count > 1 else ''}" for count in counts) + " |"
    yield "|---|--:|" + "--:|" * len(counts)
    for (network, way), line in lines.items():
        most = max(line)
        cells = [cell(line[count]) if count in line else "" for count in counts]
        yield f"| {name_of(network, way)} | {size(line[most].bytes)} | " + " | ".join(cells) + " |"


def tables(place, lines):
    def time(one):
        part = efficiency(lines, one)
        return f"{1e3 * one.seconds:.4g}" + (f" ({100 * part:.0f} %)" if part else "")

    yield from ["", f"## {TITLES.get(place, place)}", "", "Milliseconds a step, and the efficiency: the time of one rank alone over that of as many.", ""]
    yield from table(lines, time)
    yield from ["", "Joules a step, of all machines that have ranks.", ""]
    yield from table(lines, lambda one: f"{one.joules:.4g}")


def judge(places):
    """How far auto is behind the best way, at most."""
    behind = []
    for place, lines in places.items():
        for (network, way), line in lines.items():
            for count, one in line.items() if way == "auto" and len(lines) > 1 else ():
                others = [other[count] for (name, way), other in lines.items() if name == network and way != "auto" and count in other]
                best = min(others, key=lambda other: other.seconds, default=None)
                if best:
                    behind.append((one.seconds / best.seconds, place, network, count, best.way))
    if not behind:
        return None
    ratio, place, network, count, way = max(behind)
    return (f"`auto` takes {ratio:.3f} times as long as the best way to send the gradients of the same network, at most ({TITLES.get(place, place)}, {network}, "
            f"{count} rank{'s' if count > 1 else ''}, where {way} is the best); asked for: {ASKED:g} at most{'' if ratio <= ASKED else ', which is missed'}.")


def choices(places):
    """What auto chose at the most ranks."""
    for place, lines in places.items():
        for (network, way), line in lines.items():
            if way == "auto" and line[max(line)].ways:
                yield f"* {TITLES.get(place, place)}, {network}, {max(line)} ranks: {line[max(line)].ways.replace('=', ' ').replace(' ', ' = ', 0)}"


def describe(about):
    yield "# Training over many ranks, simulated"
    yield ""
    yield ("Nothing here was run on a cluster. SimGrid simulates messages and links; what a rank computes was measured on one core "
           f"({about['cpu']}) and takes that long. Machines have 16 cores, with a rank on each, and one link (bench/scale/platforms). "
           "Compression is that of `rnn train --compress`, from the first step on.")
    yield ""
    yield about["checked"]
    yield ""
    yield "| network | parameters | sequences a rank | frames | forward | backward | Adam |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for name, costs in about["costs"].items():
        count = sum(math.prod(parameter["shape"]) for parameter in costs["parameters"])
        yield (f"| {about['network']}, {name} | {count:,} | {costs['streams']} | {costs['frames']} | {1e3 * costs['forward']:.1f} ms | "
               f"{1e3 * costs['backward']:.1f} ms | {1e3 * costs['learn']:.1f} ms |")


def markdown(figures, about, picture):
    places = places_of(figures)
    lines = [*describe(about), "", f"![time, efficiency and energy]({picture})"]
    if verdict := judge(places):
        lines += ["", verdict]
    for place, found in places.items():
        lines += tables(place, found)
    if chosen := list(choices(places)):
        lines += ["", "What `auto` chose, by parameter:", "", *chosen]
    return "\n".join(lines) + "\n"


# ---- plot ----


class Panel:
    """Lines over the number of ranks, on a logarithmic axis."""

    WIDTH, HEIGHT = 300, 170

    def __init__(self, x, y, counts, values, logarithmic):
        self.left, self.top, self.logarithmic = x, y, logarithmic
        self.low_x, self.high_x = math.log2(min(counts)), max(math.log2(max(counts)), math.log2(min(counts)) + 1)
        self.low, self.high = (math.log10(min(values)) - 0.05, math.log10(max(values)) + 0.05) if logarithmic else (0, max(1.05, max(values)))
        self.items = [f'<rect x="{x}" y="{y}" width="{self.WIDTH}" height="{self.HEIGHT}" fill="none" stroke="#8c959f"/>']
        self.counts = counts

    def x(self, count):
        return self.left + self.WIDTH * (math.log2(count) - self.low_x) / (self.high_x - self.low_x)

    def y(self, value):
        value = math.log10(value) if self.logarithmic else value
        return self.top + self.HEIGHT * (1 - (value - self.low) / (self.high - self.low))

    def text(self, x, y, text, style=""):
        self.items.append(f'<text x="{x:.1f}" y="{y:.1f}" {style}>{html.escape(text)}</text>')

    def ticks(self):
        """Values that have a line, with their names."""
        if not self.logarithmic:
            return [(part / 4, f"{25 * part} %") for part in range(5)]
        powers = range(math.floor(self.low) - 1, math.ceil(self.high) + 1)
        return [(digit * 10.0**power, f"{digit * 10.0**power:g}") for power in powers for digit in (1, 2, 5) if self.low <= math.log10(digit) + power <= self.high]

    def grid(self, title):
        self.text(self.left, self.top - 7, title, 'font-weight="bold"')
        for value, name in self.ticks():
            self.items.append(f'<line x1="{self.left}" x2="{self.left + self.WIDTH}" y1="{self.y(value):.1f}" y2="{self.y(value):.1f}" stroke="#eaeef2"/>')
            self.text(self.left - 5, self.y(value) + 4, name, 'text-anchor="end"')
        for count in self.counts:
            self.text(self.x(count), self.top + self.HEIGHT + 14, str(count), 'text-anchor="middle"')

    def line(self, points, color):
        """points: [(ranks, value)]"""
        places = " ".join(f"{self.x(count):.1f},{self.y(value):.1f}" for count, value in points)
        self.items.append(f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="1.6"/>')
        self.items += [f'<circle cx="{self.x(count):.1f}" cy="{self.y(value):.1f}" r="2.4" fill="{color}"/>' for count, value in points]


ROWS = [("seconds a step", True, lambda lines, one: one.seconds), ("efficiency", False, efficiency),
        ("joules a step, over the ranks", True, lambda lines, one: one.joules / one.ranks)]


def legend(names, x, y):
    yield f'<text x="{x}" y="{y}" font-weight="bold">sent, bytes a rank and step</text>'
    for number, (name, most) in enumerate(names.items()):
        place, color = y + 18 * (number + 1), COLORS[number % len(COLORS)]
        yield f'<line x1="{x}" x2="{x + 18}" y1="{place - 4}" y2="{place - 4}" stroke="{color}" stroke-width="2"/>'
        yield f'<text x="{x + 24}" y="{place}">{html.escape(name)}, {size(most)}</text>'


def plot(figures):
    places = places_of(figures)
    names = {name_of(*key): max(line.values(), key=lambda one: one.ranks).bytes for lines in places.values() for key, line in lines.items()}
    counts, items = sorted({one.ranks for one in figures}), []
    for row, (title, logarithmic, value) in enumerate(ROWS):
        values = [value(lines, one) for lines in places.values() for line in lines.values() for one in line.values()]
        if None in values:
            continue
        for column, (place, lines) in enumerate(places.items()):
            panel = Panel(60 + 370 * column, 50 + 220 * row, counts, values, logarithmic)
            panel.grid(f"{title}: {TITLES.get(place, place)}")
            for key, line in lines.items():
                panel.line([(count, value(lines, one)) for count, one in sorted(line.items())], COLORS[list(names).index(name_of(*key)) % len(COLORS)])
            items += panel.items
    width, height = 60 + 370 * len(places) + 190, 50 + 220 * len(ROWS) + 10
    items += legend(names, 60 + 370 * len(places), 60)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="11">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n<text x="8" y="20" font-weight="bold" font-size="13">'
            f"Training over many ranks, simulated: a step by the number of ranks</text>\n" + "\n".join(items) + "\n</svg>\n")

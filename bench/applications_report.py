"""Tables of what applications.py has found out."""
import dataclasses
import math
import statistics

GAINS = [  # name, from the best of these ways to the best of those
    ("schedule", ["frame by frame"], ["dense"]),
    ("threads", ["dense"], ["dense", "dense, 2 threads"]),
    ("rank", ["dense"], ["rank"]),
    ("storage", ["rank"], ["storage"]),
    ("preview", ["rank", "storage"], ["preview"]),
]
DENSE = ["dense", "dense, 2 threads"]
FACTORED = [f"{way}{threads}" for way in ("rank", "storage", "preview") for threads in ("", ", 2 threads")]
ASKED = {"PyTorch": 15, "dense": 3}  # least geometric means


@dataclasses.dataclass
class Result:
    """Of an application: what is better (1 more, -1 less), the metric of each seed, dense, dense trained as long as the factors, and
    factored, milliseconds of a request by way or setting, and why settings are missing."""
    name: str
    frames: int
    metric: str
    sign: int
    dense: list
    longer: list
    low: list
    ours: dict
    theirs: dict
    notes: dict


def best(times, ways):
    return min((times[way] for way in ways if way in times), default=None)


def ratio(above, below):
    return above / below if above and below else None


def gain(result, before, after):
    return ratio(best(result.ours, before), best(result.ours, after))


def against_pytorch(result):
    return ratio(min(result.theirs.values(), default=None), best(result.ours, FACTORED))


def geometric_mean(numbers):
    numbers = [number for number in numbers if number]
    return math.exp(statistics.fmean(map(math.log, numbers))) if numbers else None


def standard_error(numbers):
    return statistics.stdev(numbers) / math.sqrt(len(numbers)) if len(numbers) > 1 else None


def number(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def spread(numbers, digits):
    error = standard_error(numbers)
    return number(statistics.fmean(numbers), digits) + (f" ± {error:.{digits}f}" if error is not None else "")


def loss_in_errors(result):
    """By how many standard errors of the metric of dense networks, trained as long, that of factored ones is worse; below 0 if it is
    better. None of one seed."""
    worse = result.sign * (statistics.fmean(result.longer) - statistics.fmean(result.low))
    error = standard_error(result.longer)
    if error is None:
        return None
    return worse / error if error else math.copysign(math.inf, worse) if worse else 0.0


def table(head, rows):
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def quality(results, part):
    def row(result):
        digits = 2 if result.metric == "accuracy" else 3
        errors = loss_in_errors(result)
        said = "-" if errors is None else "yes" if errors <= 1 else f"no: {errors:.1f} errors worse"
        unit = "accuracy, %" if result.metric == "accuracy" else "bits a character" if result.metric == "bpc" else result.metric
        return [result.name, unit, str(len(result.dense)), *(spread(numbers, digits) for numbers in (result.dense, result.longer, result.low)),
                said]
    return table(["application", f"on {part} data", "seeds", "dense", "dense, as long", "factored", "within one standard error"],
                 map(row, results))


def times(results):
    ways = list(dict.fromkeys(way for result in results for way in result.ours))
    head = ["a request, ms", "frames", "PyTorch, best", "its setting", *ways]

    def row(result):
        setting = min(result.theirs, key=result.theirs.get, default=None)
        return [result.name, str(result.frames), number(result.theirs.get(setting), 3), setting or "-",
                *(number(result.ours.get(way), 3) for way in ways)]
    return table(head, map(row, results))


def gains(results):
    columns = [(name, [gain(result, before, after) for result in results]) for name, before, after in GAINS]
    columns.append(("all, beside our dense", [gain(result, DENSE, FACTORED) for result in results]))
    columns.append(("all, beside PyTorch", [against_pytorch(result) for result in results]))
    rows = [[result.name, *(number(values[i]) for _, values in columns)] for i, result in enumerate(results)]
    rows.append(["geometric mean", *(number(geometric_mean(values)) for _, values in columns)])
    return table(["times as fast by", *(name for name, _ in columns)], rows)


def verdict(results):
    found = {"PyTorch": geometric_mean(map(against_pytorch, results)), "dense": geometric_mean(gain(result, DENSE, FACTORED) for result in results)}
    beside = {"PyTorch": "PyTorch at its best settings", "dense": "our dense network at its best"}
    lines = [f"- beside {beside[name]}: {number(found[name])} times as fast in the geometric mean, at least {asked} asked"
             for name, asked in ASKED.items() if found[name]]
    errors = [loss_in_errors(result) for result in results]
    judged = [error for error in errors if error is not None]
    if judged:
        lines.append(f"- within one standard error of the dense metric, trained as long: {sum(error <= 1 for error in judged)} of {len(judged)}")
    return "\n".join(lines) + "\n"


def markdown(results, about, part="test"):
    """The tables; `about` says on what they were measured, `part` by which data networks were judged."""
    notes = sorted({f"- {result.name}, {name}: {reason}" for result in results for name, reason in result.notes.items()})
    timed = [result for result in results if result.ours]
    parts = [about + "\n", quality(results, part)]
    if timed:
        parts += [times(timed), gains(timed)]
    parts += [verdict(results)] + (["Without figures:\n\n" + "\n".join(notes) + "\n"] if notes else [])
    return "\n".join(parts)

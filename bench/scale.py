"""The command line of bench/scale.sh: costs of a step are measured (rnn_scale costs), steps of many ranks simulated with them (rnn_scale
steps), and tables and a plot written (scale_report.py)."""
import argparse
import contextlib
import fnmatch
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import commands
import run
import scale_report as report
from systems import cpu_name

BENCH = pathlib.Path(__file__).resolve().parent
TOP = BENCH.parent

DESCRIPTION = """\
Simulates training over many ranks with SimGrid, on two clusters (bench/scale/platforms): time, efficiency, bytes and energy of a
step, for each way to send a gradient. What a rank computes is measured on one core of this machine; its messages are those that `rnn
train` sends, by the same code. Each rank has as many sequences however many ranks there are (weak scaling)."""
EPILOG = """\
Before, a training over four ranks is both simulated and done by mpirun, where there is one: its losses have to be the same. It needs
libsimgrid-dev (sh scripts/install-deps.sh bench).

Exit status: 0 done, 1 something failed, 2 the command line is wrong."""

NETWORKS = {"dense": [], "svd:64": ["--form", "*=svd:64"]}  # what a network is called -> options of it
WAYS = {"dense": ["none", "f16", "powersgd:1", "powersgd:2", "powersgd:4", "auto"], "svd:64": ["none", "auto"]}
PLATFORMS = {"ethernet": "9.488Gb/s,24us", "fabric": "96.8Gb/s,1.2us"}  # in scale/platforms -> the link of a machine, as --link has it
CORES, MEMORY = 16, "40Gb/s,500ns"  # of a machine of either; the link between its ranks


# ---- options ----


def built(text):
    folder = run.built(text)
    for file in ("bin/rnn", "bin/rnn_scale"):
        if not (folder / file).is_file():
            raise argparse.ArgumentTypeError(f"there is no file '{folder / file}': install libsimgrid-dev, configure and build the project again")
    return folder


def ranks(text):
    try:
        numbers = sorted({int(word) for word in text.split(",")})
    except ValueError:
        numbers = [0]
    if any(number < 1 or number > 1024 or number & (number - 1) for number in numbers):
        raise argparse.ArgumentTypeError(f"'{text}' is no list of powers of two from 1 to 1024, as 1,4,16")
    return numbers


def network(text):
    path = pathlib.Path(text).absolute()
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file '{text}'")
    return path


def make_parser():
    parser = argparse.ArgumentParser(run.PROGRAM, description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--quick", action="store_true", help="1, 4 and 16 ranks only")
    add("--ranks", metavar="N,N...", type=ranks, help="how many (default 1,4,16,64,256), powers of two to 1024, where some take minutes")
    add("--ways", metavar="PATTERN", default="*", help="of a gradient to be sent that match: none, f16, powersgd:1, powersgd:2, powersgd:4, auto (default *)")
    add("--network", metavar="FILE", type=network, default=BENCH / "nets/words.rnn", help="with a loss (default bench/nets/words.rnn)")
    add("--streams", metavar="N", type=run.count, default=2, help="sequences of each rank (default 2)")
    add("--frames", metavar="N", type=run.count, default=35, help="of a step (default 35)")
    add("--costs", metavar="DIR", type=run.kept, help="costs are kept there, and each simulation that is done with them; what it has is not done again")
    add("--jobs", metavar="N", type=run.count, default=len(os.sched_getaffinity(0)), help="simulations at a time (default: one for each processor)")
    add("--build", metavar="DIR", type=built, default=TOP / "build", help="the programs are there (default build)")
    add("--csv", metavar="FILE.csv", type=run.results, default="scale.csv", help="figures (default scale.csv); beside it, as .md, the tables, and as .svg the plot")
    return parser


def read_options(arguments):
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        built(str(options.build))
        options.csv = run.results(str(options.csv))
    except argparse.ArgumentTypeError as reason:
        parser.error(str(reason))
    options.ranks = options.ranks or ([1, 4, 16] if options.quick else [1, 4, 16, 64, 256])
    options.ways = {name: [way for way in ways if fnmatch.fnmatch(way, options.ways)] for name, ways in WAYS.items()}
    if not any(options.ways.values()):
        parser.error("argument --ways: no way matches; there are " + ", ".join(WAYS["dense"]))
    return options


# ---- programs that are run ----


class Job:
    """A program that runs, with a name for what goes wrong."""

    def __init__(self, name, command, folder, keep=lambda text: None, **environment):
        self.name, self.out, self.err = name, tempfile.TemporaryFile("w+", dir=folder), tempfile.TemporaryFile("w+", dir=folder)
        self.keep = keep
        with commands.signals_put_off():
            self.process = subprocess.Popen([str(word) for word in command], stdout=self.out, stderr=self.err, stdin=subprocess.DEVNULL, cwd=folder,
                                            env={**os.environ, "OMP_NUM_THREADS": "1", **environment}, start_new_session=True)

    def result(self):
        """Its standard output, once it has ended."""
        for file in (self.out, self.err):
            file.seek(0)
        if self.process.returncode:
            raise run.Fault(f"{self.name} fails: {self.err.read().strip() or self.process.returncode}")
        text = self.out.read()
        self.keep(text)
        return text


def run_all(starts, jobs):
    """Calls functions that start jobs, so many at a time, and gives what these have printed, in the order of the functions."""
    waiting, running, results = list(enumerate(starts)), {}, {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                number, start = waiting.pop(0)
                running[number] = start()
            for number, job in list(running.items()):
                if job.process.poll() is not None:
                    results[number] = running.pop(number).result()
            time.sleep(0.02)
    finally:
        for job in running.values():
            commands.end(job.process)
    return [results[number] for number in sorted(results)]


def run_one(*arguments, **environment):
    return run_all([lambda: Job(*arguments, **environment)], 1)[0]


# ---- the simulated program is the real one ----

TEXT = "the dog and the cat sat on the mat, and a bird on a big log\n" * 60
TRAINING = ["--data", "text", "--streams", "8", "--window", "20", "--epochs", "1", "--clip", "1", "-D", "n=24", "--double"]


def losses(path):
    """The step, epoch, frames and loss of each line of a log."""
    return [line.split(",")[:4] for line in path.read_text().splitlines()]


def find_mpirun(folder):
    """The command that starts four ranks; None if there is none."""
    command = ["mpirun", "-n", "4", "--oversubscribe", *(["--allow-run-as-root"] if os.geteuid() == 0 else [])]
    with contextlib.suppress(FileNotFoundError, run.Fault):
        run_one("mpirun", [*command, "true"], folder)
        return command
    return None


def check_program(options, folder):
    """Trains over four ranks, by mpirun and simulated; says what came of it."""
    mpirun = find_mpirun(folder)
    if not mpirun:
        return "There is no mpirun here: losses of a simulated training were not compared with those of a real one."
    (folder / "text").write_text(TEXT)
    steps = 0
    for way in ("none", "f16", "powersgd:2"):
        after = ["--compress-after", "3"] if way.startswith("powersgd") else []
        training = [TOP / "examples/char_lm/char_lm.rnn", *TRAINING, "--compress", way, *after]
        run_one(f"mpirun with {way}", [*mpirun, options.build / "bin/rnn", "train", *training, "--out", "real.safetensors", "--log", "real.csv"], folder)
        run_one(f"the simulated training with {way}", [options.build / "bin/rnn_scale", BENCH / "scale/platforms/ethernet.xml", 4, "train", *training,
                                                       "--out", "simulated.safetensors", "--log", "simulated.csv"], folder)
        real, simulated = losses(folder / "real.csv"), losses(folder / "simulated.csv")
        if real != simulated or len(real) < 2:
            raise run.Fault(f"with {way}, a simulated training over four ranks has other losses than mpirun's: "
                            f"{simulated[-1][3]} instead of {real[-1][3]} in the last step")
        steps += len(real) - 1
    return f"A training over four ranks, simulated, has the same losses as by mpirun, in all digits of its log: {steps} steps, with none, f16 and powersgd:2."


# ---- costs and steps ----


def find_costs(options, folder):
    """Measures what a step of each network costs; gives its files and what is in them."""
    kept_in = options.costs or folder
    found = {}
    for name, words in NETWORKS.items():
        if not options.ways[name]:
            continue
        path = kept_in / f"{options.network.stem}-{name.replace(':', '')}-{options.streams}-{options.frames}.json"
        if not path.exists():
            run.say(f"measuring {options.network.stem}, {name}")
            text = run_one("rnn_scale costs", [options.build / "bin/rnn_scale", BENCH / "scale/platforms/ethernet.xml", 1, "costs", options.network, *words,
                                               "--streams", options.streams, "--window", options.frames], folder)
            run.write_whole({path: text})
        found[name] = path
    return found


class Simulation:
    """A training that is simulated, and what came of it, which is kept beside the costs. It is found again as long as these, the platform and
    the arguments are the same."""

    def __init__(self, options, costs, place, way, count):
        link = ["--link", PLATFORMS[place] if count > CORES else MEMORY] if way == "auto" else []
        self.words = [str(word) for word in (count, "steps", costs, "--compress", way, *link)]
        told = "\n".join([costs.read_text(), (BENCH / f"scale/platforms/{place}.xml").read_text(), *self.words[:2], *self.words[3:]])
        self.of = hashlib.sha256(told.encode()).hexdigest()
        self.path = costs.parent / f"{costs.stem}-{place}-{way.replace(':', '')}-{count}.json" if options.costs else None
        self.found = self.find()

    def find(self):
        """What was found before; None if nothing was, or something else."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            kept_there = json.loads(self.path.read_text()) if self.path else {}
            return kept_there["found"] if kept_there["of"] == self.of else None
        return None

    def keep(self, text):
        self.found = json.loads(text)
        if self.path:
            run.write_whole({self.path: json.dumps({"of": self.of, "found": self.found}, indent=1) + "\n"})


def simulate(options, costs, folder):
    """Simulates everything; a list of figures."""
    cases = [(place, name, way, count) for count in sorted(options.ranks, reverse=True) for place in PLATFORMS for name in costs for way in options.ways[name]]

    def start(simulation, place, name, way, count):
        return lambda: Job(f"{way} of {name} over {count} ranks", [options.build / "bin/rnn_scale", BENCH / f"scale/platforms/{place}.xml", *simulation.words],
                           folder, simulation.keep)

    simulations = [Simulation(options, costs[name], place, way, count) for place, name, way, count in cases]
    missing = [number for number, simulation in enumerate(simulations) if simulation.found is None]
    run.say(f"simulating {len(missing)} trainings" + (f"; {len(cases) - len(missing)} were done before" if len(missing) < len(cases) else ""))
    run_all([start(simulations[number], *cases[number]) for number in missing], options.jobs)
    figures = [report.Figures(*case, **{key: value for key, value in simulation.found.items() if key != "ranks"})
               for case, simulation in zip(cases, simulations)]
    return sorted(figures, key=lambda one: (list(PLATFORMS).index(one.place), list(NETWORKS).index(one.network), WAYS[one.network].index(one.way), one.ranks))


# ---- main ----


def run_in(options, folder):
    checked = check_program(options, folder)
    costs = find_costs(options, folder)
    figures = simulate(options, costs, folder)
    about = {"cpu": cpu_name(), "network": options.network.name, "checked": checked,
             "costs": {name: json.loads(path.read_text()) for name, path in costs.items()}}
    picture = options.csv.with_suffix(".svg")
    tables = report.markdown(figures, about, picture.name)
    run.write_whole({options.csv: report.csv_of(figures), options.csv.with_suffix(".md"): tables, picture: report.plot(figures)})
    print(tables, end="", flush=True)
    return 0


def main():
    options = read_options(sys.argv[1:])

    def work():
        with tempfile.TemporaryDirectory(prefix="rnnc-bench-") as folder:
            return run_in(options, pathlib.Path(folder))

    return run.end_well(work, lambda: ", nothing was written")


if __name__ == "__main__":
    sys.exit(main())

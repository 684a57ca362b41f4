"""The command line of bench/run.sh: what it is told is checked first, then peers are installed if that was asked for, rnnc is brought
up to date, and the tasks are measured (measure.py). Results are written (report.py) after each task."""
import argparse
import contextlib
import fcntl
import fnmatch
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import commands
import report
import systems
from measure import BENCH, OURS, TOLERANCE, Bench, read_tasks

TOP = BENCH.parent
PROGRAM = f"bench/{pathlib.Path(sys.argv[0]).stem}.sh"
PACKAGES = {"python": ["numpy", "onnx", "onnxruntime", "openvino", "torch", "jax"], "onednn": ["onednn-cpu-gomp", "onednn-devel-cpu-gomp"]}

DESCRIPTION = """\
Measures emitted code and its peers on this machine, in turn within one run: tables (Markdown), all figures (CSV) and a plot (SVG).
Before a task is measured, each peer's result is compared with ours: same weights, same input."""
EPILOG = """\
Results are written after each task: those of a run that is interrupted are whole, of fewer tasks. Peers installed from PyPI are in
$RNNC_PEERS, or in rnnc-peers in $XDG_CACHE_HOME or ~/.cache. The C compiler is $CC (default cc). Keep other work off the machine.

Exit status: 0 done, 1 something failed, 2 the command line is wrong."""


class Fault(Exception):
    """What ends the bench: a text that says why, and what helps."""


class Interrupted(BaseException):
    """One of commands.SIGNALS."""


def say(text):
    print(f"{PROGRAM}: {text}", file=sys.stderr)


# ---- options ----


def count(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no number from 1 on")
    return int(text)


def duration(text):
    with contextlib.suppress(ValueError):
        if 0 < float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds above 0")


def built(text):
    """A folder that holds rnnc and the runtime."""
    for file in ("bin/rnnc", "lib/librnn_runtime.a"):
        if not os.path.isfile(os.path.join(text, file)):
            raise argparse.ArgumentTypeError(f"there is no file '{os.path.join(text, file)}'")
    return pathlib.Path(text).absolute()


def version(text):
    """The folder of a version of this project that is built in its folder build."""
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"there is no folder '{text}'")
    return built(os.path.join(text, "build")).parent


def kept(text):
    """A folder that is made if it is not there."""
    path = pathlib.Path(text).absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as reason:
        raise argparse.ArgumentTypeError(f"cannot write into the folder '{text}': {reason.strerror}")


def results(text):
    """The CSV; the other results lie beside it."""
    path = pathlib.Path(os.path.realpath(text))
    if path.suffix != ".csv":
        raise argparse.ArgumentTypeError(f"'{text}' does not end in .csv")
    for file in (path, path.with_suffix(".md"), path.with_suffix(".svg")):
        try:
            new_name(file).touch()
            new_name(file).unlink()
        except OSError as reason:
            raise argparse.ArgumentTypeError(f"cannot write '{file}': {reason.strerror}")
        if file.exists() and not file.is_file():
            raise argparse.ArgumentTypeError(f"'{file}' is there and no file")
    return path


def peers(text):
    try:
        return systems.peers_named(text)
    except ValueError as reason:
        raise argparse.ArgumentTypeError(reason)


def make_parser():
    parser = argparse.ArgumentParser(PROGRAM, description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--quick", action="store_true", help="a few tasks of each group, shorter: about five minutes")
    add("--tasks", metavar="PATTERN", default="*", help="tasks or groups of bench/tasks.txt whose names match, as 'train lstm*' or 'streams'")
    add("--peers", metavar="LIST", type=peers, default="all",
        help="of onednn,onnxruntime,openvino,torch,torch-compiled,jax,libxsmm,openblas; none; all (default)")
    add("--base", metavar="DIR", type=version, help="an earlier version of this project, built in DIR/build, is measured beside it")
    add("--base-cc", metavar="CC", help="compiles that one, as with --base . --base-cc clang")
    add("--build", metavar="DIR", type=built, help="rnnc and the runtime are there (default: build, brought up to date)")
    add("--march", metavar="MARCH", default="native", help="for which the compiler makes code (default native); with x86-64-v3 peers are held to AVX2 too")
    add("--threads", metavar="N", type=count, default=1,
        help="of each system (default 1); with several, time on the wall counts, and emitted code with one thread is measured too")
    add("--rounds", metavar="N", type=count, help="each system once a round (default 5, quick 3)")
    add("--seconds", metavar="S", type=duration, help="of a system in a round (default 0.3, quick 0.1)")
    add("--csv", metavar="FILE.csv", type=results, default="bench.csv", help="figures (default bench.csv); beside it, as .md, the tables, and as .svg the plot")
    add("--install", action="store_true",
        help="peers that are missing are installed: from PyPI, about 6 GB, into virtual environments, and from Debian")
    return parser


def read_options(arguments):
    """The options, with what is asked for (groups) and the chosen tasks; ends with status 2 if they are wrong."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    processors = len(os.sched_getaffinity(0))
    if options.threads > processors:
        parser.error(f"argument --threads: this process may use {processors} processor{'s' if processors > 1 else ''}")
    if options.base_cc and not options.base:
        parser.error("argument --base-cc: it compiles the code of --base DIR, which is not given")
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.seconds = options.seconds or (0.1 if options.quick else 0.3)
    options.project, options.done = TOP, 0
    options.cc = os.environ.get("CC", "").split() or ["cc"]
    options.base_cc = (options.base_cc or "").split() or options.cc
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    options.folder = pathlib.Path(os.environ.get("RNNC_PEERS") or os.path.join(cache, "rnnc-peers")).absolute()
    options.groups, tasks = read_tasks(BENCH / "tasks.txt", options.threads)
    options.chosen = [task for task in tasks if (task.quick or not options.quick)
                      and (fnmatch.fnmatch(task.name, options.tasks) or fnmatch.fnmatch(task.group, options.tasks))]
    if not options.chosen:
        parser.error(f"argument --tasks: no task matches '{options.tasks}'; tasks are called as '{tasks[0].name}', "
                     f"groups {', '.join(options.groups)}")
    return options


# ---- what a run needs ----


def check_compilers(options):
    """Finds out what the compilers make of --march."""
    try:
        systems.macros_of(options.base_cc, options.march)
        options.macros = systems.macros_of(options.cc, options.march)
    except ValueError as reason:
        raise Fault(reason)


def run_visibly(*command, **options):
    """Runs a command, whose output is none of the tables. Returns whether it succeeded."""
    return commands.run(*command, stdout=sys.stderr, **options) == 0


def make_environment(folder, packages):
    """A virtual environment with packages of PyPI; what fails is named in the report."""
    pip = [folder / "bin/python", "-m", "pip"]

    def whole():
        return os.access(pip[0], os.X_OK) and subprocess.run([*pip, "--version"], capture_output=True).returncode == 0

    if not whole() and not (run_visibly(sys.executable, "-m", "venv", folder) and whole()):
        say(f"cannot make a virtual environment in {folder}: it needs python3-venv of Debian; if an older one is there, remove the folder")
        return
    for package in packages:
        if not run_visibly(*pip, "-q", "install", package):
            say(f"cannot install {package} in {folder}")


def install(options):
    # In our session, as sudo may ask for a password.
    if subprocess.run(["sh", TOP / "scripts/install-deps.sh", "build", "bench"], stdout=sys.stderr).returncode:
        say("goes on without packages of Debian")
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, packages in PACKAGES.items():
        make_environment(options.folder / name, packages)


def build_project():
    """Brings build/ up to date. Returns that folder."""
    if not shutil.which("cmake"):
        raise Fault("cmake is missing: run `sh scripts/install-deps.sh`, or name a folder that holds rnnc with --build")
    configured = any((TOP / "build" / file).exists() for file in ("build.ninja", "Makefile"))
    if not (configured or run_visibly("cmake", "--preset", "release", cwd=TOP)) or not run_visibly(
            "cmake", "--build", "build", "--target", "rnnc", "rnn_runtime", cwd=TOP):
        raise Fault(f"rnnc cannot be built in {TOP / 'build'}, see above; `sh scripts/install-deps.sh` installs what is missing")
    return TOP / "build"


def prepare(options):
    if not options.install or shutil.which(options.cc[0]):
        check_compilers(options)
    if options.install:
        install(options)
        check_compilers(options)
    options.build = options.build or build_project()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-options.threads :])  # and so of every system


# ---- measuring ----


def new_name(path):
    """The name under which a file is written first."""
    return path.with_name(f".{path.name}.{os.getpid()}")


def write_whole(texts):
    """Writes files, path -> text: all of them whole, or none."""
    try:
        for path, text in texts.items():
            try:
                new_name(path).write_text(text)
            except OSError as reason:
                raise Fault(f"cannot write '{path}': {reason.strerror}")
        for path in texts:
            os.replace(new_name(path), path)
    finally:
        for path in texts:
            new_name(path).unlink(missing_ok=True)


def write_results(options, lines, about):
    """The CSV, the tables and the plot. Returns the tables."""
    groups, picture = report.rows_of(lines), options.csv.with_suffix(".svg")
    tables = report.markdown(groups, about, picture.name)
    write_whole({options.csv: report.csv_of(lines), options.csv.with_suffix(".md"): tables, picture: report.plot(groups, about)})
    return tables


@contextlib.contextmanager
def alone():
    """Waits until no other run from this folder is at work: the two would spoil each other's figures, and build/."""
    folder = os.open(BENCH, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("waits for another run from this folder to end")
                fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def find_systems(options, work):
    """Says which peers are not installed."""
    found = systems.find(options, work)
    absent = [name for name, system in found.items() if system.get("missing", "").startswith(systems.NOT_INSTALLED)]
    if absent:
        say(f"not installed, and so not measured: {', '.join(absent)}; --install installs peers")
    return found


def measure(options, work):
    """Measures the chosen tasks. Returns the tables, and why emitted code has no figure: reason -> tasks."""
    with Bench(options, find_systems(options, work), work) as bench:
        lines, notes, begun = [], {}, time.monotonic()
        about = {"groups": options.groups, "notes": notes, "tolerance": TOLERANCE, "systems": bench.systems,
                 "run": systems.describe_run(options)}
        for task in options.chosen:
            more, reasons = bench.measure(task)
            lines += more
            for name, reason in reasons.items():
                notes.setdefault(name, {}).setdefault(reason, []).append(task.name)
            tables = write_results(options, lines, about)
            options.done += 1
            say(f"{options.done} of {len(options.chosen)}: {task.name}, {time.monotonic() - begun:.0f} s")
    return tables, notes.get(OURS, {})


def run(options):
    """Returns the exit status."""
    with alone(), tempfile.TemporaryDirectory(prefix="rnnc-bench-") as work:
        prepare(options)
        tables, failed = measure(options, pathlib.Path(work))
    print(tables, end="", flush=True)
    for reason, tasks in failed.items():
        say(f"emitted code has no figure for {', '.join(tasks)}: {reason}")
    return 1 if failed else 0


def interrupt(number, _):
    for other in commands.SIGNALS:  # what is left to do is short
        signal.signal(other, signal.SIG_IGN)
    raise Interrupted(number)


def end_well(work, done, faults=(), kept=lambda: ""):
    """The exit status of work(), whatever ends it, with a word about it. done() says what there is where it is interrupted, kept() where it fails."""
    for number in commands.SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    try:
        return work()
    except (Fault, *faults) as reason:
        say(reason)
        if kept():
            say(kept())
    except OSError as reason:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # takes what Python would try to write again at its end
        if not isinstance(reason, BrokenPipeError):
            say(f"{reason.strerror}: {reason.filename or 'standard output'}")
    except Interrupted as reason:
        say(f"interrupted{done()}")
        return 128 + reason.args[0]
    return 1


def main():
    options = read_options(sys.argv[1:])

    def done():
        where = f"; their results are in {options.csv} and beside it" if options.done else ", nothing was written"
        return f" after {options.done} of {len(options.chosen)} tasks{where}"

    def kept():
        return f"the results of {options.done} of {len(options.chosen)} tasks are in {options.csv} and beside it" if options.done else ""

    return end_well(lambda: run(options), done, kept=kept)


if __name__ == "__main__":
    sys.exit(main())

"""The command line of bench/applications.sh: networks are trained and factored (trained.py), one request is measured (latency.py), and
tables are written (applications_report.py) after each application."""
import argparse
import fnmatch
import os
import pathlib
import sys
import tempfile

import applications_report as report
import latency
import measure
import run
import systems
import trained

DESCRIPTION = """\
Trains the networks of bench/applications.txt, replaces weights by factors (`rnn factor`), and prints how good both are on data that they
have not seen, and how long a request takes, a whole sequence of one stream, beside PyTorch's modules on this machine. Training takes
hours; what is in --weights-dir is not done again."""
EPILOG = """\
Data are looked for in $RNNC_DATA, or in ../shared/data; applications without them are left out. PyTorch is that of `bench/run.sh
--install`, in $RNNC_PEERS, or in rnnc-peers in $XDG_CACHE_HOME or ~/.cache; without it, its columns are empty. Training uses as many
threads as OMP_NUM_THREADS says, or all. The C compiler is $CC (default cc). Keep other work off the machine.

Exit status: 0 done, 1 something failed, 2 the command line is wrong, 77 nothing to do without data."""


def build(text):
    folder = run.built(text)
    if not (folder / "bin/rnn").is_file():
        raise argparse.ArgumentTypeError(f"there is no file '{folder / 'bin/rnn'}'")
    return folder


def folder(text):
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"there is no folder '{text}'")
    return pathlib.Path(text).absolute()


def tables(text):
    path = pathlib.Path(os.path.realpath(text))
    if path.suffix != ".md":
        raise argparse.ArgumentTypeError(f"'{text}' does not end in .md")
    if path.exists() and not path.is_file():
        raise argparse.ArgumentTypeError(f"'{text}' is there and no file")
    if not os.access(path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"cannot write into the folder of '{text}'")
    return path


def make_parser():
    parser = argparse.ArgumentParser(run.PROGRAM, description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--only", metavar="PATTERN", default="*", help="applications whose names match, as '*_lm'")
    add("--seeds", metavar="N", type=run.count, default=5, help="networks of each, trained with the seeds 1 to N (default 5)")
    add("--weights-dir", metavar="DIR", type=run.kept, help="trained networks are kept here, and taken from here (default: a folder that is removed)")
    add("--judge-by", choices=("test", "search"), default="test", help="data that networks are judged by; those that forms are chosen by are "
        "for the choice of settings (default test)")
    add("--no-times", action="store_true", help="train, factor and judge only")
    add("--no-peers", action="store_false", dest="peers", help="measure emitted code only")
    add("--data", metavar="DIR", type=folder, help="the folder of the data")
    add("--build", metavar="DIR", type=build, default=str(run.TOP / "build"), help="rnn, rnnc and the runtime are there (default: build)")
    add("--march", metavar="MARCH", default="native", help="for which the compiler makes code that is measured (default native)")
    add("--rounds", metavar="N", type=run.count, default=5, help="each way is measured once a round, and its best counts (default 5)")
    add("--seconds", metavar="S", type=run.duration, default=0.3, help="of a way in a round (default 0.3)")
    add("--out", metavar="FILE.md", type=tables, help="the tables go here, too")
    return parser


def read_options(arguments):
    """The options, with the chosen applications; ends with status 2 if they are wrong."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    everything = trained.read_applications(measure.BENCH / "applications.txt")
    options.chosen = [application for application in everything if fnmatch.fnmatch(application.name, options.only)]
    if not options.chosen:
        parser.error(f"argument --only: no application matches '{options.only}'; there are {', '.join(one.name for one in everything)}")
    options.cc = os.environ.get("CC", "").split() or ["cc"]
    try:
        options.macros = systems.macros_of(options.cc, options.march)
    except ValueError as reason:
        parser.error(f"argument --march: {reason}")
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    options.folder = pathlib.Path(os.environ.get("RNNC_PEERS") or os.path.join(cache, "rnnc-peers")).absolute()
    options.data = options.data or pathlib.Path(os.environ.get("RNNC_DATA") or run.TOP.parent / "shared/data").absolute()
    options.project, options.processors, options.done = run.TOP, len(os.sched_getaffinity(0)), 0
    return options


def leave_out(options):
    """Applications without data are said to be skipped."""
    for application in list(options.chosen):
        source = options.data / trained.SOURCES[application.name]
        if not source.exists():
            run.say(f"skipped: {application.name}, as there is no {source}")
            options.chosen.remove(application)


def describe(options, clock):
    peer = f"PyTorch {clock.version}" if getattr(clock, "version", None) else "no PyTorch"
    return (f"{systems.cpu_name()}, {min(options.processors, 2)} threads at most; {systems.version_of(options.cc)}, -O3 -march={options.march} "
            f"-fopenmp; {peer}; the best of {options.rounds} rounds, one thread in processor time, two on the wall.")


def measure_all(options, work):
    """Prints the tables, and writes them after each application."""
    results = []
    with latency.Clock(options, work) as clock:
        if options.peers and not clock.python and not options.no_times:
            run.say("PyTorch is not installed, and so not measured; `sh bench/run.sh --install` installs it")
        for application in options.chosen:
            judged, networks = trained.make(application, options, run.say)
            value, sign = trained.METRICS[application.metric]
            ours, theirs, notes = {}, {}, {}
            if not options.no_times:
                run.say(f"{application.name}: measures")
                with run.alone():
                    ours, theirs, notes = clock.measure(application, networks)
            metric = {name: [value(one) for one in of_seeds] for name, of_seeds in judged.items()}
            results.append(report.Result(application.name, application.frames, application.metric, sign, metric["dense"], metric["longer"],
                                         metric["fast" if "fast" in metric else "low"], ours, theirs, notes))
            text = report.markdown(results, describe(options, clock), options.judge_by)
            if options.out:
                run.write_whole({options.out: text})
            options.done += 1
    print(text, end="", flush=True)


def run_in(options):
    with tempfile.TemporaryDirectory(prefix="rnnc-bench-") as work:
        leave_out(options)
        if not options.chosen:
            return 77
        options.weights_dir = options.weights_dir or pathlib.Path(work) / "weights"
        measure_all(options, pathlib.Path(work))
    return 0


def main():
    options = read_options(sys.argv[1:])

    def done():
        where = f", their tables are in {options.out}" if options.out and options.done else ""
        return f" after {options.done} of {len(options.chosen)} applications{where}"

    return run.end_well(lambda: run_in(options), done, (trained.Failed, measure.Failed))


if __name__ == "__main__":
    sys.exit(main())

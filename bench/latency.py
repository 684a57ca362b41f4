"""The time of one request of the networks of applications.txt, by emitted code in several ways and by PyTorch's modules, in turn within
each round. Before that, what is dense is compared with PyTorch on the same drawn weights and inputs; factors are as they were trained."""
import argparse
import math

import commands
import systems
from measure import TOLERANCE, Driver, Failed, empty, largest_difference
from trained import is_stored

BENCH = systems.DRIVERS.parent
FAR = 1.5  # times the fastest peer: slower ones are left out behind the first round
# Ways of emitted code: name -> (network, see trained.py, arguments of rnnc, threads). Each has one gain more than the one above it.
WAYS = {
    "frame by frame": ("dense", ["-fno-batch-frames"], 1),
    "dense": ("dense", [], 1),
    "dense, 2 threads": ("dense", [], 2),
    "rank": ("low", ["--form=*=f32"], 1),
    "rank, 2 threads": ("low", ["--form=*=f32"], 2),
    "storage": ("low", [], 1),
    "storage, 2 threads": ("low", [], 2),
    "preview": ("fast", [], 1),
    "preview, 2 threads": ("fast", [], 2),
}
PYTORCH = {  # settings: name -> (arguments of application_peer.py, threads)
    f"{name}{', 2 threads' * (threads - 1)}": (arguments, threads)
    for threads in (1, 2)
    for name, arguments in (("eager", ["eager"]), ("eager, no oneDNN", ["eager", "plain"]), ("traced", ["traced"]), ("compiled", ["compiled"]))
}


class Clock:
    """Measures applications, in a folder of its own; as a context, ends all drivers."""

    def __init__(self, options, work):
        self.options, self.work, self.drivers, self.lasting, self.missing = options, work, [], {}, {}
        processors = options.processors
        self.of_threads = {threads: argparse.Namespace(**{**vars(options), "threads": threads}) for threads in (1, 2) if threads <= processors}
        python, installed = systems.find_interpreter(options.folder)
        self.python = python if {"numpy", "torch"} <= set(installed) and options.peers else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for driver in self.drivers:
            driver.kill()

    def driver(self, command, threads, log, **variables):
        environment = {**systems.environment(self.of_threads[threads]), **variables}
        driver = Driver([str(word) for word in command], environment, self.work / f"{log}.log")
        self.drivers.append(driver)
        return driver

    def compile(self, application, program, arguments, stem):
        options = self.of_threads[max(self.of_threads)]
        if commands.run(f"{options.build}/bin/rnnc", program, "--prefix=net", *application.defines, *arguments, "-o", f"{stem}.c") != 0:
            raise Failed(f"rnnc fails on {program}")
        if not systems.compile_driver(options.cc, options, "emitted", stem, f"-I{options.project}/runtime/include", f"{stem}.c",
                                      f"{options.build}/lib/librnn_runtime.a", "-ljansson"):
            raise Failed(f"{options.cc[0]} fails on {program}")

    def emitted(self, application, networks):
        """Drivers of the ways that there are, loaded."""
        found, compiled = {}, {}
        for name, (network, arguments, threads) in WAYS.items():
            if threads not in self.of_threads or network not in networks:
                continue
            if name.startswith("storage") and not is_stored(networks["low"].program):
                continue
            made, key = networks[network], (network, *arguments)
            if key not in compiled:
                compiled[key] = self.work / f"{application.name}{len(compiled)}"
                self.compile(application, made.program, arguments, compiled[key])
            weights = {} if network == "dense" else {"BENCH_WEIGHTS": str(made.weights)}
            found[name] = self.driver([compiled[key]], threads, name.replace(" ", "-"), **weights)
            found[name].ask(self.request(application, "data" if name == "dense" else "own"))
        return found

    def peer(self, name):
        """PyTorch with these settings; one process serves all applications."""
        if name not in self.lasting:
            arguments, threads = PYTORCH[name]
            self.lasting[name] = self.driver([self.python, "-B", systems.DRIVERS / "application_peer.py", *arguments], threads,
                                             f"torch-{name}".replace(" ", "-"))
            self.version = self.lasting[name].ask("describe")
        return self.lasting[name]

    @staticmethod
    def request(application, folder):
        return f"load {folder} run {application.name} {application.units} 1 1 {application.frames}"

    def write(self, driver, folder):
        driver.ask(f"write {empty(self.work / folder).name}")

    def peers(self, application):
        """PyTorch with the settings that work, and why others do not: name -> reason."""
        found, notes = {}, {}
        for name, (_, threads) in PYTORCH.items():
            if not self.python or threads not in self.of_threads:
                continue
            try:
                driver = self.peer(name)
                driver.ask(self.request(application, "data"))
                self.write(driver, "theirs")
                difference = largest_difference(self.work / "ours", self.work / "theirs")
                if not difference <= TOLERANCE["run"]:
                    raise Failed(f"result differs by {difference:.2g}")
                found[name] = driver
            except Failed as reason:
                notes[f"PyTorch {name}"] = str(reason)
                self.lasting.pop(name).kill()
        return found, notes

    def check(self, ours):
        """All ways of the dense network give the same."""
        for name in set(ours) & {"frame by frame", "dense, 2 threads"}:
            self.write(ours[name], "theirs")
            difference = largest_difference(self.work / "ours", self.work / "theirs")
            if not difference <= TOLERANCE["run"]:
                raise Failed(f"{name} differs by {difference:.2g} from dense")

    def measure(self, application, networks):
        """(way or setting -> milliseconds a request, the best of the rounds; the same of PyTorch; notes: name -> reason)."""
        for folder in ("data", "own"):
            empty(self.work / folder)
        ours = self.emitted(application, networks)
        self.write(ours["dense"], "ours")
        self.check(ours)
        theirs, notes = self.peers(application)
        best = {driver: math.inf for driver in (*ours.values(), *theirs.values())}
        for turn in range(self.options.rounds):
            fastest = min((best[driver] for driver in theirs.values()), default=math.inf)
            for driver in (*ours.values(), *theirs.values()):
                if turn == 0 or driver in ours.values() or best[driver] <= FAR * fastest:
                    us = float(driver.ask(f"time {self.options.seconds}"))
                    best[driver] = min(best[driver], us * application.frames / 1000)
        for driver in ours.values():
            driver.close()
        return ({name: best[driver] for name, driver in ours.items()}, {name: best[driver] for name, driver in theirs.items()}, notes)

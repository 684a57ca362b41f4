"""Measures the tasks of tasks.txt: emitted code and its peers in turn within each round, after their results have been compared.
Writes a CSV, a line for each round of each system, and what the report names beside it as JSON. See run.sh."""
import argparse
import array
import csv
import dataclasses
import fnmatch
import itertools
import json
import math
import os
import pathlib
import subprocess
import sys
import time

import systems

BENCH = pathlib.Path(__file__).resolve().parent
TOLERANCE = {"run": 1e-4, "step": 1e-4, "train": 1e-3}  # of the largest magnitude among a result's numbers
COMPARED_MOST = 1_000_000  # numbers of a result, evenly spread
FAR = 1.5  # times the fastest peer: slower ones are left out behind the first round
OURS = "rnnc"


@dataclasses.dataclass(frozen=True)
class Task:
    group: str
    call: str
    net: str
    units: int
    layers: int
    streams: int
    frames: int
    quick: bool

    @property
    def name(self):
        layers = f" x {self.layers} layers" if self.layers > 1 else ""
        streams = f", {self.streams} streams" if self.streams > 1 else ""
        return f"{self.call} {self.net} {self.units}{layers}{streams}"

    def request(self, folder):
        return f"load {folder} {self.call} {self.net} {self.units} {self.layers} {self.streams} {self.frames}"


def read_tasks(path):
    """(groups: name -> least, mean, systems, title; tasks)."""
    groups, tasks = {}, []
    for line in open(path):
        line = line.split("#")[0].strip()
        if line.startswith("group "):
            name, least, mean, systems, title = (part.strip() for part in line[len("group ") :].split("|"))
            groups[name] = {"least": float(least), "mean": float(mean), "systems": systems.split(), "title": title}
        elif line:
            call, nets, *numbers = line.split()
            quick = numbers[4:] == ["quick"]
            lists = [nets.split(",")] + [list(map(int, number.split(","))) for number in numbers[:4]]
            tasks += [Task(name, call, *choice, quick) for choice in itertools.product(*lists)]
    return groups, tasks


class Failed(Exception):
    """A system that ended or has no such task; the text says why."""


class Driver:
    """A process that answers requests, see drivers/driver.h."""

    def __init__(self, command, environment, log):
        self.log = log
        self.process = subprocess.Popen(command, env={**os.environ, **environment}, text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(log, "w"))

    def ask(self, request):
        try:
            self.process.stdin.write(request + "\n")
            answer = self.process.stdout.readline().strip()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.process.wait()
            said = pathlib.Path(self.log).read_text().strip().splitlines()
            raise Failed(said[-1][:200] if said else f"ended with status {self.process.returncode}")
        if answer.startswith("no "):
            raise Failed(answer[3:])
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def largest_difference(ours, theirs):
    """The largest difference between the results in two folders, as a part of the largest magnitude of each."""
    largest = 0.0
    for path in sorted(ours.iterdir()):
        other = theirs / path.name
        if not other.exists():
            raise Failed(f"gave no {path.stem}")
        a, b = (array.array("f", file.read_bytes()) for file in (path, other))
        if len(a) != len(b):
            raise Failed(f"gave {len(b)} numbers of {path.stem} in place of {len(a)}")
        stride = len(a) // COMPARED_MOST + 1
        scale = max(map(abs, a))
        difference = max(abs(x - y) for x, y in zip(a[::stride], b[::stride]))
        if not math.isfinite(sum(b)):
            return math.inf
        largest = max(largest, difference / scale if scale else difference)
    return largest


def empty(folder):
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    return folder


class Bench:
    def __init__(self, options, systems):
        self.options, self.work = options, pathlib.Path(options.work)
        self.systems = systems  # see systems.py
        self.lasting, self.programs = {}, {}

    def systems_of(self, group):
        """The peers of a group, and an earlier version of ours in each."""
        return [name for name, system in self.systems.items() if name in group["systems"] or (name == "base" and "project" in system)]

    def emitted(self, task, system):
        """The program of a task's network, made by the rnnc of a project."""
        project, build = system["project"], system["build"]
        key = project, system.get("cc"), task.net, task.units, task.layers, task.call == "train"
        if key not in self.programs:
            stem = self.work / f"net{len(self.programs)}"
            layers = ["-D", f"layers={task.layers}"] if task.net in ("lstm", "gru") else []
            train = ["--train"] if task.call == "train" else []
            subprocess.run([f"{build}/bin/rnnc", *train, f"{BENCH}/nets/{task.net}.rnn", "--prefix=net",
                            "-D", f"n={task.units}", *layers, "-o", f"{stem}.c"], check=True)
            systems.compile_driver(self.options, "emitted", str(stem), f"-I{project}/runtime/include", f"{stem}.c",
                                   f"{build}/lib/librnn_runtime.a", "-ljansson", cc=system.get("cc"))
            self.programs[key] = str(stem)
        return self.programs[key]

    def start(self, name, task):
        """A driver for a task. Those of Python serve all tasks, as they are slow to start."""
        system = self.systems[name]
        if "missing" in system:
            raise Failed(system["missing"])
        if name in self.lasting:
            return self.lasting[name]
        command = system.get("command") or [self.emitted(task, system)]
        driver = Driver(systems.pinned(self.options, command), system["environment"], self.work / f"{name}.log")
        if "version" not in system:
            system["version"] = driver.ask("describe")
        if system.get("lasting"):
            self.lasting[name] = driver
        return driver

    def stop(self, name, driver):
        if self.lasting.get(name) is not driver:
            driver.close()
        elif driver.process.poll() is not None:
            del self.lasting[name]

    def prepare(self, name, task, folder):
        """A driver with the task loaded and its result in folder."""
        driver = self.start(name, task)
        try:
            driver.ask(task.request(self.work / "data" if name != "base" else empty(self.work / "base-data")))
            driver.ask(f"write {empty(folder)}")
        except Failed:
            self.stop(name, driver)
            raise
        return driver

    def compare(self, name, task):
        """A driver whose result agrees with ours."""
        driver = self.prepare(name, task, self.work / "theirs")
        try:
            difference = largest_difference(self.work / "ours", self.work / "theirs")
            if not difference <= TOLERANCE[task.call]:
                raise Failed(f"result differs by {difference:.2g}")
        except Failed:
            self.stop(name, driver)
            raise
        return driver, difference

    def near(self, drivers, lines):
        """The systems that go on behind the first round: ours, an earlier version, and the peers that may be the fastest."""
        first = {name: us for _, _, name, turn, us, _ in lines if turn == 1 and name in drivers}
        fastest = min((us for name, us in first.items() if name not in (OURS, "base")), default=0)
        return [name for name in drivers if name in (OURS, "base") or first[name] <= FAR * fastest]

    def measure(self, task, names):
        """Lines of the CSV for a task, and why systems have none: name -> reason."""
        empty(self.work / "data")
        drivers, notes, lines, differences = {}, {}, [], {}
        try:
            drivers[OURS] = self.prepare(OURS, task, self.work / "ours")
        except (Failed, subprocess.CalledProcessError) as reason:
            return [], {OURS: str(reason)[:200]}
        for name in names:
            try:
                drivers[name], differences[name] = self.compare(name, task)
            except Failed as reason:
                notes[name] = str(reason)
        for turn in range(self.options.rounds):
            for name in list(drivers) if turn == 0 else self.near(drivers, lines):
                try:
                    us = float(drivers[name].ask(f"time {self.options.seconds}"))
                    lines.append([task.group, task.name, name, turn + 1, us, differences.get(name, "")])
                except Failed as reason:
                    notes[name] = str(reason)
                    self.stop(name, drivers.pop(name))
        for name, driver in drivers.items():
            self.stop(name, driver)
        return lines, notes


def read_options():
    parser = argparse.ArgumentParser()
    for name in ("work", "project", "build", "base", "base-cc", "peers", "folder", "cc", "march", "csv", "about", "tasks"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


def main():
    options = read_options()
    groups, tasks = read_tasks(BENCH / "tasks.txt")
    chosen = [task for task in tasks if (task.quick or not options.quick)
              and (fnmatch.fnmatch(task.name, options.tasks) or fnmatch.fnmatch(task.group, options.tasks))]
    if not chosen:
        sys.exit(f"no task matches '{options.tasks}'; tasks are called as '{tasks[0].name}', groups as '{tasks[0].group}'")
    bench, notes, begun = Bench(options, systems.find(options)), {}, time.monotonic()
    with open(options.csv, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["group", "task", "system", "round", "us_per_frame", "difference"])
        for i, task in enumerate(chosen):
            lines, reasons = bench.measure(task, bench.systems_of(groups[task.group]))
            out.writerows(lines)
            file.flush()
            for name, reason in reasons.items():
                notes.setdefault(name, {}).setdefault(reason, []).append(task.name)
            print(f"{i + 1} of {len(chosen)}: {task.name}, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    for driver in bench.lasting.values():
        driver.close()
    counts = {name: sum(task.group == name for task in tasks) for name in groups}
    about = {"groups": groups, "counts": counts, "notes": notes, "tolerance": TOLERANCE,
             "systems": {name: {key: system[key] for key in ("version", "missing", "note") if key in system}
                         for name, system in bench.systems.items()}, "run": systems.describe_run(options)}
    json.dump(about, open(options.about, "w"), indent=1)
    return 1 if OURS in notes else 0


if __name__ == "__main__":
    sys.exit(main())

"""Measures tasks of tasks.txt: emitted code and its peers in turn within each round, after their results have been compared."""
import array
import contextlib
import dataclasses
import itertools
import math
import os
import pathlib
import signal
import subprocess

import commands
import systems

BENCH = pathlib.Path(__file__).resolve().parent
TOLERANCE = {"run": 1e-4, "step": 1e-4, "train": 1e-3}  # of the largest magnitude among a result's numbers
COMPARED_MOST = 1_000_000  # numbers of a result, evenly spread
FAR = 1.5  # times the fastest peer: slower ones are left out behind the first round
OURS = "rnnc"


@dataclasses.dataclass(frozen=True)
class Task:
    group: str
    systems: tuple
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


def read_tasks(path, threads):
    """(groups: name -> least, mean, systems, title, number of tasks, threads; tasks), as asked of the largest number of threads up to
    this one of which something is asked."""
    sets, asked = {}, []
    for line in pathlib.Path(path).read_text().splitlines():
        first, *fields = (part.strip() for part in line.split("#")[0].split("|"))
        kind, *words = first.split() or [""]
        if kind == "tasks":
            name, names = words[0], tuple(fields[0].split())
            sets[name] = []
        elif kind == "asked":
            asked.append((int(words[0]), *fields))
        elif kind:
            nets, *numbers = words
            quick = numbers[4:] == ["quick"]
            lists = [nets.split(",")] + [list(map(int, number.split(","))) for number in numbers[:4]]
            sets[name] += [Task("", names, kind, *choice, quick) for choice in itertools.product(*lists)]
    threads, groups, tasks = max(row[0] for row in asked if row[0] <= threads), {}, []
    for _, name, members, least, mean, title in (row for row in asked if row[0] == threads):
        found = [dataclasses.replace(task, group=name) for member in members.split() for task in sets[member]]
        systems = list(dict.fromkeys(system for task in found for system in task.systems))
        groups[name] = {"least": float(least), "mean": float(mean), "systems": systems, "title": title, "tasks": len(found), "threads": threads}
        tasks += found
    return groups, tasks


class Failed(Exception):
    """A system that ended or has no such task; the text says why."""


class Driver:
    """A process that answers requests, see drivers/driver.h."""

    def __init__(self, command, environment, log):
        self.log = log
        with open(log, "w") as errors:
            # Works in the folder of its log, so that requests name folders without spaces; a terminal's signals do not reach it.
            self.process = subprocess.Popen(command, env={**os.environ, **environment}, text=True, bufsize=1, cwd=log.parent,
                                            start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)

    def ask(self, request):
        try:
            self.process.stdin.write(request + "\n")
            answer = self.process.stdout.readline().strip()
        except BrokenPipeError:
            answer = ""
        if not answer:
            status = self.process.wait()
            said = self.log.read_text(errors="replace").strip().splitlines()
            raise Failed(said[-1][:200] if said else f"ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}")
        if answer.startswith("no "):
            raise Failed(answer[3:])
        return answer

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()

    def kill(self):
        """Ends it, and what it started, whatever it does."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
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
        if not math.isfinite(sum(a) + sum(b)):
            raise Failed(f"{path.stem} is not finite")
        stride = len(a) // COMPARED_MOST + 1
        scale = max(map(abs, a))
        difference = max(abs(x - y) for x, y in zip(a[::stride], b[::stride]))
        largest = max(largest, difference / scale if scale else difference)
    return largest


def empty(folder):
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    return folder


class Bench:
    """Measures tasks, in a folder of its own; as a context, ends all drivers."""

    def __init__(self, options, systems, work):
        self.options, self.systems, self.work = options, systems, work  # see systems.py
        self.drivers, self.lasting, self.programs = [], {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for driver in self.drivers:
            driver.kill()

    def systems_of(self, task):
        """The peers of a task, and what else of ours is there."""
        return [name for name, system in self.systems.items() if name in task.systems or (name != OURS and "project" in system)]

    def emitted(self, task, system):
        """The program of a task's network, made by the rnnc of a project."""
        project, build = system["project"], system["build"]
        key = project, *system["cc"], task.net, task.units, task.layers, task.call == "train"
        if key not in self.programs:
            stem = self.work / f"net{len(self.programs)}"
            layers = ["-D", f"layers={task.layers}"] if task.net in ("lstm", "gru") else []
            train = ["--train"] if task.call == "train" else []
            if commands.run(f"{build}/bin/rnnc", *train, f"{BENCH}/nets/{task.net}.rnn", "--prefix=net",
                            "-D", f"n={task.units}", *layers, "-o", f"{stem}.c") != 0:
                raise Failed(f"rnnc fails on {task.net}.rnn")
            if not systems.compile_driver(system["cc"], self.options, "emitted", stem, f"-I{project}/runtime/include", f"{stem}.c",
                                          f"{build}/lib/librnn_runtime.a", "-ljansson"):
                raise Failed(f"{os.path.basename(system['cc'][0])} fails on {task.net}.rnn")
            self.programs[key] = stem
        return self.programs[key]

    def start(self, name, task):
        """A driver for a task. Those of Python serve all tasks, as they are slow to start."""
        system = self.systems[name]
        if "missing" in system:
            raise Failed(system["missing"])
        if name in self.lasting:
            return self.lasting[name]
        command = system.get("command") or [self.emitted(task, system)]
        driver = Driver(command, system["environment"], self.work / f"{name}.log")
        self.drivers.append(driver)
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
        writes = "project" in self.systems[name] and name != OURS
        try:
            driver.ask(task.request(empty(self.work / "own").name if writes else "data"))
            driver.ask(f"write {empty(folder).name}")
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
        """The systems that go on behind the first round: ours, and the peers that may be the fastest."""
        first = {name: us for _, _, name, turn, us, _ in lines if turn == 1 and name in drivers}
        fastest = min((us for name, us in first.items() if name not in systems.OWN), default=0)
        return [name for name in drivers if name in systems.OWN or first[name] <= FAR * fastest]

    def measure(self, task):
        """Lines of the CSV for a task, and why systems have none: name -> reason."""
        empty(self.work / "data")
        drivers, notes, lines, differences = {}, {}, [], {}
        try:
            drivers[OURS] = self.prepare(OURS, task, self.work / "ours")
        except Failed as reason:
            return [], {OURS: str(reason)}
        for name in self.systems_of(task):
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

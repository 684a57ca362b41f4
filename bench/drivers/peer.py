"""What driver.h describes, for systems with a Python interface: serve() with a function that loads a task."""
import os
import statistics
import sys
import time

import numpy as np

SAMPLE_LEAST = 50e-6  # seconds: shorter calls are measured several at a time
now = time.perf_counter if os.environ.get("BENCH_CLOCK") == "wall" else time.process_time
threads = int(os.environ.get("BENCH_THREADS", "1"))


# Cells that are written out for PyTorch and JAX: name -> gates whose input products are one, gates of one recurrent product (U),
# number of states
CELLS = {
    "mgu": ("fk", "", 1),
    "gru_before": ("rzk", "rz", 1),
    "peephole": ("ifgo", "ifgo", 2),
    "highway": ("ht", "", 1),
    "sru": ("cfr", "", 1),
    "mingru": ("zk", "", 1),
}


class Unknown(Exception):
    """The system has no such task; the text says why."""


class Task:
    def __init__(self, words):
        self.folder, self.call, self.net = words[:3]
        self.units, self.layers, self.streams, self.frames = map(int, words[3:])

    def numbers(self, name, *shape):
        """A file of the task's folder."""
        for ending, kind in ((".f32", np.float32), (".i32", np.int32)):
            path = os.path.join(self.folder, name + ending)
            if os.path.exists(path):
                return np.fromfile(path, kind).reshape(shape)
        raise Unknown(f"no file of {name}")

    def sequence(self, name):
        """An input or target: [frames, streams, units], or [frames, streams] for ids."""
        numbers = self.numbers(name, -1)
        columns = self.frames * self.streams
        return numbers.reshape((self.frames, self.streams) + ((-1,) if numbers.size > columns else ()))

    def parameters(self, below=""):
        """Name behind `below` -> numbers, square matrices and vectors of a cell."""
        found = {}
        for file in sorted(os.listdir(self.folder)):
            name = file.rsplit(".", 1)[0]
            if not name.startswith(below) or name in ("x", "y", "h", "scores"):
                continue
            numbers = self.numbers(name, -1)
            found[name[len(below) :]] = numbers if numbers.size < self.units * self.units else numbers.reshape(-1, self.units)
        return found


class Loaded:
    """A task that is ready: call(frame) computes, and results() gives name -> numbers of the calls since reset()."""

    def reset(self):
        pass

    def call(self, frame):
        raise NotImplementedError

    def results(self):
        raise NotImplementedError


def measure(task, loaded, seconds):
    """The median, in microseconds a frame."""
    frame = 0

    def sample(calls):
        nonlocal frame
        begun = now()
        for _ in range(calls):
            loaded.call(frame)
            frame = (frame + 1) % task.frames if task.call == "step" else 0
        return now() - begun

    calls = 1
    while sample(calls) < SAMPLE_LEAST:
        calls *= 2
    samples, begun = [], now()
    while now() - begun < seconds or len(samples) < 5:
        samples.append(sample(calls) / calls)
    return statistics.median(samples) / (1 if task.call == "step" else task.frames) * 1e6


def serve(describe, load):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    task = loaded = None
    for line in sys.stdin:
        request, *words = line.split()
        if request == "describe":
            answer = describe
        elif request == "load":
            loaded = None
            task = Task(words)
            try:
                loaded, answer = load(task), "ready"
            except Unknown as reason:
                answer = f"no {reason}"
        elif request == "write":
            loaded.reset()
            for frame in range(task.frames if task.call == "step" else 1):
                loaded.call(frame)
            for name, numbers in loaded.results().items():
                np.ascontiguousarray(numbers, np.float32).tofile(os.path.join(words[0], name + ".f32"))
            answer = "ready"
        else:
            answer = f"{measure(task, loaded, float(words[0])):.5f}"
        print(answer, file=answers, flush=True)

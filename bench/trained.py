"""Networks of applications.txt with trained weights: data, training, factoring and judging, by `rnn`. All that a step makes is kept in a
folder, and a step whose result is there is not done again:

    data/NAME-{train,search,test}...        what is learned from, what forms are chosen by, and what is judged by
    NAME/SEED/dense.safetensors             trained
    NAME/SEED/low/                          of `rnn factor`
    NAME/SEED/low.safetensors               its factors, trained further
    NAME/SEED/{dense,low}.txt               what `rnn eval` says on the test data
"""
import collections
import dataclasses
import gzip
import importlib
import json
import math
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

import commands

TOP = pathlib.Path(__file__).resolve().parent.parent
SEARCHED = 10  # one of so many training sequences, or of a text its last such part, is not learned from but to choose forms by
SEARCH_MOST = {"char_lm": 20_000, "word_lm": 5_000}  # frames of a text for that
TEST_MOST = 60_000  # frames of a text that networks are judged by

sys.path.insert(0, str(TOP / "scripts"))
prepare = importlib.import_module("prepare-data")


class Failed(Exception):
    """A step that did not succeed; what it says stands on standard error."""


@dataclasses.dataclass(frozen=True)
class Application:
    name: str
    program: pathlib.Path
    units: int
    frames: int
    metric: str
    tolerance: str
    training: tuple
    tuning: tuple

    @property
    def defines(self):
        return ["-D", f"n={self.units}"]


def read_applications(path):
    applications = []
    for line in pathlib.Path(path).read_text().splitlines():
        fields = [field.strip() for field in line.split("#")[0].split("|")]
        if len(fields) == 8:
            name, program, units, frames, metric, tolerance, training, tuning = fields
            applications.append(Application(name, TOP / f"examples/{program}.rnn", int(units), int(frames), metric, tolerance,
                                            tuple(training.split()), tuple(tuning.split())))
    return applications


# ---- data ----


SOURCES = {"char_lm": "text/tinyshakespeare", "word_lm": "text/wikitext-2", "digits": "mnist10k",
           "sentence_polarity": "sentiment/sentence_polarity", "babi_qa1": "babi", "tagging": "tagging/wnut17"}


def characters(source):
    """The usual parts of tinyshakespeare: 90 % to learn from, 5 % to choose by, 5 % to judge by."""
    with gzip.open(source / SOURCES["char_lm"] / "input.txt.gz", "rt", newline="") as file:
        text = file.read()
    train, search = len(text) * 90 // 100, len(text) * 95 // 100
    return text[:train], text[train:search][: SEARCH_MOST["char_lm"]], text[search:][:TEST_MOST]


def series(sequence, begin, end):
    return [prepare.Sequence(sequence.frames[begin:end], sequence.target[begin:end])]


def sequences(name, source):
    """The three parts of what scripts/prepare-data.py makes."""
    (train, names), (test, _) = (getattr(prepare, name)(str(source), part) for part in ("train", "test"))
    if len(train) == 1:
        cut = len(train[0].frames) * (SEARCHED - 1) // SEARCHED
        return (series(train[0], 0, cut), series(train[0], cut, cut + SEARCH_MOST[name]), series(test[0], 0, TEST_MOST)), names
    train = prepare.shuffled(train)
    cut = len(train) // SEARCHED
    return (train[cut:], train[:cut], test), names


def data_of(name, folder, source):
    """The three files of an application."""
    ending = "txt" if name == "char_lm" else "safetensors"
    files = [folder / f"data/{name}-{part}.{ending}" for part in ("train", "search", "test")]
    if all(file.exists() for file in files):
        return files
    files[0].parent.mkdir(parents=True, exist_ok=True)
    if name == "char_lm":
        for file, text in zip(files, characters(source)):
            part = file.with_suffix(".part")
            part.write_text(text, newline="")
            part.replace(file)
    else:
        parts, names = sequences(name, source)
        for file, part in zip(files, parts):
            prepare.write_sequences(str(file), part, names)
    return files


# ---- networks ----


Judged = collections.namedtuple("Judged", "loss accuracy")


def read_judgement(text):
    """What `rnn eval` prints: the loss, and the accuracy in %, or None."""
    loss, accuracy = (re.search(pattern, text, re.MULTILINE) for pattern in (r"^loss ([-+.0-9e]+)", r"accuracy of \S+: ([.0-9]+) %"))
    if not loss:
        raise Failed(f"`rnn eval` says no loss: {text.strip()[:200]}")
    return Judged(float(loss[1]), float(accuracy[1]) if accuracy else None)


def forms_of(weights):
    """NAME=FORM of each parameter that a weights file keeps as factors."""
    with open(weights, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        shapes = {name: tensor["shape"] for name, tensor in json.loads(file.read(size)).items() if name != "__metadata__"}
    return [f"{name[:-2]}={'cp' if name[:-2] + '.C' in shapes else 'svd'}:{shape[1]}" for name, shape in sorted(shapes.items())
            if name.endswith(".A") and name[:-2] + ".B" in shapes]


class Network:
    """An application's network with one seed, in the folder of kept weights."""

    def __init__(self, application, seed, options, say):
        self.application, self.seed, self.options, self.say = application, seed, options, say
        self.folder = options.weights_dir / application.name / str(seed)
        self.train, self.search, self.test = data_of(application.name, options.weights_dir, options.data)
        self.dense, self.low, self.tuned = (self.folder / name for name in ("dense.safetensors", "low", "low.safetensors"))
        self.folder.mkdir(parents=True, exist_ok=True)

    def rnn(self, command, program, *arguments, **how):
        self.say(f"{self.application.name}, seed {self.seed}: rnn {command}")
        words = [f"{self.options.build}/bin/rnn", command, program, *self.application.defines, *arguments]
        if commands.run(*words, **{"stdout": sys.stderr, **how}) != 0:
            raise Failed(f"`rnn {command}` fails for {self.application.name} with seed {self.seed}, see above")

    def learn(self, program, out, *arguments):
        """Training that goes on where it was interrupted; the weights appear when it is done."""
        if out.exists():
            return
        part, checkpoint = out.with_suffix(".part.safetensors"), out.with_suffix(".checkpoint")
        self.rnn("train", program, "--data", self.train, "--seed", str(self.seed), "--quiet", "--checkpoint", checkpoint, "--resume",
                 "--out", part, *arguments)
        os.replace(part, out)
        checkpoint.unlink(missing_ok=True)

    def judge(self, program, weights, out):
        if not out.exists():
            part = out.with_suffix(".part")
            with open(part, "w") as file:
                self.rnn("eval", program, "--data", self.test, "--weights", weights, stdout=file)
            os.replace(part, out)
        return read_judgement(out.read_text())

    def factor(self, first):
        """By search for the first seed; the same forms for the others."""
        if self.low.exists():
            return
        application, part = self.application, self.folder / "low.part"
        shutil.rmtree(part, ignore_errors=True)
        if self is first:
            how = ["--data", self.search, "--metric", application.metric, "--tolerance", application.tolerance, "--threads", "1",
                   "--frames", str(application.frames)]
        else:
            how = [word for form in forms_of(first.low / "weights.safetensors") for word in ("--form", form)]
        if how:
            self.rnn("factor", application.program, "--weights", self.dense, *how, "--out", part)
        else:  # the search left it dense
            part.mkdir()
            shutil.copy(self.dense, part / "weights.safetensors")
        if self is not first:
            shutil.copy(first.low_program, part)
        os.replace(part, self.low)

    @property
    def low_program(self):
        return self.low / self.application.program.name

    def make(self, first):
        """Returns how good it is on the test data: dense, low."""
        application = self.application
        self.learn(application.program, self.dense, *application.training)
        self.factor(first or self)
        self.learn(self.low_program, self.tuned, "--weights", self.low / "weights.safetensors", *application.tuning)
        return (self.judge(application.program, self.dense, self.folder / "dense.txt"),
                self.judge(self.low_program, self.tuned, self.folder / "low.txt"))


def make(application, options, say):
    """The networks of all seeds: Judged of dense and low, and the program with forms."""
    networks = [Network(application, seed + 1, options, say) for seed in range(options.seeds)]
    return [network.make(networks[0]) for network in networks], networks[0].low_program


def is_stored(program):
    """True if a program keeps parameters in fewer bits than the network computes in."""
    code = re.sub(r"#.*", "", program.read_text())
    return any(re.search(r"\b(f16|bf16|int8)\b", line) for line in code.splitlines() if re.search(r"\bparam\b", line))


METRICS = {  # of `rnn factor` -> its number from what `rnn eval` says, 1 if larger is better
    "bpc": (lambda judged: judged.loss / math.log(2), -1),
    "loss": (lambda judged: judged.loss, -1),
    "accuracy": (lambda judged: judged.accuracy, 1),
}

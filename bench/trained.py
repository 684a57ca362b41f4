"""Networks of applications.txt with trained weights: data, training, factoring and judging, by `rnn`. All that a step makes is kept in a
folder, and a step whose result is there is not done again:

    data/NAME-{train,search,test}...        what is learned from, what forms are chosen by, and what is judged by
    NAME/SEED/dense.safetensors             trained
    NAME/SEED/longer.safetensors            the same, trained further as the factors are: what factors are compared with
    NAME/1/found/                           of `rnn factor`, which searches for forms; the other seeds have the same
    NAME/1/found.tried/                     what the search has judged, for another one with another tolerance
    NAME/SEED/low/                          dense.safetensors in these forms
    NAME/SEED/low.safetensors               its factors, trained further
    NAME/SEED/fast/                         these with a preview of the output, where applications.txt has one
    NAME/SEED/{dense,longer,low,fast}.txt   how good they are on the test data; .search.txt on those that forms are chosen by
"""
import collections
import dataclasses
import gzip
import importlib
import math
import os
import pathlib
import re
import shutil
import sys
import tempfile

import commands

BENCH = pathlib.Path(__file__).resolve().parent
TOP = BENCH.parent
SEARCHED = 10  # one of so many training sequences, or of a text its last such part, is not learned from but to choose forms by
SEARCH_MOST = {"char_lm": 5_000, "word_lm": 2_000}  # frames of a text for that
TRAIN_MOST = {"char_lm": 120_000, "word_lm": 20_000}  # frames of a text that networks learn from
TEST_MOST = {"char_lm": 30_000, "word_lm": 10_000}  # frames of a text that networks are judged by

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
    output: str  # NAME=svd:RANK:preview=COLUMNS:refine=UNITS, or ""

    @property
    def defines(self):
        return ["-D", f"n={self.units}"]


def read_applications(path):
    applications = []
    for line in pathlib.Path(path).read_text().splitlines():
        fields = [field.strip() for field in line.split("#")[0].split("|")]
        if len(fields) == 9:
            name, program, units, frames, metric, tolerance, training, tuning, output = fields
            applications.append(Application(name, TOP / f"examples/{program}.rnn", int(units), int(frames), metric, tolerance,
                                            tuple(training.split()), tuple(tuning.split()), output.strip("-")))
    return applications


# ---- data ----


SOURCES = {"char_lm": "text/tinyshakespeare", "word_lm": "text/wikitext-2", "digits": "mnist10k",
           "sentence_polarity": "sentiment/sentence_polarity", "babi_qa1": "babi", "tagging": "tagging/wnut17"}


def characters(source):
    """Of the usual parts of tinyshakespeare, 90 % to learn from, 5 % to choose by, 5 % to judge by, the beginnings."""
    with gzip.open(source / SOURCES["char_lm"] / "input.txt.gz", "rt", newline="") as file:
        text = file.read()
    train, search = len(text) * 90 // 100, len(text) * 95 // 100
    return text[:train][: TRAIN_MOST["char_lm"]], text[train:search][: SEARCH_MOST["char_lm"]], text[search:][: TEST_MOST["char_lm"]]


def series(sequence, begin, end):
    return [prepare.Sequence(sequence.frames[begin:end], sequence.target[begin:end])]


def sequences(name, source):
    """The three parts of what scripts/prepare-data.py makes."""
    (train, names), (test, _) = (getattr(prepare, name)(str(source), part) for part in ("train", "test"))
    if len(train) == 1:
        cut = len(train[0].frames) * (SEARCHED - 1) // SEARCHED
        return (series(train[0], 0, min(cut, TRAIN_MOST[name])), series(train[0], cut, cut + SEARCH_MOST[name]),
                series(test[0], 0, TEST_MOST[name])), names
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


def forms_of(report):
    """NAME=FORM of each parameter in the table that `rnn factor` reports."""
    rows = re.findall(r"^(\S+) +\[[\d, ]+\] +(?:(svd|cp)\((\d+)\) ?)?(f16|bf16|int8)? ", report, re.MULTILINE)
    return {name: ",".join(filter(None, (form and f"{form}:{rank}", storage))) for name, form, rank, storage in rows if form or storage}


Made = collections.namedtuple("Made", "program weights")  # files of a network


class Network:
    """An application's network with one seed, in the folder of kept weights."""

    def __init__(self, application, seed, options, say):
        self.application, self.seed, self.options, self.say = application, seed, options, say
        self.folder = options.weights_dir / application.name / str(seed)
        parts = data_of(application.name, options.weights_dir, options.data)
        self.train, self.search = parts[:2]
        self.judged, self.ending = (parts[2], ".txt") if options.judge_by == "test" else (parts[1], ".search.txt")
        self.dense, self.longer, self.tuned = (self.folder / f"{name}.safetensors" for name in ("dense", "longer", "low"))
        self.found, self.low, self.fast = (self.folder / name for name in ("found", "low", "fast"))
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

    def factor(self, out, program, weights, *how):
        """`rnn factor` into a folder that appears when it is done."""
        if out.exists():
            return
        part = out.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        if how:
            self.rnn("factor", program, "--weights", weights, *how, "--out", part)
        else:  # there is nothing to be factored
            part.mkdir()
            shutil.copy(program, part)
            shutil.copy(weights, part / "weights.safetensors")
        os.replace(part, out)

    def find_forms(self):
        """Those of `rnn factor`'s search, NAME=FORM, but for the output where that has a preview of its own."""
        application = self.application
        if not self.low.exists():
            self.factor(self.found, application.program, self.dense, "--data", self.search, "--metric", application.metric, "--tolerance",
                        application.tolerance, "--threads", "1", "--frames", str(application.frames), "--checkpoint",
                        self.found.with_suffix(".tried"), "--resume")
        report = (self.found if self.found.exists() else self.low) / "report.txt"
        forms = forms_of(report.read_text()) if report.exists() else {}
        forms.pop(application.output.split("=")[0], None)
        return [f"{name}={form}" for name, form in forms.items()]

    def check_output(self):
        """Refuses kept factors of an output that is to have a preview: `rnn factor` takes dense matrices."""
        report, name = self.low / "report.txt", self.application.output.split("=")[0]
        if not self.fast.exists() and report.exists() and name in forms_of(report.read_text()):
            raise Failed(f"the output '{name}' has a form already in {self.low}: remove that folder and {self.tuned}, and both are made again")

    def emitted(self, made, out):
        """Judges emitted code: where an output has a preview, `rnn eval` computes all of it, and emitted code does not."""
        options, self_said = self.options, f"{self.application.name}, seed {self.seed}"
        self.say(f"{self_said}: judges emitted code")
        with tempfile.TemporaryDirectory(prefix="rnnc-bench-") as work:
            if commands.run(f"{options.build}/bin/rnnc", made.program, "--prefix=net", *self.application.defines, "-o", f"{work}/net.c"):
                raise Failed(f"rnnc fails on {made.program}")
            if commands.run(*options.cc, "-O3", f"-march={options.march}", f"-I{TOP}/runtime/include", BENCH / "judge.c", f"{work}/net.c",
                            f"{options.build}/lib/librnn_runtime.a", "-ljansson", "-lm", "-o", f"{work}/judge"):
                raise Failed(f"{options.cc[0]} fails on judge.c and {made.program}")
            if commands.run(f"{work}/judge", made.weights, self.judged, stdout=out):
                raise Failed(f"{self_said} cannot be judged, see above")

    def judge(self, name, made):
        """How good it is on the data that it is judged by; on one long text as one stream, as emitted code is."""
        out = self.folder / f"{name}{self.ending}"
        if not out.exists():
            part = out.with_suffix(".part")
            with open(part, "w") as file:
                if name == "fast":
                    self.emitted(made, file)
                else:
                    streams = ["--streams", "1"] if self.application.output else []
                    self.rnn("eval", made.program, "--data", self.judged, "--weights", made.weights, *streams, stdout=file)
            os.replace(part, out)
        return read_judgement(out.read_text())

    def make(self, first):
        """Returns Made of dense, longer, low and fast, which may not be there: by name."""
        application, program = self.application, self.application.program
        self.learn(program, self.dense, *application.training)
        self.learn(program, self.longer, "--weights", self.dense, *application.tuning)
        forms = [word for form in first.find_forms() for word in ("--form", form)]
        self.factor(self.low, program, self.dense, *forms)
        low_program = self.low / program.name
        self.learn(low_program, self.tuned, "--weights", self.low / "weights.safetensors", *application.tuning)
        made = {"dense": Made(program, self.dense), "longer": Made(program, self.longer), "low": Made(low_program, self.tuned)}
        if application.output:
            self.check_output()
            self.factor(self.fast, low_program, self.tuned, "--form", application.output)
            made["fast"] = Made(self.fast / program.name, self.fast / "weights.safetensors")
        return made


def make(application, options, say):
    """The networks of all seeds: name -> Judged of each seed; and those of the first: name -> Made."""
    networks = [Network(application, seed + 1, options, say) for seed in range(options.seeds)]
    made = [network.make(networks[0]) for network in networks]
    judged = {name: [network.judge(name, files[name]) for network, files in zip(networks, made)] for name in made[0]}
    return judged, made[0]


def is_stored(program):
    """True if a program keeps parameters in fewer bits than the network computes in."""
    code = re.sub(r"#.*", "", program.read_text())
    return any(re.search(r"\b(f16|bf16|int8)\b", line) for line in code.splitlines() if re.search(r"\bparam\b", line))


METRICS = {  # of `rnn factor` -> its number from what `rnn eval` says, 1 if larger is better
    "bpc": (lambda judged: judged.loss / math.log(2), -1),
    "loss": (lambda judged: judged.loss, -1),
    "accuracy": (lambda judged: judged.accuracy, 1),
}

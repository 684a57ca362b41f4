"""Tests of bench/run.sh: its smallest task, measured for a moment and without peers, gives figures, tables and a plot; what is wrong is
said before anything is done; and a run that is ended leaves whole results and nothing else.

    python3 test_run.py BUILD
"""
import csv
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

RUN = pathlib.Path(__file__).resolve().parent / "run.sh"
BUILD = os.path.abspath(sys.argv.pop(1))
SMALL = ("--rounds", "1", "--seconds", "0.002", "--peers", "none")


class Case(unittest.TestCase):
    """Runs the bench in an empty folder; temporary files of it are in a folder of their own, which is empty again afterwards."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.home, self.temporary = pathlib.Path(scratch.name) / "home", pathlib.Path(scratch.name) / "folder for files"
        self.home.mkdir()
        self.temporary.mkdir()
        self.environment = {**os.environ, "TMPDIR": str(self.temporary), "RNNC_PEERS": str(self.home / "peers")}

    def tearDown(self):
        self.assertEqual(list(self.temporary.iterdir()), [])

    def start(self, *arguments, build=BUILD, **options):
        command = ["sh", RUN, *(["--build", build] if build else []), *arguments]
        return subprocess.Popen(command, cwd=self.home, env=self.environment, text=True,
                                **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})

    def run_bench(self, *arguments, status=0, **options):
        """What it prints and what it says."""
        out, err = (process := self.start(*arguments, **options)).communicate(timeout=300)
        self.assertEqual(process.returncode, status, err)
        self.assertNotIn("Traceback", err)
        return out or "", err

    def files(self):
        return sorted(path.name for path in self.home.iterdir())

    def refused(self, *arguments, says, status=2, **options):
        """Wrong arguments: said at once, and nothing is touched."""
        for name in ("bench.csv", "bench.json", "bench.md", "bench.svg"):
            (self.home / name).write_text("old")
        before = self.files()
        _, err = self.run_bench(*arguments, status=status, **options)
        self.assertIn(says, err)
        self.assertEqual(self.files(), before)
        self.assertEqual({path.read_text() for path in self.home.glob("bench.*")}, {"old"})


class Results(Case):
    def test_one_task(self):
        out, err = self.run_bench(*SMALL, "--tasks", "run lstm 16", "--csv=figures.csv")
        self.assertEqual(self.files(), ["figures.csv", "figures.md", "figures.svg"])
        lines = list(csv.DictReader((self.home / "figures.csv").read_text().splitlines()))
        self.assertEqual([(line["task"], line["system"]) for line in lines], [("run lstm 16", "rnnc")])
        self.assertGreater(float(lines[0]["us_per_frame"]), 0)
        self.assertRegex(out, r"(?m)^\| run lstm 16 \| [0-9.]+ \|")
        self.assertIn("| onednn-training | missing: not asked for |", out)
        self.assertEqual(out, (self.home / "figures.md").read_text())
        self.assertIn("</svg>", (self.home / "figures.svg").read_text())
        self.assertIn("1 of 1: run lstm 16", err)

    def test_an_earlier_version_is_beside_it(self):
        (self.home / "before").mkdir()
        (self.home / "before/build").symlink_to(BUILD)
        (self.home / "before/runtime").symlink_to(RUN.parent.parent / "runtime")
        out, _ = self.run_bench(*SMALL, "--tasks", "step gru 8", "--base", "before")
        self.assertRegex(out, r"(?m)^\| step gru 8 \| [0-9.e-]+ \| \*\*[0-9.e-]+\*\* \|")
        self.assertRegex(out, r"(?m)^\| base \| emitted code; commit ")

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "one processor")
    def test_two_threads(self):
        out, _ = self.run_bench(*SMALL, "--threads", "2", "--tasks", "step lstm 256")
        self.assertRegex(out, r"(?m)^\| step lstm 256 \|")
        self.assertIn("| one-thread / rnnc |", out)
        self.assertIn("2 threads for each system, time on the wall", out)
        self.assertIn("| one-thread | emitted code; with OMP_NUM_THREADS=1 |", out)

    def test_folders_may_have_spaces(self):
        (self.home / "my results").mkdir()
        self.run_bench(*SMALL, "--tasks", "run lstm 16", "--csv", "my results/b.csv")
        self.assertTrue((self.home / "my results/b.md").exists())

    def test_two_at_once_measure_one_after_the_other(self):
        first = self.start("--rounds", "1", "--seconds", "0.2", "--peers", "none", "--tasks", "run gru *", "--csv", "first.csv")
        self.assertIn("1 of ", first.stderr.readline())
        second = self.start(*SMALL, "--tasks", "step gru 8", "--csv", "second.csv")
        self.assertIn("waits for another run from this folder to end", second.stderr.readline())
        first.terminate()
        first.communicate(timeout=60)
        second.communicate(timeout=60)
        self.assertEqual(second.returncode, 0)

    def test_peers_that_are_not_installed_are_said_before(self):
        self.environment["RNNC_PEERS"] = str(self.home / "none")
        out, err = self.run_bench("--rounds", "1", "--seconds", "0.002", "--peers", "onednn", "--tasks", "step lstm 40")
        self.assertIn("not installed, and so not measured: onednn-inference, onednn-training; --install installs peers\n", err)
        self.assertIn("| onednn-inference | missing: not installed: ", out)

    def test_nobody_reads_the_tables(self):
        reader, writer = os.pipe()
        os.close(reader)
        _, err = self.run_bench(*SMALL, "--tasks", "run lstm 16", status=1, stdout=writer)
        os.close(writer)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertTrue((self.home / "bench.md").exists())

    def test_the_tables_do_not_fit(self):
        with open("/dev/full", "w") as full:
            _, err = self.run_bench(*SMALL, "--tasks", "run lstm 16", status=1, stdout=full)
        self.assertIn("No space left on device: standard output", err)
        self.assertTrue((self.home / "bench.md").exists())


class Refused(Case):
    def test_numbers(self):
        for option, text in (("--rounds", "0"), ("--rounds", "-1"), ("--rounds", "x"), ("--threads", "0"), ("--seconds", "0"),
                             ("--seconds", "nan"), ("--seconds", "inf"), ("--seconds", "-1"), ("--seconds", "soon"), ("--rounds", "1.5")):
            with self.subTest(option=option, text=text):
                self.refused(option, text, says=f"argument {option}: '{text}' is no number")

    def test_more_threads_than_processors(self):
        self.refused("--threads", "100000", says="argument --threads: this process may use ")

    def test_names(self):
        self.refused("--fast", says="unrecognized arguments: --fast")
        self.refused("--round", "3", says="unrecognized arguments: --round")
        self.refused("lstm", says="unrecognized arguments: lstm")
        self.refused("--peers", "torch,tensorflow", says="no peer 'tensorflow'; there are ")
        self.refused("--tasks", "no such task", says="no task matches 'no such task'; tasks are called as 'run lstm 40', groups small, ")
        self.refused("--tasks", "--quick", says="argument --tasks: expected one argument")
        self.refused("--csv", says="argument --csv: expected one argument")

    def test_folders(self):
        self.refused("--base", "nowhere", says="argument --base: there is no folder 'nowhere'")
        self.refused("--base", "", says="argument --base: there is no folder ''")
        self.refused("--base", ".", says="argument --base: there is no file './build/bin/rnnc'")
        self.refused("--base-cc", "clang", says="argument --base-cc: it compiles the code of --base DIR, which is not given")
        self.refused(build="nowhere", says="argument --build: there is no file 'nowhere/bin/rnnc'")

    def test_results(self):
        self.refused("--csv", "results", says="argument --csv: 'results' does not end in .csv")
        self.refused("--csv", "", says="does not end in .csv")
        self.refused("--csv", "/dev/full", says="argument --csv: '/dev/full' does not end in .csv")
        self.refused("--csv", "a/b.csv", says="/a/b.csv': No such file or directory")
        self.refused("--csv", "x" * 300 + ".csv", says="File name too long")
        (self.home / "full.csv").symlink_to("/dev/full")
        self.refused("--csv", "full.csv", says="argument --csv: 'full.csv' does not end in .csv")
        (self.home / "plots.svg").mkdir()
        self.refused("--csv", "plots.csv", says="plots.svg' is there and no file")

    def test_machines_and_compilers(self):
        self.refused("--march", "pentium-9", says="cc does not compile for --march pentium-9: ", status=1)
        for cc, says in (("no-such-cc -O1", "cannot run the C compiler 'no-such-cc': "), ("true", "'true' is neither gcc nor clang; $CC "),
                         ("false", "false does not compile for --march native: ended with status 1")):
            self.environment["CC"] = cc
            self.refused(says=says, status=1)

    def test_a_compiler_of_blanks_is_none(self):
        self.environment["CC"] = " "
        self.run_bench(*SMALL, "--tasks", "step gru 8")

    def test_no_python(self):
        (self.home / "bin").mkdir()
        for name in ("sh", "dirname"):
            (self.home / "bin" / name).symlink_to(shutil.which(name))
        self.environment["PATH"] = str(self.home / "bin")
        _, err = self.run_bench(status=1)
        self.assertIn("python3 is missing: apt-get install python3", err)


class Failing(Case):
    def fake_build(self, rnnc):
        """A build whose rnnc is a script."""
        folder = self.home / "fake"
        (folder / "bin").mkdir(parents=True)
        (folder / "lib").symlink_to(pathlib.Path(BUILD).resolve() / "lib")
        (folder / "bin/rnnc").write_text(f"#!/bin/sh\n{rnnc}\n")
        (folder / "bin/rnnc").chmod(0o755)
        return folder

    def test_a_build_that_failed_is_configured_again(self):
        """A folder build/ that cmake could not fill is no reason to fail again when what it lacked is there."""
        shutil.copytree(RUN.parent, self.home / "project/bench")
        (self.home / "project/build").mkdir()
        (self.home / "project/build/CMakeCache.txt").write_text("")
        (self.home / "bin").mkdir()
        (self.home / "bin/cmake").write_text('#!/bin/sh\necho "cmake $*"\nexit 1\n')
        (self.home / "bin/cmake").chmod(0o755)
        self.environment["PATH"] = f"{self.home / 'bin'}:{self.environment['PATH']}"
        result = subprocess.run(["sh", self.home / "project/bench/run.sh", *SMALL], cwd=self.home, env=self.environment, text=True,
                                capture_output=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cmake --preset release", result.stderr)
        self.assertIn("project/build, see above; `sh scripts/install-deps.sh` installs what is missing", result.stderr)

    def test_reasons_are_named(self):
        build = self.fake_build("echo no luck >&2; exit 3")
        out, err = self.run_bench(*SMALL, "--tasks", "run gru *4", build=build, status=1)
        self.assertIn("no luck", err)
        self.assertIn("emitted code has no figure for run gru 64, run gru 1024: rnnc fails on gru.rnn", err)
        self.assertIn("No figure of rnnc for run gru 64, run gru 1024: rnnc fails on gru.rnn.", out)

    def test_an_earlier_version_that_fails_is_named(self):
        folder = self.fake_build("exit 3")
        (self.home / "before").mkdir()
        (self.home / "before/build").symlink_to(folder)
        out, _ = self.run_bench(*SMALL, "--tasks", "step gru 8", "--base", "before")
        self.assertIn("No figure of base for step gru 8: rnnc fails on gru.rnn.", out)

    def interrupt(self, number, say):
        """Ends a run with a signal when it says something; returns what it said behind."""
        process = self.start("--rounds", "1", "--seconds", "0.2", "--peers", "none", "--tasks", "run gru *")
        begun = time.monotonic()
        line = process.stderr.readline()
        self.assertIn(say, line)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        self.assertLess(time.monotonic() - begun, 60)
        self.assertNotIn("Traceback", err)
        self.assertEqual(process.returncode, 128 + number)
        return err

    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                err = self.interrupt(number, "1 of ")
                self.assertRegex(err, r"interrupted after \d of \d+ tasks; their results are in ")
                self.assertEqual(self.files(), ["bench.csv", "bench.md", "bench.svg"])
                self.assertIn("| run gru 64 |", (self.home / "bench.md").read_text())
                self.assertIn("</svg>", (self.home / "bench.svg").read_text())
                self.assertEqual(list(self.temporary.iterdir()), [])

    def test_a_signal_ends_what_compilers_have_started(self):
        """They are told to end, so that they can remove their files; what they have started goes too."""
        process = self.start(*SMALL, "--tasks", "run gru 64",
                             build=self.fake_build("trap 'echo told >&2; exit 1' TERM; sleep 60 & echo here >&2; wait"))
        self.assertIn("here", process.stderr.readline())
        process.terminate()
        self.assertIn("told", process.communicate(timeout=30)[1])  # sleep would hold standard error

    def test_a_signal_before_the_first_result(self):
        (self.home / "bench.md").write_text("old")
        process = self.start(*SMALL, "--tasks", "run gru 64", build=self.fake_build("echo here >&2; exec sleep 60"))
        self.assertIn("here", process.stderr.readline())
        process.terminate()
        self.assertIn("interrupted after 0 of 1 tasks, nothing was written", process.communicate(timeout=30)[1])
        self.assertEqual((self.home / "bench.md").read_text(), "old")


if __name__ == "__main__":
    unittest.main()

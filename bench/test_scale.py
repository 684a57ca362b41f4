"""rnn_scale and bench/scale.sh: what is simulated is what costs and links say, and the training that is simulated is the real one.
python3 test_scale.py BUILD"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import scale
import scale_report as report

BENCH = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
SCALE = BUILD / "bin/rnn_scale"
BYTES, LATENCY = 1e9, 1e-5  # of a link, each way and a second; of each of the two on the way from one machine to another
PLATFORM = f"""<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <zone id="world" routing="Full">
    <cluster id="machines" prefix="node-" suffix="" radical="0-31" speed="1Gf" core="1" bw="{BYTES:g}Bps" lat="{LATENCY:g}s">
      <prop id="wattage_per_state" value="100:100:200"/>
    </cluster>
  </zone>
</platform>
"""
ROWS, COLUMNS = 2000, 1000
ARITHMETIC = ([[name, ROWS, COLUMNS, 2, 0.001] for name in ("renew_q", "make_p", "orthonormalise", "make_q", "multiply")]
              + [[name, count, 0, 0, 0.002] for name in ("find_exponent", "round", "widen") for count in (ROWS * COLUMNS, COLUMNS)])
COSTS = {"real_size": 4, "streams": 2, "frames": 10, "forward": 0.1, "backward": 0.2, "learn": 0.05, "add": 0.0, "add_half": 0.0,
         "parameters": [{"name": "W", "shape": [ROWS, COLUMNS], "fixed": 0}, {"name": "b", "shape": [COLUMNS], "fixed": 0}],
         "finished": [[0, 0, ROWS * COLUMNS, 0.2], [1, 0, COLUMNS, 0.2]], "arithmetic": ARITHMETIC}
WORK = COSTS["forward"] + COSTS["backward"] + COSTS["learn"]


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)


class Simulation(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        (self.home / "platform.xml").write_text(PLATFORM)
        self.keep(COSTS)

    def keep(self, costs):
        (self.home / "costs.json").write_text(json.dumps(costs))

    def steps(self, ranks, *words):
        done = run(SCALE, "platform.xml", ranks, "steps", "costs.json", *words, cwd=self.home)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def figures(self, ranks, *words):
        return json.loads(self.steps(ranks, *words))

    def sum_of(self, numbers, ranks):
        """Seconds that it takes to add up numbers in two rounds for each doubling, of half, a quarter, ... of them, and back."""
        rounds = ranks.bit_length() - 1
        return 2 * rounds * 2 * LATENCY + 2 * (ranks - 1) / ranks * 4 * numbers / BYTES

    def test_one_rank_takes_what_it_computes(self):
        self.assertAlmostEqual(self.figures(1)["seconds"], WORK, 6)
        self.assertEqual(self.figures(1)["bytes"], 0)
        self.assertAlmostEqual(self.figures(1, "--compress", "powersgd:2")["seconds"], WORK + 0.005, 6)

    def test_sums_take_what_the_links_say(self):
        for ranks in (2, 4, 32):
            figures = self.figures(ranks)
            self.assertEqual(figures["bytes"], 4 * (ROWS * COLUMNS + COLUMNS) + 8 * 3)  # and the loss, its count, and whether a rank stops
            expected = self.sum_of(ROWS * COLUMNS, ranks) + self.sum_of(COLUMNS, ranks)
            self.assertGreater(figures["seconds"] - WORK, 0.98 * self.sum_of(ROWS * COLUMNS, ranks))
            self.assertLess(figures["seconds"] - WORK, 1.05 * expected + 1e-3)

    def test_compressed_gradients_are_smaller(self):
        halves, factors = self.figures(4, "--compress", "f16"), self.figures(4, "--compress", "powersgd:2")
        self.assertEqual(factors["bytes"], 4 * (2 * (ROWS + COLUMNS) + COLUMNS) + 8 * 3)
        self.assertEqual(halves["bytes"], 2 * (ROWS * COLUMNS + COLUMNS) + 2 * 4 + 8 * 3)
        self.assertLess(factors["seconds"], WORK + 0.005 + self.sum_of(2 * (ROWS + COLUMNS), 4) + 2e-3)
        self.assertGreater(factors["seconds"], WORK + 0.005)
        self.assertGreater(halves["seconds"], WORK + 0.012 + 0.5 * self.sum_of(ROWS * COLUMNS, 4))
        chosen = self.figures(4, "--compress", "auto:2", "--link", "8Gb/s,20us")
        self.assertEqual(chosen["ways"], "W=powersgd:2 b=none")

    def test_sums_hide_behind_what_is_still_computed(self):
        """The first of two rounds: the second begins when the rank is in a call of MPI again."""
        self.keep({**COSTS, "finished": [[0, 0, ROWS * COLUMNS, 0.05], [1, 0, COLUMNS, 0.2]]})
        hidden, behind = self.figures(2)["seconds"], self.figures(2, "--no-overlap")["seconds"]
        self.assertLess(hidden, WORK + 0.6 * self.sum_of(ROWS * COLUMNS, 2))
        self.assertGreater(behind, WORK + self.sum_of(ROWS * COLUMNS, 2))

    def test_energy_is_that_of_machines_at_work_and_waiting(self):
        figures = self.figures(4)
        self.assertAlmostEqual(figures["joules"], 4 * (200 * WORK + 100 * (figures["seconds"] - WORK)), delta=0.1)

    def test_figures_are_the_same_each_time(self):
        self.assertEqual(self.steps(8), self.steps(8))
        one, three = self.figures(8)["seconds"], self.figures(8, "--steps", "3")["seconds"]
        self.assertLess(abs(one - three), 1e-3)

    def test_what_is_wrong_is_said(self):
        cases = [(("no.xml", 2, "steps", "costs.json"), 2, "there is no platform file 'no.xml'"),
                 (("platform.xml", 0, "steps", "costs.json"), 2, "RANKS is a number from 1 to 16384, not '0'"),
                 (("platform.xml", 2, "walk"), 2, "there is no command 'walk'"),
                 (("platform.xml", 33, "steps", "costs.json"), 2, "it lacks the host 'node-32'"),
                 (("platform.xml", 3, "steps", "costs.json"), 1, "steps are simulated for 1, 2, 4, 8, ... ranks"),
                 (("platform.xml", 2, "steps", "none.json"), 1, "none.json"),
                 (("platform.xml", 2, "steps", "platform.xml"), 1, "platform.xml:1"),
                 (("platform.xml", 2, "steps", "costs.json", "--compress", "some"), 2, "--compress some: it is none, f16"),
                 (("platform.xml", 2, "steps", "costs.json", "--compress", "powersgd:3"), 1, "the costs have no 'renew_q' of 2000 x 1000, rank 3"),
                 (("platform.xml", 1, "costs", "none.rnn"), 1, "none.rnn")]
        for words, status, text in cases:
            done = run(SCALE, *words, cwd=self.home)
            self.assertEqual((done.returncode, done.stdout), (status, ""), words)
            self.assertIn(text, done.stderr)
        self.keep({**COSTS, "finished": [[0, 0, ROWS * COLUMNS, 0.2]]})
        done = run(SCALE, "platform.xml", 2, "steps", "costs.json", cwd=self.home)
        self.assertIn("'costs.json' has no costs", done.stderr)


class Script(unittest.TestCase):
    NETWORK = """cell Elman[n](x[m]) -> h[n] {
  param W[n, m], U[n, n], b[n]
  h = tanh(W @ x + U @ h[t-1] + b)
}
model m {
  input x[80]
  target y[80]
  h = Elman[80](x)
  loss mse(h, y)
}
"""

    def test_the_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "small.rnn").write_text(self.NETWORK)
            done = run("sh", BENCH / "scale.sh", "--build", BUILD, "--network", "small.rnn", "--ranks", "1,4", "--ways", "[np]*", "--csv", "scale.csv",
                       "--costs", "costs", cwd=folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout, pathlib.Path(folder, "scale.md").read_text())
            self.assertIn("has the same losses as by mpirun" if "There is no mpirun" not in done.stdout else "There is no mpirun", done.stdout)
            lines = pathlib.Path(folder, "scale.csv").read_text().splitlines()
            self.assertEqual(len(lines), 1 + 2 * 2 * 5)
            self.assertIn("</svg>", pathlib.Path(folder, "scale.svg").read_text())
            self.check_kept(pathlib.Path(folder, "costs"))

    def check_kept(self, folder):
        """What was simulated is found again, until the costs are others."""
        self.assertEqual(len(list(folder.iterdir())), 2 + 2 * 2 * 5)
        costs = folder / "small-dense-2-35.json"
        options = scale.read_options(["--build", str(BUILD), "--costs", str(folder)])
        self.assertGreater(scale.Simulation(options, costs, "fabric", "none", 4).found["bytes"], 0)
        self.assertIsNone(scale.Simulation(options, costs, "fabric", "none", 16).found)
        costs.write_text(costs.read_text() + " ")
        self.assertIsNone(scale.Simulation(options, costs, "fabric", "none", 4).found)

    def test_options(self):
        for words, text in ((["--ranks", "1,3"], "'1,3' is no list of powers of two"), (["--ways", "some"], "no way matches"),
                            (["--build", "."], "there is no file"), (["--csv", "x.txt"], "does not end in .csv"),
                            (["--network", "no.rnn"], "there is no file 'no.rnn'"), (["--streams", "0"], "'0' is no number from 1 on")):
            done = run("sh", BENCH / "scale.sh", "--build", BUILD, *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn(text, done.stderr)


class Report(unittest.TestCase):
    def figures(self, auto):
        times = {"none": {1: 1.0, 4: 2.0}, "f16": {1: 1.5, 4: 1.8}, "auto": {1: 1.0, 4: auto}}
        return [report.Figures("ethernet", "dense", way, count, seconds, 4e6, 50.0, "W=f16" if way == "auto" else "")
                for way, line in times.items() for count, seconds in line.items()]

    def text(self, auto):
        return report.markdown(self.figures(auto), {"checked": "", "cpu": "C", "network": "n", "costs": {}}, "plot.svg")

    def test_auto_is_judged_by_the_best(self):
        self.assertIn("`auto` takes 1.111 times as long", self.text(2.0))
        self.assertIn("which is missed", self.text(2.0))
        self.assertNotIn("which is missed", self.text(1.9))

    def test_efficiency_is_that_of_one_rank_that_sends_nothing(self):
        self.assertIn("| f16 | 4 MB | 1500 (67 %) | 1800 (56 %) |", self.text(2.0))

    def test_the_plot_has_a_line_for_each_way_and_panel(self):
        self.assertEqual(report.plot(self.figures(2.0)).count("<polyline"), 9)


if __name__ == "__main__":
    if not os.access(SCALE, os.X_OK):
        print(f"bench/scale: there is no {SCALE}: libsimgrid-dev is not installed")
        sys.exit(77)
    unittest.main()

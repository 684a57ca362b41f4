"""Tests of measure.py and report.py: how results are compared, and what the tables say."""
import array
import csv
import json
import pathlib
import tempfile
import unittest

import measure
import report


class Compare(unittest.TestCase):
    def difference(self, ours, theirs):
        with tempfile.TemporaryDirectory() as folder:
            folders = []
            for name, files in (("ours", ours), ("theirs", theirs)):
                folders.append(measure.empty(pathlib.Path(folder) / name))
                for file, numbers in files.items():
                    (folders[-1] / file).write_bytes(array.array("f", numbers).tobytes())
            return measure.largest_difference(*folders)

    def test_difference_is_a_part_of_the_largest_magnitude(self):
        self.assertEqual(self.difference({"h.f32": [4, -8]}, {"h.f32": [5, -8]}), 0.125)

    def test_the_worst_result_counts(self):
        self.assertEqual(self.difference({"a.f32": [1], "b.f32": [2]}, {"a.f32": [1], "b.f32": [1]}), 0.5)

    def test_nan_does_not_agree(self):
        self.assertGreater(self.difference({"h.f32": [1, 2]}, {"h.f32": [float("nan"), 2]}), 1)
        self.assertGreater(self.difference({"h.f32": [1, 2]}, {"h.f32": [1, float("nan")]}), 1)

    def test_missing_and_short_results_fail(self):
        with self.assertRaisesRegex(measure.Failed, "gave no h"):
            self.difference({"h.f32": [1]}, {})
        with self.assertRaisesRegex(measure.Failed, "1 numbers of h in place of 2"):
            self.difference({"h.f32": [1, 2]}, {"h.f32": [1]})


class Tasks(unittest.TestCase):
    def test_lists_stand_for_a_task_each_and_names_are_unique_in_a_group(self):
        groups, tasks = measure.read_tasks(measure.BENCH / "tasks.txt")
        names = [(task.group, task.name) for task in tasks]
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual({task.group for task in tasks}, set(groups))
        self.assertEqual({task.group for task in tasks if task.quick}, set(groups))
        for task in tasks:
            self.assertTrue((measure.BENCH / "nets" / f"{task.net}.rnn").exists(), task.net)


class Rounds(unittest.TestCase):
    def test_peers_far_from_the_fastest_have_one_round(self):
        lines = [["g", "t", name, 1, us, ""] for name, us in (("rnnc", 9), ("base", 99), ("best", 10), ("near", 14), ("far", 16))]
        drivers = dict.fromkeys(["rnnc", "base", "best", "near", "far"])
        self.assertEqual(measure.Bench.near(None, drivers, lines), ["rnnc", "base", "best", "near"])
        self.assertEqual(measure.Bench.near(None, {"rnnc": 0}, lines), ["rnnc"])


class Report(unittest.TestCase):
    def setUp(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "rows.csv"
            with open(path, "w", newline="") as file:
                out = csv.writer(file)
                out.writerow(["group", "task", "system", "round", "us_per_frame", "difference"])
                for task, rounds in (("fast", [(10, 20, 90), (10, 40, 90), (10, 30, 90)]), ("slow", [(10, 5, 9), (10, 5, 9), (10, 5, 9)])):
                    for turn, figures in enumerate(rounds):
                        for system, us in zip(("rnnc", "near", "far"), figures):
                            out.writerow(["one", task, system, turn + 1, us, 0])
            self.rows = report.read_rows(path)
        run = {"cpu": "a cpu", "instructions": "x", "compiler": "cc", "flags": "-O3", "commit": "c", "threads": 1, "rounds": 3, "seconds": 1,
               "clock": "wall clock", "quick": False, "tasks": "*"}
        self.about = {"groups": {"one": {"least": 1.0, "mean": 1.2, "systems": ["near", "far", "none"], "title": "first work"},
                                 "two": {"least": 1.0, "mean": 1.0, "systems": ["near"], "title": "second work"}},
                      "counts": {"one": 2, "two": 1}, "notes": {"none": {"cannot": ["fast"]}}, "tolerance": {"run": 1e-4, "train": 1e-3},
                      "run": run, "systems": {"rnnc": {"version": "1"}, "none": {"version": "2"}, "gone": {"missing": "not installed"}}}

    def test_ratio_is_the_median_of_rounds_with_quartiles(self):
        row = self.rows["one"][0]
        self.assertEqual(row.best(["near", "far", "none"]), "near")
        self.assertEqual((row.ratio("near"), row.interval("near")), (3.0, (2.5, 3.5)))

    def test_summary_and_sentences_have_lowest_and_geometric_mean(self):
        lines = report.markdown(self.rows, self.about, "plot.svg").splitlines()
        self.assertIn("| first work | 2 of 2 | 0.50 (slow) | 1.22 | 1.00 / 1.20 | no |", lines)
        self.assertIn("| second work | 0 of 1 | | | 1.00 / 1.00 | not measured |", lines)
        asked = "Asked for: no ratio below 1.00, and a geometric mean of 1.20"
        self.assertIn(f"{asked}; reached in 2 of 2 tasks: 0.50 (slow) and 1.22, too little.", lines)
        del self.rows["one"][1]
        self.assertIn(f"{asked}; reached in 1 of 2 tasks: 3.00 (fast) and 3.00.",
                      report.markdown(self.rows, self.about, "plot.svg").splitlines())

    def test_tasks_are_ordered_by_their_numbers(self):
        names = ["run lstm 64", "run lstm 512, 4 streams", "run gru 128", "run lstm 512", "run lstm 128"]
        self.assertEqual(sorted(names, key=report.by_numbers),
                         ["run gru 128", "run lstm 64", "run lstm 128", "run lstm 512", "run lstm 512, 4 streams"])

    def test_missing_systems_are_named(self):
        text = report.markdown(self.rows, self.about, "plot.svg")
        self.assertIn("| gone | missing: not installed |", text)
        self.assertIn("No figure of none for fast: cannot.", text)
        self.assertIn("(plot.svg)", text)

    def test_plot_has_every_task(self):
        picture = report.plot(self.rows, json.loads(json.dumps(self.about)))
        self.assertEqual(picture.count("<circle"), 2)


unittest.main()

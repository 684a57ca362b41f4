"""Tests of the parts of bench/run.sh: how results are compared, which tasks there are, and what the tables say."""
import array
import math
import pathlib
import tempfile
import types
import unittest
import unittest.mock

import applications_report
import latency
import measure
import report
import run
import systems
import trained


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

    def test_what_is_not_finite_fails(self):
        good, nan, inf = [1, 2], [1, float("nan")], [float("-inf"), 2]
        for ours, theirs in ((good, nan), (nan, good), (nan, nan), (good, inf), (inf, good), (inf, inf)):
            with self.assertRaisesRegex(measure.Failed, "h is not finite"):
                self.difference({"h.f32": ours}, {"h.f32": theirs})

    def test_missing_and_short_results_fail(self):
        with self.assertRaisesRegex(measure.Failed, "gave no h"):
            self.difference({"h.f32": [1]}, {})
        with self.assertRaisesRegex(measure.Failed, "1 numbers of h in place of 2"):
            self.difference({"h.f32": [1, 2]}, {"h.f32": [1]})


class Tasks(unittest.TestCase):
    def test_names_are_unique_in_a_group_and_each_group_is_in_quick_runs(self):
        for threads in (1, 2):
            groups, tasks = measure.read_tasks(measure.BENCH / "tasks.txt", threads)
            names = [(task.group, task.name) for task in tasks]
            self.assertEqual(len(names), len(set(names)))
            self.assertEqual([name for name, _ in names], sorted((name for name, _ in names), key=list(groups).index))
            self.assertEqual({task.group for task in tasks if task.quick}, set(groups))
            for task in tasks:
                self.assertTrue((measure.BENCH / "nets" / f"{task.net}.rnn").exists(), task.net)
                self.assertLessEqual(set(task.systems), {*systems.NAMES, *systems.OWN})
                self.assertLessEqual(set(task.systems), set(groups[task.group]["systems"]))

    def read(self, threads):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("""# sets
tasks one | jax torch
run lstm,gru 16,32 1 1 100 quick  # lists stand for a task each
tasks two | torch libxsmm
train mgu 8 2 4 10
asked 1 | all | one two | 1.0 | 1.5 | everything
asked 2 | some | two | 2 | 3 | something
""")
            file.flush()
            return measure.read_tasks(file.name, threads)

    def test_a_group_has_the_tasks_of_its_sets(self):
        groups, tasks = self.read(1)
        self.assertEqual(groups, {"all": {"least": 1.0, "mean": 1.5, "systems": ["jax", "torch", "libxsmm"], "title": "everything",
                                          "tasks": 5, "threads": 1}})
        self.assertEqual([task.name for task in tasks],
                         ["run lstm 16", "run lstm 32", "run gru 16", "run gru 32", "train mgu 8 x 2 layers, 4 streams"])
        self.assertEqual([task.quick for task in tasks], [True] * 4 + [False])
        self.assertEqual([task.systems for task in tasks], [("jax", "torch")] * 4 + [("torch", "libxsmm")])

    def test_more_threads_have_the_groups_of_fewer(self):
        self.assertEqual(list(self.read(2)[0]), ["some"])
        self.assertEqual(self.read(5), self.read(2))


class Systems(unittest.TestCase):
    def environment(self, march, threads=1):
        macros = "#define __AVX512F__ 1" if march == "avx512" else "#define __AVX2__ 1"
        options = types.SimpleNamespace(threads=threads, folder=pathlib.Path("/peers"), macros=macros)
        with unittest.mock.patch.object(systems, "cpu_flags", lambda: ["avx2", "avx512f"]):
            return systems.environment(options)

    def test_peers_are_held_to_the_instructions_of_emitted_code(self):
        self.assertNotIn("ATEN_CPU_CAPABILITY", self.environment("avx512"))
        self.assertEqual(self.environment("avx2")["ATEN_CPU_CAPABILITY"], "avx2")

    def test_compiled_code_is_kept_apart_by_instructions_and_threads(self):
        folders = [self.environment(*asked)["TORCHINDUCTOR_CACHE_DIR"] for asked in (("avx512",), ("avx2",), ("avx512", 2))]
        self.assertEqual(len(set(folders)), 3)

    def test_clock_and_threads(self):
        one, two = self.environment("avx2"), self.environment("avx2", 2)
        self.assertEqual((one["BENCH_CLOCK"], one["OMP_NUM_THREADS"]), ("cpu", "1"))
        self.assertEqual((two["BENCH_CLOCK"], two["OMP_NUM_THREADS"]), ("wall", "2"))

    def test_names_of_peers(self):
        self.assertEqual(systems.peers_named("none"), [])
        self.assertEqual(systems.peers_named("all"), systems.NAMES)
        self.assertEqual(systems.peers_named("torch,onednn"), ["onednn-inference", "onednn-training", "torch"])
        for text in ("", "none,torch", "torch,", "tor", "torch-"):
            with self.assertRaisesRegex(ValueError, "no peer"):
                systems.peers_named(text)


class Rounds(unittest.TestCase):
    def test_peers_far_from_the_fastest_have_one_round(self):
        lines = [["g", "t", name, 1, us, ""] for name, us in (("rnnc", 9), ("base", 99), ("best", 10), ("near", 14), ("far", 16))]
        drivers = dict.fromkeys(["rnnc", "base", "best", "near", "far"])
        self.assertEqual(measure.Bench.near(None, drivers, lines), ["rnnc", "base", "best", "near"])
        self.assertEqual(measure.Bench.near(None, {"rnnc": 0}, lines), ["rnnc"])


class Results(unittest.TestCase):
    def test_all_files_are_written_or_none(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "b.csv").write_text("old")
            with self.assertRaisesRegex(run.Fault, "cannot write '.*gone/b.md': No such file or directory"):
                run.write_whole({folder / "b.csv": "new", folder / "gone/b.md": "new"})
            self.assertEqual([(path.name, path.read_text()) for path in folder.iterdir()], [("b.csv", "old")])
            run.write_whole({folder / "b.csv": "new", folder / "b.md": "new"})
            self.assertEqual(sorted((path.name, path.read_text()) for path in folder.iterdir()), [("b.csv", "new"), ("b.md", "new")])


class Environments(unittest.TestCase):
    def test_one_that_cannot_be_mended_is_said_once(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "bin").mkdir()
            (pathlib.Path(folder) / "bin/python").symlink_to("/nowhere/python3")
            with unittest.mock.patch.object(run, "say") as said, unittest.mock.patch.object(run, "run_visibly", return_value=True) as called:
                run.make_environment(pathlib.Path(folder), ["numpy", "jax"])
            self.assertEqual(called.call_count, 1)  # and nothing is installed
            self.assertEqual(said.call_count, 1)
            self.assertIn("if an older one is there, remove the folder", said.call_args.args[0])


class Report(unittest.TestCase):
    def setUp(self):
        self.lines = []
        for task, rounds in (("fast", [(10, 20, 90), (10, 40, 90), (10, 30, 90)]), ("slow", [(10, 5, 9), (10, 5, 9), (10, 5, 9)])):
            for turn, figures in enumerate(rounds):
                for system, us in zip(("rnnc", "near", "far"), figures):
                    self.lines.append(["one", task, system, turn + 1, us, 0])
        self.rows = report.rows_of(self.lines)
        run = {"cpu": "a cpu", "instructions": "x", "compiler": "cc", "flags": "-O3", "commit": "c", "threads": 2, "rounds": 3, "seconds": 1,
               "clock": "wall clock", "quick": False, "tasks": "*"}
        self.about = {"groups": {"one": {"least": 1.0, "mean": 1.2, "systems": ["near", "far", "none"], "title": "first work", "tasks": 2,
                                         "threads": 2},
                                 "two": {"least": 1.0, "mean": 1.0, "systems": ["near"], "title": "second work", "tasks": 1, "threads": 2}},
                      "notes": {"none": {"cannot": ["fast"]}}, "tolerance": {"run": 1e-4, "train": 1e-3},
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
        self.assertEqual(report.plot(self.rows, self.about).count("<circle"), 2)
        self.assertIn("no ratio was measured", report.plot({}, self.about))

    def test_numbers_of_a_plot_do_not_overlap(self):
        for lowest, highest in ((1, 1.5), (0.9, 5), (0.3, 70), (0.1, 300), (0.001, 100000)):
            lines = report.Plot(lowest, highest).grid()
            self.assertIn(1, lines)
            places = sorted(lines.values())
            self.assertTrue(all(right - left >= 30 for left, right in zip(places, places[1:])), lines)

    def test_the_machine_has_a_line_of_its_own_in_the_plot(self):
        self.about["run"]["cpu"] = "a processor with a name as long as such names are today"
        self.assertIn('y="36">a processor with a name as long as such names are today, -O3, 2 threads<', report.plot(self.rows, self.about))

    def test_numbers_have_three_digits_and_no_exponent(self):
        self.assertEqual([report.number(us) for us in (0.012345, 1.2345, 999.4, 999.7, 1234.5)], ["0.0123", "1.23", "999", "1000", "1234"])

    def test_csv_has_every_figure(self):
        text = report.csv_of(self.lines).splitlines()
        self.assertEqual(text[:2], ["group,task,system,round,us_per_frame,difference", "one,fast,rnnc,1,10,0"])
        self.assertEqual(len(text), 19)

    def test_our_other_systems_have_columns_behind_the_peers(self):
        lines = self.lines + [["one", "fast", name, 1, us, 0] for name, us in (("base", 11), ("one-thread", 15))]
        text = report.markdown(report.rows_of(lines), self.about, "plot.svg")
        self.assertIn("| quartiles | base / rnnc | one-thread / rnnc |", text)
        self.assertIn("| 1.10 | 1.50 |", text)

    def test_what_is_asked_of_fewer_threads_is_said(self):
        said = "What is asked for is meant for 2 threads."
        self.assertNotIn(said, report.markdown(self.rows, self.about, "plot.svg"))
        self.about["run"]["threads"] = 3
        self.assertIn(said, report.markdown(self.rows, self.about, "plot.svg"))


class Applications(unittest.TestCase):
    def result(self, **fields):
        ours = {"frame by frame": 8, "dense": 4, "dense, 2 threads": 3, "rank": 1, "rank, 2 threads": 2}
        return applications_report.Result(**{"name": "some", "frames": 10, "metric": "accuracy", "sign": 1, "dense": [69, 70, 71],
                                             "longer": [70, 72, 74], "low": [71, 71, 71], "ours": ours, "theirs": {"eager": 20, "traced": 15}, "notes": {}, **fields})

    def test_each_application_has_its_program_data_and_modules(self):
        peer = (systems.DRIVERS / "application_peer.py").read_text()
        applications = trained.read_applications(measure.BENCH / "applications.txt")
        self.assertEqual(len(applications), 6)
        for application in applications:
            self.assertTrue(application.program.exists(), application.name)
            self.assertIn(application.name, trained.SOURCES)
            self.assertIn(application.metric, trained.METRICS)
            self.assertIn(f'"{application.name}": (torch', peer)
            self.assertGreater(float(application.tolerance), 0)
            if application.output:
                self.assertRegex(application.output, r"^\w+=svd:\d+:preview=\d+:refine=\d+")

    def test_what_eval_says(self):
        said = "net: 5 parameters; 9 frames in 1 sequence\nloss 0.3364 (0.4853 bits)\naccuracy of y: 92.72 %, 4 of 9\n"
        self.assertEqual(trained.read_judgement(said), (0.3364, 92.72))
        self.assertAlmostEqual(trained.METRICS["bpc"][0](trained.Judged(math.log(8), None)), 3)
        with self.assertRaisesRegex(trained.Failed, "no loss"):
            trained.read_judgement("nothing")

    def test_forms_are_those_of_the_report(self):
        report = """
parameter                   stable rank     16     32
W             [96, 192]             6.0 0.7445 0.9099

parameter                   form            error    numbers     before      bytes
W             [96, 192]     int8           0.0090      18432      18432      18816
h1.U          [768, 192]    svd(80) f16    0.3017      76800     147456      80192
h2.U          [768, 192]    svd(32)        0.3463      76800     147456      80192
Z             [3, 96, 192]  cp(48)         0.3463      76800     147456      80192

    11.288      2.55259         h1.U svd(80)
E stays dense: it would save no time
"""
        self.assertEqual(trained.forms_of(report), {"W": "int8", "h1.U": "svd:80,f16", "h2.U": "svd:32", "Z": "cp:48"})
        self.assertEqual(trained.forms_of("all stays dense"), {})

    def network(self, folder, output):
        application = trained.Application("some", pathlib.Path("some.rnn"), 8, 10, "loss", "0.1", (), (), output)
        options = unittest.mock.Mock(weights_dir=pathlib.Path(folder), judge_by="test")
        with unittest.mock.patch.object(trained, "data_of", return_value=["train", "search", "test"]):
            return trained.Network(application, 1, options, print)

    def test_an_output_with_a_preview_has_no_other_form(self):
        report = "W [96, 192]  svd(16) 0.1\nU [96, 96]  svd(32) int8 0.1\n"
        with tempfile.TemporaryDirectory() as folder:
            network = self.network(folder, "W=svd:64:preview=16:refine=32")
            network.found.mkdir()
            network.low.mkdir()
            for made in (network.found, network.low):
                (made / "report.txt").write_text(report)
            self.assertEqual(network.find_forms(), ["U=svd:32,int8"])
            self.assertEqual(self.network(folder, "").find_forms(), ["W=svd:16", "U=svd:32,int8"])
            with self.assertRaisesRegex(trained.Failed, "'W' has a form already in .*low: remove"):
                network.check_output()
            (network.low / "report.txt").write_text(report.splitlines()[1])
            network.check_output()

    def test_factors_are_compared_with_weights_trained_as_long(self):
        with tempfile.TemporaryDirectory() as folder:
            network = self.network(folder, "")
            network.low.mkdir()
            asked = {}
            network.learn = lambda program, out, *how: asked.update({out.name: how})
            made = network.make(network)
        self.assertEqual(set(made), {"dense", "longer", "low"})
        self.assertEqual(asked["longer.safetensors"], ("--weights", network.dense))
        self.assertEqual(asked["low.safetensors"], ("--weights", network.low / "weights.safetensors"))

    def test_a_storage_is_a_word_of_a_declaration(self):
        for program, stored in (("param W[2, 3] : svd(1) int8, b[2]", True), ("param W[2, 3] : svd(1) # int8\nf16 = 1", False)):
            path = unittest.mock.Mock(**{"read_text.return_value": program})
            self.assertEqual(trained.is_stored(path), stored)

    def test_gains_multiply(self):
        result, gain = self.result(), applications_report.gain
        self.assertEqual([gain(result, before, after) for _, before, after in applications_report.GAINS], [2, 4 / 3, 4, None, None])
        preview = self.result(ours={**result.ours, "storage": 0.8, "preview": 0.4})
        self.assertEqual(gain(preview, *applications_report.GAINS[-1][1:]), 2)
        self.assertEqual(applications_report.against_pytorch(result), 15)
        self.assertEqual(gain(result, applications_report.DENSE, applications_report.FACTORED), 3)

    def test_worse_is_counted_in_standard_errors(self):
        errors = applications_report.loss_in_errors
        self.assertAlmostEqual(errors(self.result()), 3**0.5 / 2)
        self.assertLess(errors(self.result(sign=-1)), 0)
        self.assertEqual(errors(self.result(longer=[100, 100], low=[100, 100])), 0)
        self.assertEqual(errors(self.result(longer=[100, 100], low=[99, 100])), math.inf)
        self.assertIsNone(errors(self.result(longer=[70], low=[60])))

    def test_tables(self):
        untimed = self.result(name="untimed", ours={}, theirs={}, notes={"PyTorch traced": "differs"})
        text = applications_report.markdown([self.result(), untimed], "About.")
        for line in ("| some | accuracy, % | 3 | 70.00 ± 0.58 | 72.00 ± 1.15 | 71.00 ± 0.00 | yes |",
                     "| some | 10 | 15.000 | traced | 8.000 | 4.000 | 3.000 | 1.000 | 2.000 |",
                     "| geometric mean | 2.00 | 1.33 | 4.00 | - | - | 3.00 | 15.00 |",
                     "15.00 times as fast in the geometric mean, at least 15 asked", "- untimed, PyTorch traced: differs"):
            self.assertIn(line, text)

    def test_gains_are_of_ways_that_are_measured(self):
        named = {name for _, before, after in applications_report.GAINS for name in before + after}
        self.assertLessEqual(named | {*applications_report.DENSE, *applications_report.FACTORED}, set(latency.WAYS))


unittest.main()

"""The package rnnc against the same equations in NumPy, and its messages. RNNC_PREFIX names a build of rnnc."""

import copy
import io
import os
import pickle
import signal
import tempfile
import threading
import unittest
import unittest.mock

import numpy

import rnnc

ELMAN = """
cell Elman[n = 5](x[m = 3]) -> h[n] {
  param W[n, m] ~ normal(0.5), U[n, n] ~ normal(0.5), b[n]
  h = tanh(W @ x + U @ h[t-1] + b)
}
"""
# Ids, a value of the sequence, and several outputs.
READER = """
model reader {
  const V = 7
  input word: index[V], scale[2] once
  param E[V, 2] ~ normal(1)
  v = embed(E, word) * scale
  s = v + 0.5 * s[t-1]
  output s
  output total = last(s)
}
"""


def elman(weights, x, past=None):
    """[frames, streams, 3] -> [frames, streams, n], in double."""
    w, u, b = (numpy.asarray(weights[name], dtype=float) for name in "WUb")
    h = numpy.zeros((x.shape[1], b.size)) if past is None else past
    return numpy.stack([h := numpy.tanh(frame @ w.T + h @ u.T + b) for frame in x.astype(float)])


class Calls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = rnnc.compile(ELMAN)
        cls.net.init(1)
        cls.x = numpy.random.default_rng(1).normal(size=(9, 4, 3)).astype(numpy.float32)

    def test_run(self):
        numpy.testing.assert_allclose(self.net.run(self.x), elman(self.net.parameters, self.x), atol=1e-5)

    def test_without_streams(self):
        self.assertEqual(self.net.run(self.x[:, :0]).shape, (9, 0, 5))
        self.assertEqual(
            self.net.run(self.x[:, :0], lengths=[], out=numpy.empty((9, 0, 5), numpy.float32)).shape, (9, 0, 5)
        )

    def test_slow_compilers_are_told(self):
        """In the log, where the program has one, or else to people at a terminal."""
        program = rnnc._programs.Program(ELMAN, ())
        screen = io.StringIO()
        with unittest.mock.patch.object(rnnc._programs, "_PATIENCE", 0):
            with self.assertLogs("rnnc", "INFO") as log:
                program.run("rnnc", "-fsyntax-only")
            with unittest.mock.patch("sys.stderr", screen):
                program.run("rnnc", "-fsyntax-only")
                self.assertEqual(screen.getvalue(), "")
                screen.isatty = lambda: True
                program.run("rnnc", "-fsyntax-only")
        self.assertIn("compiling <text>, once: the network is kept in a cache", log.output[0])
        self.assertEqual(screen.getvalue(), "rnnc: compiling <text>, once: the network is kept in a cache\n")

    def test_copies_are_of_the_same_program(self):
        with tempfile.TemporaryDirectory() as folder:
            before = os.getcwd()
            os.chdir(folder)
            try:
                with open("cell.rnn", "w", encoding="utf-8") as file:
                    file.write(ELMAN)
                net = rnnc.compile("cell.rnn")
                net.init(1)
            finally:
                os.chdir(before)
            numpy.testing.assert_array_equal(copy.deepcopy(net).run(self.x), self.net.run(self.x))
            with open(os.path.join(folder, "cell.rnn"), "w", encoding="utf-8") as file:
                file.write(ELMAN.replace("m = 3", "m = 4"))
            with self.assertRaisesRegex(rnnc.Error, "the program of 'Elman' has changed since it was compiled"):
                copy.deepcopy(net)

    def test_copies_find_imported_files(self):
        with tempfile.TemporaryDirectory() as folder:
            before = os.getcwd()
            os.chdir(folder)
            try:
                with open("parts.rnn", "w", encoding="utf-8") as file:
                    file.write(ELMAN)
                text = 'import "parts.rnn"\nmodel m { input x[3]; h = parts.Elman[5](x); output h }'
                net = rnnc.compile(text, folders=["."])
                net.init(1)
            finally:
                os.chdir(before)
            numpy.testing.assert_array_equal(copy.deepcopy(net).run(self.x), net.run(self.x))

    def test_ids_beyond_32_bits(self):
        net = rnnc.compile(READER)
        net.init(1)
        scale = numpy.ones((1, 2), numpy.float32)
        for word in (numpy.array([[2**64 - 1]], numpy.uint64), numpy.array([[2**40]])):
            with self.assertRaisesRegex(ValueError, "a number that 32 bits cannot hold"):
                net.run(word=word, scale=scale)

    def test_odd_arguments(self):
        with self.assertRaisesRegex(ValueError, "leave it to dtype"):
            rnnc.compile(ELMAN, options=["--double"])
        for call, words in (
            (lambda: self.net.state(2**32 + 1), "streams is 4294967297; expected a whole number from 1 to"),
            (lambda: self.net.state(1.5), "streams is 1.5"),
            (lambda: self.net.init(-1), "seed is -1"),
            (lambda: rnnc.compile(ELMAN, threads=0), "threads is 0"),
        ):
            with self.assertRaisesRegex(ValueError, words):
                call()
        both = numpy.zeros(9 * 4 * 5, numpy.float32)
        with self.assertRaisesRegex(ValueError, "out of 'h' shares memory with an input"):
            self.net.run(both[: 9 * 4 * 3].reshape(9, 4, 3), out=both.reshape(9, 4, 5))

    def test_one_stream(self):
        h = self.net.run(self.x[:, 2])
        self.assertEqual(h.shape, (9, 5))
        numpy.testing.assert_allclose(h, elman(self.net.parameters, self.x)[:, 2], atol=1e-5)

    def test_steps_and_runs_go_on(self):
        want = elman(self.net.parameters, self.x)
        state = self.net.state(4)
        got = [self.net.step(frame, state=state) for frame in self.x[:3]]
        kept = state.copy()
        got += list(self.net.run(self.x[3:], state=state))
        numpy.testing.assert_allclose(numpy.stack(got), want, atol=1e-5)
        numpy.testing.assert_allclose(self.net.run(self.x[3:], state=kept), want[3:], atol=1e-5)
        state.reset([True, False, True, False])
        again = self.net.step(self.x[0], state=state)
        numpy.testing.assert_allclose(again[::2], want[0, ::2], atol=1e-5)
        numpy.testing.assert_allclose(again[1::2], elman(self.net.parameters, self.x[:1], want[-1])[0, 1::2], atol=1e-5)

    def test_own_streams(self):
        want = elman(self.net.parameters, self.x)
        for _ in range(2):
            self.net.reset()
            got = numpy.stack([self.net.step(frame[1]) for frame in self.x])
            numpy.testing.assert_allclose(got, want[:, 1], atol=1e-5)
        with self.assertRaisesRegex(ValueError, "the inputs have 4 streams and the state has 1"):
            self.net.step(self.x[0])

    def test_some_streams(self):
        want = elman(self.net.parameters, self.x)
        state = self.net.state(4)
        for frame in range(3):  # streams 2 and 0 take three steps, 3 and 1 none
            got = self.net.step(self.x[frame, [2, 0]], state=state, streams=[2, 0])
            numpy.testing.assert_allclose(got, want[frame, [2, 0]], atol=1e-5)
        got = self.net.step(self.x[0, 1], state=state, streams=[1])
        numpy.testing.assert_allclose(got, want[0, 1], atol=1e-5)
        got = self.net.step(self.x[[1, 3], [1, 2]], state=state, streams=numpy.array([1, 2]))
        numpy.testing.assert_allclose(got, want[[1, 3], [1, 2]], atol=1e-5)

    def test_states_are_pickled(self):
        want = elman(self.net.parameters, self.x)
        state = self.net.state(4)
        self.net.run(self.x[:5], state=state)
        net, other = pickle.loads(pickle.dumps((self.net, state)))
        numpy.testing.assert_allclose(net.run(self.x[5:], state=other), want[5:], atol=1e-5)
        restore, (kind, net, streams, past) = state.__reduce__()
        with self.assertRaisesRegex(rnnc.Error, "the state was made by a network for another processor"):
            restore(kind, net, streams, past + past)

    def test_lengths(self):
        h = self.net.run(self.x, lengths=[9, 0, 4, 1], out=numpy.full((9, 4, 5), 7, numpy.float32))
        want = elman(self.net.parameters, self.x)
        for stream, length in enumerate([9, 0, 4, 1]):
            numpy.testing.assert_allclose(h[:length, stream], want[:length, stream], atol=1e-5)
            self.assertFalse(h[length:, stream].any())

    def test_memory_is_shared(self):
        out = numpy.empty((9, 4, 5), numpy.float32)
        self.assertIs(self.net.run(self.x, out=out), out)
        net = rnnc.compile(ELMAN)
        net.init(2)
        net.parameters["b"][:] = 3
        net.pack()
        numpy.testing.assert_allclose(net.run(self.x), elman(net.parameters, self.x), atol=1e-5)
        numpy.testing.assert_allclose(self.net.run(self.x), elman(self.net.parameters, self.x), atol=1e-5)

    def test_no_contiguous_array(self):
        wide = numpy.zeros((9, 4, 6), numpy.float32)
        wide[..., ::2] = self.x
        numpy.testing.assert_array_equal(self.net.run(wide[..., ::2]), self.net.run(self.x))

    def test_double(self):
        net = rnnc.compile(ELMAN, dtype="float64", n=8)
        net.init(1)
        x = self.x.astype(float)
        numpy.testing.assert_allclose(net.run(x), elman(net.parameters, x), atol=1e-13)

    def test_threads(self):
        want, wrong = self.net.run(self.x), []

        def work():
            for _ in range(50):
                if not numpy.array_equal(self.net.run(self.x), want):
                    wrong.append(1)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertFalse(wrong)
        with self.net.state(1) as state, self.assertRaisesRegex(rnnc.Error, "used by a call of another thread"):
            self.net.step(self.x[0, 0], state=state)

    def test_fork(self):
        net = rnnc.compile(ELMAN, n=256, m=256, threads=2, options="-fthreads=rows")
        net.init(1)
        x = numpy.ones((8, 4, 256), "float32")
        before = net.run(x)
        child = os.fork()
        if not child:
            signal.alarm(30)  # ends it, if it waits for threads that are not there
            os._exit(0 if numpy.allclose(net.run(x), before, atol=1e-5) else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_copies(self):
        want = self.net.run(self.x)
        numpy.testing.assert_array_equal(pickle.loads(pickle.dumps(self.net)).run(self.x), want)
        other = copy.deepcopy(self.net)
        other.init(5)
        numpy.testing.assert_array_equal(self.net.run(self.x), want)

    def test_several(self):
        net = rnnc.compile(READER)
        net.init(1)
        word = numpy.array([[1, 2], [3, 4], [6, 0]])
        scale = numpy.array([[1, 2], [3, 4]], dtype=numpy.float32)
        results = net.run(word=word, scale=scale)
        s, want = numpy.zeros((2, 2)), []
        for ids in word:
            s = net.parameters["E"][ids] * scale + 0.5 * s
            want.append(s)
        numpy.testing.assert_allclose(results["s"], want, atol=1e-5)
        numpy.testing.assert_allclose(results["total"], want[-1], atol=1e-5)
        alone = net.run({"word": word[:, 0], "scale": scale[0]})
        numpy.testing.assert_allclose(alone["s"], results["s"][:, 0], atol=1e-6)
        with self.assertRaisesRegex(rnnc.Error, "an id is outside -1 .. vocabulary - 1"):
            net.run(word + 4, scale)
        with self.assertRaisesRegex(ValueError, "input 'scale' has 1 streams, and 'word' has 2"):
            net.run(word, scale[:1])
        with self.assertRaisesRegex(ValueError, r"input 'scale' has shape \[2\]; expected \[streams, 2\], as 'word'"):
            net.run(word, scale[0])
        with self.assertRaisesRegex(TypeError, "input 'word' is of type float64; expected integers"):
            net.run(word.astype(float), scale)
        with self.assertRaisesRegex(ValueError, "input 'word' has a number that 32 bits cannot hold"):
            net.run(word + 2**40, scale)


class Weights(unittest.TestCase):
    def test_files_and_dicts(self):
        first, second = rnnc.compile(ELMAN), rnnc.compile(ELMAN)
        first.init(1)
        x = numpy.ones((2, 3), numpy.float32)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "w.safetensors")
            first.save(path)
            second.load(path)
        numpy.testing.assert_array_equal(first.run(x), second.run(x))
        second.load({name: 2 * array.astype(float) for name, array in first.parameters.items()})
        numpy.testing.assert_allclose(
            second.run(x)[0], numpy.tanh(2 * numpy.arctanh(first.run(x)[0].astype(float))), atol=1e-5
        )

    def test_refused(self):
        net = rnnc.compile(ELMAN)
        x = numpy.ones((2, 3), numpy.float32)
        with self.assertRaisesRegex(rnnc.Error, r"has no weights: load\(...\) them"):
            net.run(x)
        right = {"W": numpy.ones((5, 3)), "U": numpy.ones((5, 5)), "b": numpy.ones(5)}
        net.load(right)
        before = net.run(x)
        for change, kind, message in [
            ({"W": numpy.ones((3, 5))}, ValueError, r"parameter 'W' has shape \[3, 5\]; expected \[5, 3\]"),
            ({"V": numpy.ones(5)}, ValueError, "no parameter 'V'; it has 'W', 'U', 'b'"),
            ({"b": numpy.full(5, 1e300)}, ValueError, "parameter 'b' has a number that float32 cannot hold"),
            ({"b": numpy.ones(5, complex)}, TypeError, "parameter 'b' is of type complex128; expected real numbers"),
        ]:
            with self.assertRaisesRegex(kind, message):
                net.load({**right, **change})
        with self.assertRaisesRegex(ValueError, r"parameter 'b' is missing; expected an array of shape \[5\]"):
            net.load({"W": right["W"], "U": right["U"]})
        with self.assertRaisesRegex(rnnc.Error, "no_such_file: cannot be opened: No such file"):
            net.load("no_such_file")
        numpy.testing.assert_array_equal(net.run(x), before)


class Messages(unittest.TestCase):
    def test_programs(self):
        with self.assertRaisesRegex(rnnc.CompileError, "^<text>:1:22: error: unknown name 'y'"):
            rnnc.compile("cell A(x) -> h { h = y }")
        for program, what in (("", "empty"), (b"cell", "of type bytes"), (3, "of type int")):
            with self.assertRaisesRegex(TypeError, f"the program is {what}; expected the path"):
                rnnc.compile(program)
        with self.assertRaisesRegex(rnnc.CompileError, "cannot read 'nothere.rnn'"):
            rnnc.compile("nothere.rnn")
        with self.assertRaisesRegex(rnnc.CompileError, "-D q: there is no such constant or dimension"):
            rnnc.compile(ELMAN, q=3)
        with self.assertRaisesRegex(ValueError, "dtype is 'float16'; networks compute in 'float32' or 'float64'"):
            rnnc.compile(ELMAN, dtype=numpy.float16)

    def test_calls(self):
        net = rnnc.compile(ELMAN)
        net.init(1)
        x = numpy.ones((4, 2, 3), numpy.float32)
        for call, kind, message in [
            (
                lambda: net.run(x.astype(float)),
                TypeError,
                "input 'x' is of type float64, and the network computes in float32",
            ),
            (lambda: net.run(x.astype(int)), TypeError, "input 'x' is of type int64; expected float32"),
            (
                lambda: net.run(x[..., :2]),
                ValueError,
                r"input 'x' has shape \[4, 2, 2\]; expected \[frames, streams, 3\]",
            ),
            (lambda: net.step(x), ValueError, r"expected \[streams, 3\], or \[3\] for one stream"),
            (lambda: net.run(), TypeError, "input 'x' is missing; the network has 'x'"),
            (lambda: net.run(x, x), TypeError, r"has 1 input \('x'\), and 2 were given"),
            (lambda: net.run(x, x=x), TypeError, "input 'x' is given twice"),
            (lambda: net.run(z=x), TypeError, "no input 'z'; it has 'x'"),
            (lambda: net.step(x[0, :0]), ValueError, "input 'x' has no streams"),
            (lambda: net.run(x, lengths=[1]), ValueError, r"lengths has shape \[1\]; expected \[2\]"),
            (lambda: net.run(x, lengths=[5, 1]), ValueError, "lengths has 5; expected 0 .. 4"),
            (lambda: net.run(x, state=net.state(3)), ValueError, "the inputs have 2 streams and the state has 3"),
            (lambda: net.run(x, state=Calls.net.state(2)), TypeError, "state is none of this network's"),
            (
                lambda: net.run(x, out=numpy.empty(3)),
                ValueError,
                r"out of 'h' has to be a contiguous, writable array \[4, 2, 5\]",
            ),
            (lambda: net.step(x[0], streams=[0]), TypeError, "state is none of this network's"),
            (lambda: net.step(x[0], state=net.state(3), streams=[0]), ValueError, "have 2 streams and `streams` has 1"),
            (lambda: net.step(x[0], state=net.state(3), streams=[1, 3]), ValueError, r"streams has 3; expected 0 .. 2"),
            (lambda: net.step(x[0], state=net.state(3), streams=[1, 1]), ValueError, "streams names a stream twice"),
            (
                lambda: net.step(x[0], state=net.state(3), streams=numpy.zeros(0, int)),
                ValueError,
                r"streams has shape \[0\]",
            ),
            (lambda: net.state(0), ValueError, "streams is 0; expected a whole number from 1 to"),
            (lambda: net.state(2).reset([True]), ValueError, r"which has shape \[1\]; expected \[2\]"),
        ]:
            with self.assertRaisesRegex(kind, message):
                call()
        ahead = rnnc.compile("cell A(x) -> y { y = x[t+1] }")
        with self.assertRaisesRegex(rnnc.Error, "needs the future, so that it has no step: use run"):
            ahead.step(numpy.float32(1))
        with self.assertRaisesRegex(rnnc.Error, "'A' needs whole sequences, so that it has no state to go on from: write"):
            ahead.state()

    def test_explain(self):
        self.assertIn("h_scan\n    scan: in a cycle through h[t-1]", rnnc.compile(ELMAN).explain())


if __name__ == "__main__":
    unittest.main()

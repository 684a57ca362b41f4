"""ONNX's own tests of the nodes LSTM, GRU and RNN, which its package makes, with `rnn import`: onnx_nodes.py RNN"""
import os, subprocess, sys, tempfile

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases


def largest_error(rnn, case):
    """Weights are inputs in these tests, and become initializers here; each sequence runs by itself."""
    graph, (inputs, results) = case.model.graph, case.data_sets[0]
    arrays = {value.name: array for value, array in zip(graph.input, inputs)}
    lengths = arrays.get("sequence_lens")
    second = any(a.name == "layout" and a.i for a in graph.node[0].attribute)
    x = arrays.pop("X") if second else arrays.pop("X").transpose(1, 0, 2)
    arrays.pop("sequence_lens", None)
    for value in [value for value in graph.input if value.name in arrays]:
        graph.input.remove(value)
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in arrays.items())
    onnx.save(case.model, "model.onnx")
    subprocess.run([rnn, "import", "model.onnx", "-o", "net.rnn", "-w", "net.safetensors"], check=True)
    outputs = [value.name for value in graph.output]
    files = [word for name in outputs for word in ("--output", f"{name}={name}.npy")]
    worst = 0
    for stream, sequence in enumerate(x):
        frames = len(sequence) if lengths is None else int(np.ravel(lengths)[stream])
        np.save("x.npy", sequence[:frames])
        subprocess.run([rnn, "run", "net.rnn", "--weights", "net.safetensors", "--input", "x.npy", *files], check=True, stdout=subprocess.DEVNULL)
        for i, name in enumerate(outputs):
            expected = np.take(results[i], stream, axis=0 if second else results[i].ndim - 2)
            if name == "Y":
                expected = expected[:frames]
            worst = max(worst, np.abs(np.load(name + ".npy").ravel() - expected.ravel()).max())
    return worst


def main():
    rnn, worst = os.path.abspath(sys.argv[1]), 0
    wanted = {"LSTM", "GRU", "RNN"}
    every = collect_testcases("")  # of all operators: it can be called only once
    cases = [case for case in every if len(case.model.graph.node) == 1 and case.model.graph.node[0].op_type in wanted]
    if {case.model.graph.node[0].op_type for case in cases} != wanted:
        sys.exit("the package lacks tests of LSTM, GRU or RNN")
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        for case in cases:
            error = largest_error(rnn, case)
            worst = max(worst, error)
            if not error <= 1e-6:
                sys.exit(f"{case.name}: outputs are {error:.2g} apart")
    print(f"{len(cases)} of ONNX {onnx.__version__}'s tests of LSTM, GRU and RNN: outputs at most {worst:.2g} apart")


main()

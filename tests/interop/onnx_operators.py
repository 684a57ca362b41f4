"""Compares ONNX Runtime with the programs that `rnn import` writes, for random attributes: onnx_operators.py RNN COUNT"""
import os, random, subprocess, sys, tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
FUNCTIONS = ["Relu", "Tanh", "Sigmoid", "Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu", "Softsign", "Softplus"]
BOUNDED = ["Tanh", "Sigmoid", "HardSigmoid", "Softsign"]  # of gates: with others values grow until they are infinite
WITH_ALPHA = {"Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu"}
WITH_BETA = {"Affine", "ScaledTanh", "HardSigmoid"}


def draw(rng):
    """A model of one recurrent node with random attributes, behind it Gemm and an activation now and then."""
    op, n, m = rng.choice(list(GATES)), rng.randint(1, 9), rng.randint(1, 7)
    direction = rng.choice(["forward", "reverse", "bidirectional"])
    directions = 2 if direction == "bidirectional" else 1
    value = lambda *shape: np.array([rng.uniform(-0.7, 0.7) for _ in range(int(np.prod(shape)))], "float32").reshape(shape)
    attributes = {"hidden_size": n, "direction": direction}
    tensors = {"W": value(directions, GATES[op] * n, m), "R": value(directions, GATES[op] * n, n)}
    inputs, outputs = ["X", "W", "R"], ["Y", "Y_h"]
    if rng.random() < 0.7:
        tensors["B"] = value(directions, 2 * GATES[op] * n)
    inputs.append("B" if "B" in tensors else "")
    if rng.random() < 0.6:
        functions = [rng.choice(FUNCTIONS) for _ in range({"LSTM": 2, "GRU": 1, "RNN": 1}[op])]
        functions = (functions if op == "RNN" else [rng.choice(BOUNDED)] + functions) * directions
        attributes["activations"] = functions
        alpha, beta = {f: rng.uniform(0.1, 0.9) for f in FUNCTIONS}, {f: rng.uniform(0.1, 0.9) for f in FUNCTIONS}
        if any(f in WITH_ALPHA for f in functions):
            attributes["activation_alpha"] = [alpha[f] for f in functions if f in WITH_ALPHA]
        if any(f in WITH_BETA for f in functions):
            attributes["activation_beta"] = [beta[f] for f in functions if f in WITH_BETA]
    if rng.random() < 0.3:
        attributes["clip"] = rng.uniform(0.2, 2)
    if op == "GRU":
        attributes["linear_before_reset"] = rng.randint(0, 1)
    if op == "LSTM":
        extra = rng.choice(["", "P", "input_forget"])
        if extra == "P":
            tensors["P"] = value(directions, 3 * n)
            inputs += ["", "", "", "P"]
        elif extra:
            attributes["input_forget"] = 1
        if directions == 1:
            outputs.append("Y_c")
    nodes = [helper.make_node(op, inputs, outputs, name="layer", **attributes)]
    initializers = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    if directions == 1 and rng.random() < 0.5:
        nodes += [helper.make_node("Squeeze", ["Y_h", "axes"], ["hidden"], name="squeeze"),
                  helper.make_node("Gemm", ["hidden", "head.weight", "head.bias"], ["logits"], name="head", transB=1),
                  helper.make_node("Softmax", ["logits"], ["p"], name="softmax")]
        initializers += [numpy_helper.from_array(np.array([0]), "axes"), numpy_helper.from_array(value(4, n), "head.weight"),
                         numpy_helper.from_array(value(4), "head.bias")]
        outputs.append("p")
    graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 1, m])],
                              [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", rng.choice([14, 17, 21]))], ir_version=9)
    return model, outputs, np.array([rng.uniform(-1, 1) for _ in range(12 * m)], "float32").reshape(12, 1, m)


def largest_error(rnn, model, outputs, x):
    onnx.save(model, "model.onnx")
    expected = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"]).run(outputs, {"X": x})
    subprocess.run([rnn, "import", "model.onnx", "-o", "net.rnn", "-w", "net.safetensors"], check=True)
    np.save("x.npy", x[:, 0])
    files = [word for name in outputs for word in ("--output", f"{name}={name}.npy")]
    subprocess.run([rnn, "run", "net.rnn", "--weights", "net.safetensors", "--input", "x.npy", *files], check=True, stdout=subprocess.DEVNULL)
    return max(np.max(np.abs(np.load(name + ".npy").ravel() - value.ravel()) / (1 + np.abs(value.ravel())))
               for name, value in zip(outputs, expected))


def main():
    rnn, count, worst = os.path.abspath(sys.argv[1]), int(sys.argv[2]), 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for seed in range(count):
            model, outputs, x = draw(random.Random(seed))
            error = largest_error(rnn, model, outputs, x)
            worst = max(worst, error)
            if not error <= 1e-5:
                sys.exit(f"seed {seed}: outputs are {error:.2g} apart\n{onnx.printer.to_text(model)}\n{open('net.rnn').read()}")
    print(f"{count} models, ONNX Runtime {onnxruntime.__version__}: outputs at most {worst:.2g} apart")


main()

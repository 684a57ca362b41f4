"""Compares ONNX Runtime with the programs that `rnn import` writes, for random attributes: onnx_operators.py RNN COUNT"""
import os, random, sys, tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import onnx_data

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
FUNCTIONS = ["Relu", "Tanh", "Sigmoid", "Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu", "Softsign", "Softplus"]
BOUNDED = ["Tanh", "Sigmoid", "HardSigmoid", "Softsign"]  # of gates: with others values grow until they are infinite
WITH_ALPHA = {"Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu"}
WITH_BETA = {"Affine", "ScaledTanh", "HardSigmoid"}


def turned(name, array):
    """An input or output of a node with layout = 1 as it is with layout = 0, and the other way round."""
    return array.transpose(2, 0, 1, 3) if name == "Y" else array.swapaxes(0, 1) if name in ("X", "Y_h", "Y_c", "initial_h", "initial_c") else array


def draw(rng):
    """A recurrent node with random attributes, behind it Gemm and an activation now and then: two models, with layout = 0, which
    is all that ONNX Runtime knows, and with a random one, and the inputs of the first."""
    op, n, m = rng.choice(list(GATES)), rng.randint(1, 9), rng.randint(1, 7)
    frames, sequences, layout = rng.randint(1, 12), rng.randint(1, 4), rng.randint(0, 1)
    direction = rng.choice(["forward", "reverse", "bidirectional"])
    directions = 2 if direction == "bidirectional" else 1
    value = lambda *shape: np.array([rng.uniform(-0.7, 0.7) for _ in range(int(np.prod(shape)))], "float32").reshape(shape)
    attributes = {"hidden_size": n, "direction": direction}
    tensors = {"W": value(directions, GATES[op] * n, m), "R": value(directions, GATES[op] * n, n)}
    given = {"X": value(frames, sequences, m)}
    slots, outputs = ["X", "W", "R", "", "", "", "", ""], ["Y", "Y_h"]
    if rng.random() < 0.7:
        tensors["B"], slots[3] = value(directions, 2 * GATES[op] * n), "B"
    if rng.random() < 0.5:
        given["lengths"], slots[4] = np.array([rng.randint(1, frames) for _ in range(sequences)], "int32"), "lengths"
    for slot, name in enumerate(["initial_h", "initial_c"][:2 if op == "LSTM" else 1], 5):
        kind = rng.choice(["none", "input", "constant"])
        slots[slot] = name if kind != "none" else ""
        if kind == "input":
            given[name] = value(directions, sequences, n)
        elif kind == "constant":
            tensors[name] = np.repeat(value(directions, 1, n), sequences, axis=1)
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
            tensors["P"], slots[7] = value(directions, 3 * n), "P"
        elif extra:
            attributes["input_forget"] = 1
        if rng.random() < 0.7:
            outputs.append("Y_c")
    while not slots[-1]:
        slots.pop()
    head, opset = directions == 1 and rng.random() < 0.5, rng.choice([14, 17, 21])
    tensors.update({"axes": np.array([0]), "head.weight": value(4, n), "head.bias": value(4)})

    def model(layout):
        nodes = [helper.make_node(op, slots, outputs, name="layer", **attributes, **({"layout": 1} if layout else {}))]
        if head:
            constants = {"axes": np.array([layout])}
            nodes += [helper.make_node("Squeeze", ["Y_h", "axes"], ["hidden"], name="squeeze"),
                      helper.make_node("Gemm", ["hidden", "head.weight", "head.bias"], ["logits"], name="head", transB=1),
                      helper.make_node("Softmax", ["logits"], ["p"], name="softmax")]
        else:
            constants = {}
        used = {name for node in nodes for name in node.input}
        own = {name: turned(name, array) if layout else array for name, array in {**tensors, **constants}.items() if name in used}
        own.update(constants)
        kind = lambda array: TensorProto.INT32 if array.dtype == np.int32 else TensorProto.FLOAT
        places = [helper.make_tensor_value_info(name, kind(array), [*(None,) * (array.ndim - 1), array.shape[-1]] if name == "X" else
                                                [None if k == 1 - layout and array.ndim == 3 or array.ndim == 1 else size
                                                 for k, size in enumerate((turned(name, array) if layout else array).shape)])
                  for name, array in given.items()]
        graph = helper.make_graph(nodes, "net", places, [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
                                                         for name in outputs + ["p"] * head],
                                  [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in own.items()])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)

    return model(0), model(layout), layout, given, outputs + ["p"] * head


def largest_error(rnn, folder, case):
    plain, model, layout, given, outputs = case
    session = onnxruntime.InferenceSession(plain.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = session.run(outputs, given)
    turn = lambda names, arrays: [np.ascontiguousarray(turned(name, array) if layout else array) for name, array in zip(names, arrays)]
    # Behind the ends of sequences ONNX Runtime leaves what it likes; nothing is compared there.
    onnx_data.write(folder, model, turn(given, given.values()), turn(outputs, expected))
    return onnx_data.check(rnn, folder, 1e-5)


def main():
    rnn, count, worst, failed = os.path.abspath(sys.argv[1]), int(sys.argv[2]), 0, 0
    with tempfile.TemporaryDirectory() as work:
        for seed in range(count):
            case = draw(random.Random(seed))
            folder = os.path.join(work, str(seed))
            apart, problem = largest_error(rnn, folder, case)
            worst = max(worst, apart)
            if problem:
                failed += 1
                print(f"seed {seed}: {problem}\n{onnx.printer.to_text(case[1])[:2000]}")
    print(f"{count - failed} of {count} models agree with ONNX Runtime {onnxruntime.__version__}: outputs at most {worst:.2g} apart")
    sys.exit(failed > 0)


main()

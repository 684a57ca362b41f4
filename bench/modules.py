#!/usr/bin/env python3
"""Layers of PyTorch, ONNX Runtime and Keras beside those of std.torch, std.onnx and std.keras: weights are saved under the names
that they have there, loaded by `rnn run` as they are, and outputs are compared.

    python3 bench/modules.py [BUILD]

BUILD (default: build) has bin/rnn. Compared is with those of torch, onnx with onnxruntime, and keras that this Python has (Keras with
an installed KERAS_BACKEND); where it has none of them, the script says so and ends with status 77. Exit status 1 if an output, in
float, differs by more than 1e-6."""
import json
import math
import os
import struct
import subprocess
import sys
import tempfile

try:
    import numpy
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

WIDTH, UNITS, FRAMES, SEQUENCES = 10, 24, 40, 3
TOLERANCE = 1e-6


def save(path, tensors):
    """Writes a safetensors file of float32 arrays."""
    header, data = {}, b""
    for name, array in tensors.items():
        array = numpy.ascontiguousarray(array, dtype="<f4")
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def load(path):
    """Reads a safetensors file of float32 arrays."""
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header, data = json.loads(file.read(length)), file.read()
    return {name: numpy.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
            for name, entry in header.items() if name != "__metadata__"}


class Case:
    """A layer: its call in the language, its weights by name, and its output for x [sequences, frames, width]."""

    def __init__(self, name, call, weights, output):
        self.name, self.call, self.output = name, call, numpy.asarray(output)
        self.weights = {f"{name}.{key}": numpy.asarray(value) for key, value in weights.items()}


def torch_cases(x):
    import torch

    def case(name, call, module):
        with torch.no_grad():
            output = module(torch.from_numpy(x))
        weights = {key: value.numpy() for key, value in module.state_dict().items()}
        return Case(name, f"torch.{call}", weights, (output[0] if isinstance(output, tuple) else output).numpy())

    def convolution(call, features, kernel, dilation, groups):
        module = torch.nn.Conv1d(WIDTH, features, kernel, dilation=dilation, groups=groups)
        padded = torch.nn.functional.pad(torch.from_numpy(x).transpose(1, 2), (dilation * (kernel - 1), 0))
        with torch.no_grad():
            output = module(padded).transpose(1, 2).numpy()
        name = f"{call.split('[')[0]}_of_{dilation}"
        return Case(name, f"torch.{call}", {key: value.numpy() for key, value in module.state_dict().items()}, output)

    torch.manual_seed(1)
    for kind, module in ("RNN", torch.nn.RNN), ("LSTM", torch.nn.LSTM), ("GRU", torch.nn.GRU):
        for count in 1, 2, 3:
            for both in False, True:
                number, direction = str(count) if count > 1 else "", "Bi" if both else ""
                options = {"num_layers": count, "bidirectional": both, "batch_first": True}
                yield case(f"{direction}{kind}{number}", f"{direction}{kind}{number}[{UNITS}]", module(WIDTH, UNITS, **options))
                if kind == "LSTM":
                    yield case(f"{direction}LSTMP{number}", f"{direction}LSTMP{number}[{UNITS}, 7]",
                               module(WIDTH, UNITS, proj_size=7, **options))
    yield case("RNN_relu", f"RNN[{UNITS}, relu]", torch.nn.RNN(WIDTH, UNITS, nonlinearity="relu", batch_first=True))
    yield case("Linear", f"Linear[{UNITS}]", torch.nn.Linear(WIDTH, UNITS))
    for kernel, dilation in (1, 1), (2, 1), (3, 1), (3, 4), (5, 2), (7, 1):
        yield convolution(f"Conv1d_{kernel}[{UNITS}{f', {dilation}' if kernel > 1 else ''}]", UNITS, kernel, dilation, 1)
        if kernel > 1:
            yield convolution(f"DepthwiseConv1d_{kernel}[{dilation}]", WIDTH, kernel, dilation, WIDTH)
    yield case("LayerNorm", "LayerNorm", torch.nn.LayerNorm(WIDTH))


def onnx_cases(x):
    import onnx
    import onnxruntime

    random = numpy.random.default_rng(2)

    def case(operator, both, call, peepholes=False, **attributes):
        gates, directions = {"RNN": 1, "GRU": 3, "LSTM": 4}[operator], 2 if both else 1
        shapes = {"W": (directions, gates * UNITS, WIDTH), "R": (directions, gates * UNITS, UNITS),
                  "B": (directions, 2 * gates * UNITS)}
        if peepholes:
            shapes["P"] = (directions, 3 * UNITS)
        weights = {key: random.uniform(-0.4, 0.4, shape).astype("f4") for key, shape in shapes.items()}
        inputs = ["X", "W", "R", "B"] + (["", "", "", "P"] if peepholes else [])
        node = onnx.helper.make_node(operator, inputs, ["Y"], hidden_size=UNITS,
                                     direction="bidirectional" if both else "forward", **attributes)
        value = lambda name: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        graph = onnx.helper.make_graph([node], operator, [value("X")], [value("Y")],
                                       [onnx.numpy_helper.from_array(array, key) for key, array in weights.items()])
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=8)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        output = session.run(None, {"X": x.transpose(1, 0, 2)})[0]  # [frames, directions, sequences, units]
        output = output.transpose(2, 0, 1, 3).reshape(SEQUENCES, FRAMES, directions * UNITS)
        return Case(call.split("[")[0] + ("_relu" if "relu" in call else ""), f"onnx.{call}", weights, output)

    for both in False, True:
        direction = "Bi" if both else ""
        yield case("RNN", both, f"{direction}RNN[{UNITS}]")
        yield case("RNN", both, f"{direction}RNN[{UNITS}, relu]", activations=["Relu"] * (1 + both))
        yield case("LSTM", both, f"{direction}LSTM[{UNITS}]")
        yield case("LSTM", both, f"{direction}PeepholeLSTM[{UNITS}]", peepholes=True)
        yield case("LSTM", both, f"{direction}CoupledLSTM[{UNITS}]", input_forget=1)
        yield case("GRU", both, f"{direction}GRU[{UNITS}]")
        yield case("GRU", both, f"{direction}LinearGRU[{UNITS}]", linear_before_reset=1)


def keras_cases(x):
    import keras

    keras.utils.set_random_seed(3)
    random = numpy.random.default_rng(4)

    def case(name, call, layer):
        layer.build(x.shape)
        for variable in layer.weights:  # biases too, which start at 0
            if "seed" not in variable.name:
                variable.assign(random.uniform(-0.4, 0.4, variable.shape))
        weights = {variable.name: variable.numpy() for variable in layer.weights if "seed" not in variable.name}
        return Case(name, f"keras.{call}", weights, keras.ops.convert_to_numpy(layer(x)))

    sequences = {"return_sequences": True}
    yield case("SimpleRNN", f"SimpleRNN[{UNITS}]", keras.layers.SimpleRNN(UNITS, **sequences))
    yield case("LSTM", f"LSTM[{UNITS}]", keras.layers.LSTM(UNITS, **sequences))
    yield case("LSTM_softsign", f"LSTM[{UNITS}, softsign]", keras.layers.LSTM(UNITS, activation="softsign", **sequences))
    yield case("GRU", f"GRU[{UNITS}]", keras.layers.GRU(UNITS, **sequences))
    yield case("GRU_before", f"GRU_reset_before[{UNITS}]", keras.layers.GRU(UNITS, reset_after=False, **sequences))
    yield case("Dense", f"Dense[{UNITS}, relu]", keras.layers.Dense(UNITS, activation="relu"))
    yield case("LayerNorm", "LayerNormalization", keras.layers.LayerNormalization())


def compare(build, module, cases, x):
    """Returns the largest difference of the outputs of all layers."""
    program = f"import std.{module}\nmodel layers {{\n  input x[{WIDTH}]\n"
    program += "".join(f"  output {case.name} = {case.call}(x)\n" for case in cases) + "}\n"
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, name)
        with open(path("layers.rnn"), "w", encoding="ascii") as file:
            file.write(program)
        save(path("weights.safetensors"), {key: value for case in cases for key, value in case.weights.items()})
        numpy.save(path("x.npy"), x)
        command = [os.path.join(build, "bin", "rnn"), "run", path("layers.rnn"), "--weights", path("weights.safetensors"),
                   "--input", path("x.npy"), "--output", path("y.safetensors")]
        subprocess.run(command, check=True, env={"CFLAGS": "-O0", **os.environ})
        outputs = load(path("y.safetensors"))
    worst = 0
    for case in cases:
        output = outputs[case.name]
        error = float(abs(output - case.output).max()) if output.shape == case.output.shape else math.inf
        error = math.inf if math.isnan(error) else error
        worst = max(worst, error)
        print(f"std.{module} {case.name:16} largest difference {error:.2g}")
    return worst


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
    x = numpy.random.default_rng(1).standard_normal((SEQUENCES, FRAMES, WIDTH)).astype("f4")
    worst, compared = 0, 0
    for module, make in ("torch", torch_cases), ("onnx", onnx_cases), ("keras", keras_cases):
        try:
            cases = list(make(x))
        except ImportError as missing:
            print(f"std.{module} is skipped: {missing}")
            continue
        worst = max(worst, compare(build, module, cases, x))
        compared += len(cases)
    print(f"{compared} layers, largest difference {worst:.2g}")
    return 77 if not compared else int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())

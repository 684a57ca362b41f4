#!/usr/bin/env python3
"""Weights of PyTorch in the layers of std.torch: a state_dict is saved, loaded by `rnn run` as it is, and outputs are compared.

    ~/.cache/rnnc-peers/python/bin/python bench/modules.py [BUILD]

BUILD (default: build) has bin/rnn. Any Python with torch will do; without it the script says so and ends with status 77. Exit
status 1 if an output of a layer, in float, differs by more than 1e-6."""
import json
import os
import struct
import subprocess
import sys
import tempfile

try:
    import numpy
    import torch
except ImportError as missing:
    print(f"skipped: {missing}; `sh bench/run.sh --install` installs PyTorch")
    sys.exit(77)

WIDTH, UNITS, FRAMES = 10, 24, 40
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


def layers():
    """Gives name, call in the language, and module of PyTorch."""
    for kind, module in ("RNN", torch.nn.RNN), ("LSTM", torch.nn.LSTM), ("GRU", torch.nn.GRU):
        for count in 1, 2, 3:
            for both in False, True:
                number = str(count) if count > 1 else ""
                name = f"{'Bi' if both else ''}{kind}{number}"
                options = {"num_layers": count, "bidirectional": both, "batch_first": True}
                yield name, f"{name}[{UNITS}]", module(WIDTH, UNITS, **options)
                if kind == "LSTM":
                    name = f"{'Bi' if both else ''}LSTMP{number}"
                    yield name, f"{name}[{UNITS}, 7]", module(WIDTH, UNITS, proj_size=7, **options)
    yield "RNN_relu", f"RNN[{UNITS}, relu]", torch.nn.RNN(WIDTH, UNITS, nonlinearity="relu", batch_first=True)
    yield "Linear", f"Linear[{UNITS}]", torch.nn.Linear(WIDTH, UNITS)
    yield "LayerNorm", "LayerNorm", torch.nn.LayerNorm(WIDTH)


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
    torch.manual_seed(1)
    x = torch.randn(3, FRAMES, WIDTH)
    program, weights, expected = f"import std.torch\nmodel layers {{\n  input x[{WIDTH}]\n", {}, {}
    for name, call, module in layers():
        program += f"  output {name} = torch.{call}(x)\n"
        weights |= {f"{name}.{key}": value.numpy() for key, value in module.state_dict().items()}
        with torch.no_grad():
            output = module(x)
        expected[name] = (output[0] if isinstance(output, tuple) else output).numpy()
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, name)
        with open(path("layers.rnn"), "w", encoding="ascii") as file:
            file.write(program + "}\n")
        save(path("weights.safetensors"), weights)
        numpy.save(path("x.npy"), x.numpy())
        command = [os.path.join(build, "bin", "rnn"), "run", path("layers.rnn"), "--weights", path("weights.safetensors"),
                   "--input", path("x.npy"), "--output", path("y.safetensors")]
        subprocess.run(command, check=True, env={"CFLAGS": "-O0", **os.environ})
        outputs = load(path("y.safetensors"))
        worst = 0
        for name, value in expected.items():
            error = float(abs(outputs[name] - value).max())
            worst = max(worst, error)
            print(f"{name:12} largest difference {error:.2g}")
    print(f"PyTorch {torch.__version__}: {len(expected)} layers, largest difference {worst:.2g}")
    return worst > TOLERANCE


if __name__ == "__main__":
    sys.exit(main())

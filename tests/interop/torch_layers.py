"""Compares layers of torch.nn with the programs that `rnn import` writes for them: torch_layers.py RNN"""
import itertools, json, os, struct, subprocess, sys, tempfile

import numpy as np
import torch


def save(path, tensors):
    header, at = {}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [at, at + 4 * value.numel()]}
        at += 4 * value.numel()
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(v.numpy().tobytes() for v in tensors.values()))


def largest_error(rnn, layer, arguments):
    x = torch.randn(20, 1, layer.input_size)
    save("module.safetensors", {"encoder." + name: value for name, value in layer.state_dict().items()})
    subprocess.run([rnn, "import", "module.safetensors", "-o", "net.rnn", "-w", "net.safetensors", *arguments], check=True)
    np.save("x.npy", x[:, 0].numpy())
    subprocess.run([rnn, "run", "net.rnn", "--weights", "net.safetensors", "--input", "x.npy", "--output", "y.npy"], check=True,
                   stdout=subprocess.DEVNULL)
    with torch.no_grad():
        return np.abs(np.load("y.npy") - layer(x)[0][:, 0].numpy()).max()


def main():
    rnn, worst, count = os.path.abspath(sys.argv[1]), 0, 0
    torch.manual_seed(1)
    kinds = [(torch.nn.LSTM, {}, []), (torch.nn.LSTM, {"proj_size": 5}, []), (torch.nn.GRU, {}, []),
             (torch.nn.RNN, {}, ["--as", "torch:rnn_tanh"]), (torch.nn.RNN, {"nonlinearity": "relu"}, ["--as", "torch:rnn_relu"])]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for (kind, extra, arguments), layers, both, bias in itertools.product(kinds, (1, 2, 4), (False, True), (True, False)):
            layer = kind(7, 12, num_layers=layers, bidirectional=both, bias=bias, **extra)
            error = largest_error(rnn, layer, arguments)
            worst, count = max(worst, error), count + 1
            if not error <= 1e-6:
                sys.exit(f"{layer}: outputs are up to {error:.2g} apart")
    print(f"{count} layers of PyTorch {torch.__version__}: outputs at most {worst:.2g} apart")


main()

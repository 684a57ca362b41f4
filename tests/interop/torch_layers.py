"""Compares modules of torch.nn with the programs that `rnn import` writes for them: torch_layers.py RNN"""
import itertools, json, os, struct, subprocess, sys, tempfile

import numpy as np
import torch


def save(path, tensors):
    header, at = {}, 0
    for name, value in tensors.items():
        size = value.element_size() * value.numel()
        header[name] = {"dtype": {torch.float32: "F32", torch.int64: "I64"}[value.dtype], "shape": list(value.shape),
                        "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(v.numpy().tobytes() for v in tensors.values()))


def run(rnn, tensors, arguments, x):
    """What the program that `rnn import` writes for the tensors computes of x."""
    save("module.safetensors", tensors)
    subprocess.run([rnn, "import", "module.safetensors", "-o", "net.rnn", "-w", "net.safetensors", *arguments], check=True)
    np.save("x.npy", x)
    subprocess.run([rnn, "run", "net.rnn", "--weights", "net.safetensors", "--input", "x.npy", "--output", "y.npy"], check=True,
                   stdout=subprocess.DEVNULL, env={"CFLAGS": "-O0", **os.environ})
    return np.load("y.npy")


def layer_error(rnn, layer, arguments):
    x = torch.randn(20, 1, layer.input_size)
    y = run(rnn, {"encoder." + name: value for name, value in layer.state_dict().items()}, arguments, x[:, 0].numpy())
    return np.abs(y - layer(x)[0][:, 0].numpy()).max()


def cell_error(rnn, cell, arguments):
    x, state, outputs = torch.randn(20, 1, cell.input_size), None, []
    for frame in x:
        state = cell(frame, state)
        outputs.append((state[0] if isinstance(state, tuple) else state)[0].numpy())
    return np.abs(run(rnn, {"cell." + name: value for name, value in cell.state_dict().items()}, arguments, x[:, 0].numpy())
                  - np.stack(outputs)).max()


class Causal(torch.nn.Conv1d):
    """Puts all zeros before the first frame."""

    def forward(self, x):
        return super().forward(torch.nn.functional.pad(x, (self.dilation[0] * (self.kernel_size[0] - 1), 0)))


def chains():
    """Modules by name, with `last` and functions between them, as --chain names them."""
    nn = torch.nn
    yield {"embedding": nn.Embedding(19, 8), "lstm": nn.LSTM(8, 12, 2), "head": nn.Linear(12, 5)}, "embedding,lstm,head"
    yield {"embed": nn.Embedding(19, 8), "gru": nn.GRU(8, 6, bidirectional=True), "fc1": nn.Linear(12, 7, bias=False),
           "fc2": nn.Linear(7, 3)}, "embed,gru,last,fc1,relu,fc2,softmax"
    yield {"inp": nn.Linear(8, 6), "norm": nn.LayerNorm(6), "a.lstm": nn.LSTM(6, 9, bias=False), "b.lstm": nn.LSTM(9, 4, 4),
           "out": nn.Linear(4, 2)}, "inp,tanh,norm,a.lstm,b.lstm,out,log_softmax"
    yield {"conv1": nn.Conv1d(8, 12, 5, padding=2), "bn1": nn.BatchNorm1d(12), "conv2": nn.Conv1d(12, 12, 3, groups=12, padding="same"),
           "conv3": nn.Conv1d(12, 6, 1, bias=False), "gru": nn.GRU(6, 7), "head": nn.Linear(7, 3)}, \
        "conv1:padding=2,bn1,relu,conv2:same,conv3,relu,gru,last,head"
    yield {"front": Causal(8, 10, 3), "tcn.0": Causal(10, 12, 4, dilation=2, groups=2), "tcn.1": Causal(12, 6, 2, dilation=4, bias=False),
           "norm": nn.LayerNorm(6), "lstm": nn.LSTM(6, 5), "fc": nn.Linear(5, 2)}, \
        "front:causal,relu,tcn.0:causal:dilation=2:groups=2,relu,tcn.1:causal:dilation=4,norm,lstm,fc"
    yield {"embedding": nn.Embedding(19, 8), "conv": nn.Conv1d(8, 6, 4, padding="same", dilation=3), "fc": nn.Linear(6, 2)}, \
        "embedding,conv:same:dilation=3,relu,max_over_time,fc"
    yield {"bn": nn.BatchNorm1d(8), "0": nn.GRU(8, 5, 2), "1": nn.Linear(5, 1)}, "bn,0,max_over_time,1,sigmoid"


def chain_error(rnn, modules, chain):
    """Frames are the batch of BatchNorm1d, which takes the features of each by themselves."""
    tensors, first = {}, chain.split(",")[0].split(":")[0]
    for name, module in modules.items():
        for parameter in module.parameters():
            torch.nn.init.uniform_(parameter, -0.6, 0.6)
        if isinstance(module, torch.nn.BatchNorm1d):
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
        module.eval()
        tensors.update({f"{name}.{key}": value for key, value in module.state_dict().items()})
    x = torch.randint(0, 19, (20,)) if isinstance(modules[first], torch.nn.Embedding) else torch.randn(20, 8)
    y = x
    for word in chain.split(","):
        name = word.split(":")[0]
        if isinstance(modules.get(name), torch.nn.Conv1d):  # of features and frames
            y = modules[name](y.T[None])[0].T
        elif name in modules:
            y = modules[name](y)
            y = y[0] if isinstance(y, tuple) else y
        else:
            y = {"last": lambda v: v[-1], "max_over_time": lambda v: v.max(0).values, "relu": torch.relu, "tanh": torch.tanh,
                 "sigmoid": torch.sigmoid, "softmax": lambda v: v.softmax(-1), "log_softmax": lambda v: v.log_softmax(-1)}[name](y)
    found = run(rnn, tensors, ["--chain", chain], x.numpy().astype("i4" if x.dim() == 1 else "f4"))
    return np.abs(found.reshape(y.shape) - y.numpy()).max()


def main():
    rnn, errors = os.path.abspath(sys.argv[1]), []
    torch.manual_seed(1)
    torch.set_grad_enabled(False)
    nn = torch.nn
    tanh, relu = ["--as", "torch:rnn_tanh"], ["--as", "torch:rnn_relu"]
    kinds = [(nn.LSTM, {}, []), (nn.LSTM, {"proj_size": 5}, []), (nn.GRU, {}, []), (nn.RNN, {}, tanh),
             (nn.RNN, {"nonlinearity": "relu"}, relu)]
    cells = [(nn.LSTMCell, {}, []), (nn.GRUCell, {}, []), (nn.RNNCell, {}, tanh), (nn.RNNCell, {"nonlinearity": "relu"}, relu)]

    def compare(what, error):
        errors.append(error)
        if not error <= 1e-6:
            sys.exit(f"{what}: outputs are up to {error:.2g} apart")

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for modules, chain in chains():
            compare(chain, chain_error(rnn, modules, chain))
        for (kind, extra, arguments), bias in itertools.product(cells, (True, False)):
            cell = kind(7, 12, bias=bias, **extra)
            compare(cell, cell_error(rnn, cell, arguments))
        for (kind, extra, arguments), layers, both, bias in itertools.product(kinds, (1, 2, 4), (False, True), (True, False)):
            layer = kind(7, 12, num_layers=layers, bidirectional=both, bias=bias, **extra)
            compare(layer, layer_error(rnn, layer, arguments))
    print(f"{len(errors)} layers, cells and chains of PyTorch {torch.__version__}: outputs at most {max(errors):.2g} apart")


main()

"""What PyTorch's two exporters write, with `rnn import --check` against PyTorch itself: onnx_torch.py RNN"""
import contextlib, io, logging, os, sys, tempfile, warnings

import torch
from torch import nn

import onnx_data


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 12)
        self.encoder = nn.LSTM(12, 8, num_layers=2, bidirectional=True, batch_first=True, dropout=0.2)
        self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, 5)

    def forward(self, ids):
        return torch.softmax(self.head(self.norm(self.encoder(self.embedding(ids))[0])), -1)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = nn.GRU(12, 8, num_layers=2, batch_first=True), nn.Linear(8, 5)

    def forward(self, x):
        y, h = self.encoder(x)
        return self.head(y[:, -1]), self.head(h[-1])


class Stateful(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = nn.LSTM(12, 8, num_layers=2), nn.Linear(8, 5)

    def forward(self, x, h, c):
        y, (h, c) = self.encoder(x, (h, c))
        return self.head(torch.relu(y)), h, c


class Convolved(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.conv = nn.Conv1d(12, 6, 3, padding=1)
        self.encoder, self.head = layer(6, 8, batch_first=True, bidirectional=True), nn.Linear(16, 5)

    def forward(self, x):
        y, h = self.encoder(torch.relu(self.conv(x.transpose(1, 2))).transpose(1, 2))
        return self.head(torch.cat([h[0], h[1]], -1)), y.mean(1)


def export(module, inputs, axes, dynamo, path):
    """axes: of inputs that are not fixed, by their names."""
    names = [f"x{i}" for i in range(len(inputs))]
    if dynamo:
        dims = {name: torch.export.Dim(name) for axis in axes for name in axis.values()}
        options = {"dynamic_shapes": tuple({k: dims[name] for k, name in axis.items()} for axis in axes)} if any(axes) else {}
    else:
        options = {"dynamic_axes": dict(zip(names, axes))} if any(axes) else {}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        torch.onnx.export(module, inputs, path, dynamo=dynamo, input_names=names, verbose=False, **options)


def main():
    rnn, worst, count, failed = os.path.abspath(sys.argv[1]), 0, 0, 0
    logging.disable(logging.WARNING)
    torch.manual_seed(0)
    frames, sequences, tokens = torch.randn(7, 3, 12), torch.randn(3, 7, 12), torch.randint(0, 50, (3, 7))
    both = (False, True)
    cases = [
        (Tagger(), (tokens,), [{0: "n", 1: "t"}], both),
        (Classifier(), (sequences,), [{0: "n", 1: "t"}], both),
        (Stateful(), (frames, torch.randn(2, 3, 8), torch.randn(2, 3, 8)), [{0: "t", 1: "n"}, {1: "n"}, {1: "n"}], both),
        (Convolved(nn.GRU), (sequences,), [{0: "n", 1: "t"}], both),
        (Convolved(nn.RNN), (sequences,), [{0: "n", 1: "t"}], (False,)),  # dynamo=True writes a node for each step of an nn.RNN
    ]
    with tempfile.TemporaryDirectory() as work:
        for module, inputs, axes, exporters in cases:
            module.eval()
            with torch.no_grad():
                outputs = module(*inputs)
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            for dynamo in exporters:
                for free in (axes, [{} for _ in axes]):
                    what = f"{type(module).__name__} of nn.{type(module.encoder).__name__}, dynamo={dynamo}, {'any' if free is axes else 'fixed'} shapes"
                    folder = os.path.join(work, what)
                    onnx_data.write(folder, None, [x.numpy() for x in inputs], [y.numpy() for y in outputs])
                    export(module, inputs, free, dynamo, os.path.join(folder, "model.onnx"))
                    apart, problem = onnx_data.check(rnn, folder, 1e-6)
                    worst, count, failed = max(worst, apart), count + 1, failed + (problem is not None)
                    if problem:
                        print(f"{what}: {problem}")
    print(f"{count - failed} of {count} exports of PyTorch {torch.__version__} agree with it: outputs at most {worst:.2g} apart")
    sys.exit(failed > 0)


main()

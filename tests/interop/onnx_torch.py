"""What PyTorch's two exporters write, with `rnn import --check` against PyTorch itself: onnx_torch.py RNN [CLASS...]"""
import contextlib, io, logging, os, sys, tempfile, warnings

import onnx, torch
from torch import nn

try:
    from onnxruntime.transformers.float16 import convert_float_to_float16 as halve
except ImportError:
    halve = None

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


class Spotter(nn.Module):
    """Keyword spotting, over [sequences, features, frames]: convolution with BatchNorm, a GRU, its last frame."""

    def __init__(self):
        super().__init__()
        self.conv, self.batch = nn.Conv1d(12, 8, 5, padding=2), nn.BatchNorm1d(8)
        self.depthwise, self.pointwise = nn.Conv1d(8, 8, 3, padding=1, groups=8, bias=False), nn.Conv1d(8, 10, 1)
        self.encoder, self.head = nn.GRU(10, 8, batch_first=True), nn.Linear(8, 5)

    def forward(self, x):
        y = torch.relu(self.batch(self.conv(x)))
        y = nn.functional.hardswish(self.pointwise(self.depthwise(y)))
        return torch.log_softmax(self.head(self.encoder(y.transpose(1, 2))[0][:, -1]), -1)


class Recogniser(nn.Module):
    """A sensor at each frame: Linear, LayerNorm, GELU, LSTM."""

    def __init__(self):
        super().__init__()
        self.enter, self.norm = nn.Linear(12, 10), nn.LayerNorm(10, eps=1e-6)
        self.encoder, self.head = nn.LSTM(10, 8, batch_first=True), nn.Linear(8, 5)

    def forward(self, x):
        y = nn.functional.gelu(self.norm(self.enter(x)))
        return self.head(nn.functional.layer_norm(self.encoder(y)[0], (8,)))


class Causal(nn.Module):
    """Convolutions that read the past alone: zeros put before the frames, or cut off behind them."""

    def __init__(self):
        super().__init__()
        self.conv, self.chomped = nn.Conv1d(12, 8, 3, dilation=2), nn.Conv1d(8, 8, 3, padding=4, dilation=2)
        self.batch, self.slope = nn.BatchNorm1d(8), nn.PReLU(8)
        self.encoder, self.head = nn.GRU(8, 8, batch_first=True), nn.Linear(8, 5)

    def forward(self, x):
        y = self.slope(self.batch(self.conv(nn.functional.pad(x.transpose(1, 2), (4, 0)))))
        y = y + nn.functional.elu(self.chomped(y)[:, :, :-4], 0.7)
        return self.head(self.encoder(y.transpose(1, 2))[0])


class Normalised(nn.Module):
    """Statistics of each frame by hand, and an LSTM in both directions."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.rand(12))
        self.encoder, self.head = nn.LSTM(12, 8, batch_first=True, bidirectional=True), nn.Linear(16, 5)

    def forward(self, x):
        rms = torch.sqrt(torch.mean(x ** 2, -1, keepdim=True) + 1e-5)
        y = self.scale * x / rms - x.sum(-1).unsqueeze(-1)
        return torch.sigmoid(self.head(nn.functional.hardtanh(self.encoder(y)[0], -0.5, 0.5))).mean(1)


class Gated(nn.Module):
    """A mask for spectra: exponentials, softplus, leaky and hard functions, over a GRU and what came in."""

    def __init__(self):
        super().__init__()
        self.encoder, self.batch, self.gate = nn.GRU(12, 8, batch_first=True), nn.BatchNorm1d(8), nn.Linear(8, 12)

    def forward(self, x):
        y = self.batch(self.encoder(torch.log(torch.exp(-x) + 1))[0].transpose(1, 2)).transpose(1, 2)
        y = nn.functional.leaky_relu(y, 0.2) + nn.functional.softplus(y) * torch.erf(y)
        return x * nn.functional.hardsigmoid(self.gate(torch.clamp(y, min=-0.5))).pow(2)


class Packed(nn.Module):
    """Sequences of several lengths, packed, with what is left at the end of each."""

    def __init__(self, layer):
        super().__init__()
        self.embedding = nn.Embedding(50, 12)
        self.encoder, self.head = layer(12, 8, batch_first=True, bidirectional=True), nn.Linear(16, 5)

    def forward(self, ids, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(ids), lengths, batch_first=True)
        y, h = self.encoder(packed)
        h = h[0] if isinstance(h, tuple) else h
        return nn.utils.rnn.pad_packed_sequence(y, batch_first=True)[0], self.head(torch.cat([h[-2], h[-1]], -1))


class Residual(nn.Module):
    """Blocks of a sequence model: LayerNorm, GRU, functions, Dropout, and what came in added to it."""

    def __init__(self):
        super().__init__()
        self.enter, self.norm = nn.Linear(12, 8), nn.ModuleList(nn.LayerNorm(8) for _ in range(2))
        self.encoder, self.second = nn.GRU(8, 8, batch_first=True), nn.LSTM(8, 8, batch_first=True)
        self.wide, self.back, self.drop = nn.Linear(8, 16), nn.Linear(16, 8), nn.Dropout(0.3)
        self.gelu, self.head = nn.GELU(approximate="tanh"), nn.Linear(8, 5)

    def forward(self, x):
        x = nn.functional.silu(self.enter(x))
        x = x + self.drop(self.encoder(self.norm[0](x))[0])
        x = x + self.drop(self.back(self.gelu(self.wide(self.second(self.norm[1](x))[0]))))
        return self.head(nn.functional.hardswish(x) * nn.functional.mish(x) - nn.functional.selu(x))


class Averaged(nn.Module):
    """Divides by the number of frames, which a file may leave open."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.GRU(12, 8, batch_first=True)

    def forward(self, x):
        return self.encoder(x)[0].amax(1) / x.shape[1]


class Strided(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.encoder = nn.Conv1d(12, 8, 3, stride=2, padding=1), nn.GRU(8, 8, batch_first=True)

    def forward(self, x):
        return self.encoder(self.conv(x.transpose(1, 2)).transpose(1, 2))[0]


REFUSED = {"Strided": "can be imported with stride 1 only",  # a program gives a frame for each that it is given
           "Averaged": "which follows from a number of frames or sequences that the file leaves open"}


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
    rnn, worst, halves, count, failed = os.path.abspath(sys.argv[1]), 0, 0, 0, 0
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
    any_sizes = [{0: "n", 1: "t"}]
    cases += [
        (Spotter(), (sequences.transpose(1, 2).contiguous(),), [{0: "n", 2: "t"}], both),
        (Recogniser(), (sequences,), any_sizes, both),
        (Causal(), (sequences,), any_sizes, both),
        (Normalised(), (sequences,), any_sizes, both),
        (Gated(), (sequences,), any_sizes, both),
        (Strided(), (sequences,), any_sizes, both),
        (Packed(nn.LSTM), (tokens, torch.tensor([7, 5, 2])), [{0: "n", 1: "t"}, {0: "n"}], (False,)),
        (Packed(nn.GRU), (tokens, torch.tensor([7, 7, 4])), [{0: "n", 1: "t"}, {0: "n"}], (False,)),
        (Residual(), (sequences,), any_sizes, both),
        (Averaged(), (sequences,), any_sizes, both),
    ]
    cases = [case for case in cases if len(sys.argv) < 3 or type(case[0]).__name__ in sys.argv[2:]]
    with tempfile.TemporaryDirectory() as work:
        for module, inputs, axes, exporters in cases:
            for batch in (part for part in module.modules() if isinstance(part, nn.BatchNorm1d)):
                for tensor in (batch.weight.data, batch.bias.data, batch.running_mean, batch.running_var):
                    tensor.copy_(torch.rand(tensor.shape) + 0.2)
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
                    refusal = REFUSED.get(type(module).__name__) if free is axes or not isinstance(module, Averaged) else None
                    if refusal:
                        problem = None if refusal in (problem or "") else f"is not refused with '{refusal}': {problem}"
                    worst, count, failed = max(worst, apart), count + 1, failed + (problem is not None)
                    if problem:
                        print(f"{what}: {problem}")
                    if halve and free is not axes and not refusal:
                        path = os.path.join(folder, "model.onnx")
                        onnx.save(halve(onnx.load(path), keep_io_types=True), path)
                        apart, problem = onnx_data.check(rnn, folder, 2e-3)
                        halves, count, failed = max(halves, apart), count + 1, failed + (problem is not None)
                        if problem:
                            print(f"{what}, in float16: {problem}")
    print(f"{count - failed} of {count} exports of PyTorch {torch.__version__} agree with it, or are refused as they should be: outputs at most {worst:.2g} apart, "
          f"{halves:.2g} in float16")
    sys.exit(failed > 0)


main()

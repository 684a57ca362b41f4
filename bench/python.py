"""Modules of rnnc.torch beside the same cells as PyTorch's users write them: the forward pass, and the forward and
backward pass.

    RNNC_PREFIX=build PYTHONPATH=python python3 bench/python.py [--nets NAME,...] [--streams N,...]
        [--peers loop,hoisted,compiled_loop,compiled_hoisted] [--frames N] [--rounds N] [--threads N]

loop: one call of the cell for each frame, its product with x within, as a cell of one's own is written, and as PyTorch's
benchmarks/fastrnns/custom_lstms.py has it. hoisted: the same by someone who has tuned it, with the products with x computed
for all frames at once in front of the loop. compiled_loop, compiled_hoisted: these through torch.compile, in functions of
BLOCK frames: one of all frames takes it minutes.

Outputs and gradients are compared first. The forward pass runs in eval mode within torch.no_grad(), as networks that are
trained do. A figure is the median over rounds, in each of which all systems take their turn, of CALLS calls, as a training
makes one behind the other; behind those of peers is in parentheses how many times rnnc's they are. --threads are those of
rnnc and of PyTorch alike. Needs PyTorch, and g++ for torch.compile. The first time, torch.compile takes long; it keeps what
it makes in TORCHINDUCTOR_CACHE_DIR."""

import argparse
import statistics
import time

import torch
from torch.nn import functional as F

import rnnc
import rnnc.torch

BLOCK = 8
CALLS = 3
FAR = 1e-4
N = 256


def layernorm_lstm(p, x):
    """What does not depend on the past, of a frame or of all; then the rest of the cell."""
    return F.layer_norm(x @ p["W_x"].T, (4 * N,), p["gain_x"], p["bias_x"]) + p["b"]


def layernorm_lstm_step(p, a, past):
    h, c = past
    f, i, o, g = (a + F.layer_norm(h @ p["W_h"].T, (4 * N,), p["gain_h"], p["bias_h"])).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(F.layer_norm(c, (N,), p["gain_c"], p["bias_c"]))
    return h, (h, c)


def mgu(p, x):
    return x @ torch.cat((p["W_f"][:, N:], p["W_h"][:, N:])).T + torch.cat((p["b_f"], p["b_h"]))


def mgu_weights(p):
    """The parts of the weights for h: within the loop each frame would take them apart, and backward put them together."""
    return {"U_f": p["W_f"][:, :N].T.contiguous(), "U_h": p["W_h"][:, :N].T.contiguous()}


def mgu_step(w, a, past):
    (h,) = past
    a_f, a_k = a.chunk(2, -1)
    f = torch.sigmoid(a_f + h @ w["U_f"])
    k = torch.tanh(a_k + (f * h) @ w["U_h"])
    h = (1 - f) * h + f * k
    return h, (h,)


def mgu_cell(p, x, past):
    """As the paper has it: products with h and x side by side."""
    (h,) = past
    f = torch.sigmoid(F.linear(torch.cat((h, x), -1), p["W_f"], p["b_f"]))
    k = torch.tanh(F.linear(torch.cat((f * h, x), -1), p["W_h"], p["b_h"]))
    h = (1 - f) * h + f * k
    return h, (h,)


def slstm(p, x):
    return x @ p["cell.W"].T + p["cell.b"]


def slstm_step(p, a, past):
    h, c, u, s = past
    z, i, f, o = (a + h @ p["cell.R"].T).chunk(4, -1)
    kept = F.logsigmoid(f) + s
    s = torch.maximum(kept, i)
    c = torch.exp(kept - s) * c + torch.exp(i - s) * torch.tanh(z)
    u = torch.exp(kept - s) * u + torch.exp(i - s)
    h = torch.sigmoid(o) * c / u
    return h, (h, c, u, s)


SLSTM = f"import std.cells\nmodel slstm {{ input x[{N}]\n cell = cells.sLSTM[{N}](x)\n output h = cell.h }}"


class Net:
    """program, consts: for rnnc. begin, step: what a hoisted peer computes for all frames, and then frame after frame, with
    what `weights` gives, or the parameters as they are. start: values of the past. cell: what a loop computes for a frame;
    None: begin and step, one after the other."""

    def __init__(self, program, consts, begin, step, start, weights=lambda p: p, cell=None):
        self.program, self.consts, self.begin, self.step, self.start = program, consts, begin, step, start
        self.weights = weights
        self.cell = cell or (lambda p, x, past: step(p, begin(p, x), past))


NETS = {
    "layernorm_lstm": Net(
        "examples/layernorm_lstm/layernorm_lstm.rnn", {"n": N}, layernorm_lstm, layernorm_lstm_step, (0, 0)
    ),
    "mgu": Net("examples/mgu/mgu.rnn", {"n": N}, mgu, mgu_step, (0,), mgu_weights, mgu_cell),
    "slstm": Net(SLSTM, {}, slstm, slstm_step, (0, 0, 0, -1e30)),
}
PEERS = ("loop", "hoisted", "compiled_loop", "compiled_hoisted")


def make_peer(net, parameters, peer):
    net = NETS[net]
    hoisted, compiled = peer.endswith("hoisted"), peer.startswith("compiled")
    step = net.step if hoisted else net.cell

    def block(frames, past, weights):
        hs = []
        for a in frames.unbind(0):
            h, past = step(weights, a, past)
            hs.append(h)
        return torch.stack(hs), past

    run = torch.compile(block, dynamic=False) if compiled else block

    def call(x):
        past = tuple(torch.full((x.shape[1], N), float(value), dtype=x.dtype) for value in net.start)
        weights = net.weights(parameters) if hoisted else parameters
        blocks = []
        for frames in (net.begin(parameters, x) if hoisted else x).split(BLOCK if compiled else len(x)):
            hs, past = run(frames, past, weights)
            blocks.append(hs)
        return torch.cat(blocks) if compiled else blocks[0]

    return call


def forward(call, x, _):
    with torch.no_grad():
        return call(x)


def both(call, x, leaves):
    for leaf in leaves:
        leaf.grad = None
    call(x).square().mean().backward()


def results(call, parameters, x):
    """Outputs, and the gradients of all parameters."""
    h = forward(call, x, [])
    both(call, x, parameters.values())
    return [h, *(p.grad.clone() for p in parameters.values())]


def compare(net, calls, parameters, x):
    """Holds outputs and gradients to those of the hoisted peer in double: no system may be further from them than FAR of the
    largest number, or a few times what PyTorch in float is, written in one way or the other."""
    doubles = {name: p.detach().double().requires_grad_() for name, p in parameters.items()}
    truth = results(make_peer(net, doubles, "hoisted"), doubles, x.double())

    def errors(call):
        values = results(call, parameters, x)
        return [((a - b).abs().max() / b.abs().max()).item() for a, b in zip(values, truth)]

    usual = [max(pair) for pair in zip(*(errors(make_peer(net, parameters, peer)) for peer in ("loop", "hoisted")))]
    for name, call in calls.items():
        for what, error, least in zip(["outputs", *parameters], errors(call), usual):
            if not error <= max(FAR, 4 * least):
                raise SystemExit(f"{net}: {what} of {name} are {error:.2g} off, and those of eager PyTorch {least:.2g}")


def measure(net, streams, options, peers):
    torch.compiler.reset()  # or else it stops to compile, as what it has is for other networks
    module = rnnc.torch.Module(rnnc.compile(NETS[net].program, threads=options.threads, **NETS[net].consts), seed=1)
    parameters = dict(module.named_parameters())
    leaves = list(parameters.values())
    calls = {"rnnc": module, **{peer: make_peer(net, parameters, peer) for peer in peers}}
    x = torch.randn(options.frames, streams, N, generator=torch.Generator().manual_seed(1))
    compare(net, calls, parameters, x)
    for what, work in (("forward", forward), ("forward+backward", both)):
        module.train(work is both)
        times = {name: [] for name in calls}
        for _ in range(options.rounds):
            for name, call in calls.items():
                for _ in range(CALLS):
                    begun = time.perf_counter()
                    work(call, x, leaves)
                    times[name].append(time.perf_counter() - begun)
        medians = {name: 1e6 * statistics.median(values) / options.frames for name, values in times.items()}
        own = medians.pop("rnnc")
        figures = [f"{own:.1f}", *(f"{value:.1f} ({value / own:.1f})" for value in medians.values())]
        print("| " + " | ".join([net, str(streams), what, *figures]) + " |", flush=True)


def list_of(names):
    def read(text):
        unknown = [name for name in text.split(",") if name not in names]
        if unknown:
            raise argparse.ArgumentTypeError(f"'{unknown[0]}' is none of {', '.join(names)}")
        return text.split(",")

    return read


def whole(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from 1 on")
    return int(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", type=list_of(tuple(NETS)), default=list(NETS))
    parser.add_argument("--streams", type=lambda text: [whole(n) for n in text.split(",")], default=[1, 16])
    parser.add_argument("--peers", type=list_of(PEERS), default=list(PEERS))
    parser.add_argument("--frames", type=whole, default=96)
    parser.add_argument("--rounds", type=whole, default=9)
    parser.add_argument("--threads", type=whole, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    heads = ["cell", "streams", "call", "rnnc, us a frame", *options.peers]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads), flush=True)
    for net in options.nets:
        for streams in options.streams:
            measure(net, streams, options, options.peers)


if __name__ == "__main__":
    main()

"""Modules of rnnc.torch beside the same cells as PyTorch's users write them, eager and through torch.compile: the forward
pass, and the forward and backward pass, on one thread.

    RNNC_PREFIX=build PYTHONPATH=python python3 bench/python.py [--nets NAME,...] [--streams N,...]
        [--peers eager,compiled] [--frames N] [--rounds N]

Outputs and gradients are compared first. In the peers the products with x are computed for all frames at once, and
torch.compile has functions of BLOCK frames: one of all frames takes it minutes. A figure is the median over rounds, in each
of which all systems take their turn. Needs PyTorch, and g++ for torch.compile. The first time, torch.compile takes long; it
keeps what it makes in TORCHINDUCTOR_CACHE_DIR."""

import argparse
import statistics
import time

import torch
from torch.nn import functional as F

import rnnc
import rnnc.torch

BLOCK = 8
FAR = 1e-4
N = 256


def layernorm_lstm(p, x):
    """The products with x, for all frames; then a step."""
    return F.layer_norm(x @ p["W_x"].T, (4 * N,), p["gain_x"], p["bias_x"]) + p["b"]


def layernorm_lstm_step(p, a, past):
    h, c = past
    f, i, o, g = (a + F.layer_norm(h @ p["W_h"].T, (4 * N,), p["gain_h"], p["bias_h"])).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(F.layer_norm(c, (N,), p["gain_c"], p["bias_c"]))
    return h, (h, c)


def mgu(p, x):
    return x @ torch.cat((p["W_f"][:, N:], p["W_h"][:, N:])).T + torch.cat((p["b_f"], p["b_h"]))


def mgu_step(p, a, past):
    (h,) = past
    a_f, a_k = a.chunk(2, -1)
    f = torch.sigmoid(a_f + h @ p["W_f"][:, :N].T)
    k = torch.tanh(a_k + (f * h) @ p["W_h"][:, :N].T)
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
# name: program, its constants, the two functions of the peers, start values of the past
NETS = {
    "layernorm_lstm": (
        "examples/layernorm_lstm/layernorm_lstm.rnn",
        {"n": N},
        layernorm_lstm,
        layernorm_lstm_step,
        (0, 0),
    ),
    "mgu": ("examples/mgu/mgu.rnn", {"n": N}, mgu, mgu_step, (0,)),
    "slstm": (SLSTM, {}, slstm, slstm_step, (0, 0, 0, -1e30)),
}


def make_peer(net, parameters, compiled):
    _, _, begin, step, start = NETS[net]

    def block(frames, past):
        hs = []
        for a in frames.unbind(0):
            h, past = step(parameters, a, past)
            hs.append(h)
        return torch.stack(hs), past

    run = torch.compile(block, dynamic=False) if compiled else block

    def call(x):
        past = tuple(torch.full((x.shape[1], N), float(value), dtype=x.dtype) for value in start)
        blocks = []
        for frames in begin(parameters, x).split(BLOCK if compiled else len(x)):
            hs, past = run(frames, past)
            blocks.append(hs)
        return torch.cat(blocks)

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
    """Holds outputs and gradients to those of the eager peer in double: no system may be further from them than FAR of the
    largest number, or a few times what eager in float is."""
    doubles = {name: p.detach().double().requires_grad_() for name, p in parameters.items()}
    truth = results(make_peer(net, doubles, False), doubles, x.double())
    eager = results(make_peer(net, parameters, False), parameters, x)

    def errors(values):
        return [((a - b).abs().max() / b.abs().max()).item() for a, b in zip(values, truth)]

    usual = errors(eager)
    for name, call in calls.items():
        for what, error, least in zip(["outputs", *parameters], errors(results(call, parameters, x)), usual):
            if not error <= max(FAR, 4 * least):
                raise SystemExit(f"{net}: {what} of {name} are {error:.2g} off, and those of eager PyTorch {least:.2g}")


def measure(net, streams, frames, rounds, peers):
    program, consts, *_ = NETS[net]
    module = rnnc.torch.Module(rnnc.compile(program, threads=1, **consts), seed=1)
    parameters = dict(module.named_parameters())
    leaves = list(parameters.values())
    calls = {"rnnc": module, **{name: make_peer(net, parameters, name == "compiled") for name in peers}}
    x = torch.randn(frames, streams, N, generator=torch.Generator().manual_seed(1))
    compare(net, calls, parameters, x)
    for what, work in (("forward", forward), ("forward+backward", both)):
        times = {name: [] for name in calls}
        for _ in range(rounds):
            for name, call in calls.items():
                begun = time.perf_counter()
                work(call, x, leaves)
                times[name].append(time.perf_counter() - begun)
        medians = {name: 1e6 * statistics.median(values) / frames for name, values in times.items()}
        figures = [f"{value:.1f}" for value in medians.values()]
        figures += [f"{medians[name] / medians['rnnc']:.1f}" for name in peers]
        print("| " + " | ".join([net, str(streams), what, *figures]) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", default=",".join(NETS))
    parser.add_argument("--streams", default="1,16")
    parser.add_argument("--peers", default="eager,compiled")
    parser.add_argument("--frames", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    torch.set_num_threads(1)
    peers = options.peers.split(",")
    heads = ["cell", "streams", "call", "rnnc, us a frame", *peers, *(f"{name} / rnnc" for name in peers)]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads), flush=True)
    for net in options.nets.split(","):
        for streams in options.streams.split(","):
            measure(net, int(streams), options.frames, options.rounds, peers)


if __name__ == "__main__":
    main()

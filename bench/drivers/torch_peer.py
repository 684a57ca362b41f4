"""PyTorch: torch.nn.LSTM and GRU, and other cells as their users write them: input products of all frames at once, gates that
may be in one product in one, then frame by frame. With the argument `compiled`, what has no kernel goes through torch.compile."""
import sys

import torch
from torch.nn import functional as F

from peer import CELLS, Loaded, Unknown, serve, threads

compiled = len(sys.argv) > 1 and sys.argv[1] == "compiled"
torch.set_num_threads(threads)
BLOCK = 8  # frames that are compiled as one function


def stack(p, prefix, *gates):
    return torch.cat([p[prefix + gate] for gate in gates])


def mgu(p, a, h):
    f = torch.sigmoid(a[0] + h @ p["U_f"].T)
    k = torch.tanh(a[1] + (f * h) @ p["U_k"].T)
    h = (1 - f) * h + f * k
    return h, h


def gru_before(p, a, h):
    r, z = torch.sigmoid(torch.cat((a[0], a[1]), -1) + h @ p["U"].T).chunk(2, -1)
    k = torch.tanh(a[2] + (r * h) @ p["U_k"].T)
    h = (1 - z) * k + z * h
    return h, h


def peephole(p, a, past):
    h, c = past
    u_i, u_f, u_g, u_o = (h @ p["U"].T).chunk(4, -1)
    i = torch.sigmoid(a[0] + u_i + p["p_i"] * c)
    f = torch.sigmoid(a[1] + u_f + p["p_f"] * c)
    c = f * c + i * torch.tanh(a[2] + u_g)
    h = torch.sigmoid(a[3] + u_o + p["p_o"] * c) * torch.tanh(c)
    return h, (h, c)


def highway(p, a, s):
    for depth in "123":
        k, g = (s @ p["R" + depth].T).chunk(2, -1)
        k, g = (k + a[0], g + a[1]) if depth == "1" else (k + p["b_h" + depth], g + p["b_t" + depth])
        g = torch.sigmoid(g)
        s = g * torch.tanh(k) + (1 - g) * s
    return s, s


def sru(p, a, c):
    f = torch.sigmoid(a[1])
    c = f * c + (1 - f) * a[0]
    r = torch.sigmoid(a[2])
    return r * torch.tanh(c) + (1 - r) * a[3], c


def mingru(p, a, h):
    z = torch.sigmoid(a[0])
    h = (1 - z) * h + z * a[1]
    return h, h


STEPS = {step.__name__: step for step in (mgu, gru_before, peephole, highway, sru, mingru)}


class Cell(torch.nn.Module):
    """One layer of a cell of the table CELLS."""

    def __init__(self, task):
        super().__init__()
        self.net = task.net
        self.step = STEPS[task.net]
        self.gates, self.recurrent, self.states = CELLS[task.net]
        for name, numbers in task.parameters("h.").items():
            self.register_parameter(name, torch.nn.Parameter(torch.from_numpy(numbers)))
        self.chunk = torch.compile(self.run_block, dynamic=False) if compiled else self.run_block
        self.block = BLOCK if compiled else task.frames

    def run_block(self, p, products, past):
        out = []
        for t in range(products[0].shape[0]):
            h, past = self.step(p, [product[t] for product in products], past)
            out.append(h)
        return torch.stack(out), past

    def forward(self, x):
        p = dict(self.named_parameters())
        bias = {"sru": lambda: torch.cat((torch.zeros_like(p["b_f"]), p["b_f"], p["b_r"])),
                "highway": lambda: torch.cat((p["b_h1"], p["b_t1"]))}
        b = bias[self.net]() if self.net in bias else stack(p, "b_", *self.gates)
        products = list(F.linear(x, stack(p, "W_", *self.gates), b).chunk(len(self.gates), -1))
        if self.net == "sru":
            products.append(x)
        if self.recurrent:
            p["U"] = stack(p, "U_", *self.recurrent)
        if self.net == "highway":
            for depth in "123":
                p["R" + depth] = stack(p, "R_", "h" + depth, "t" + depth)
        zero = torch.zeros(x.shape[1], x.shape[2])
        past, out = zero if self.states == 1 else (zero,) * self.states, []
        for t in range(0, x.shape[0], self.block):
            h, past = self.chunk(p, [product[t : t + self.block] for product in products], past)
            out.append(h)
        return torch.cat(out)


def library(task, cell, inputs, layers, prefixes):
    """torch.nn.LSTM or GRU with the task's weights."""
    net = getattr(torch.nn, cell.upper())(inputs, task.units, layers)
    gates = {"lstm": 4, "gru": 3}[cell]
    with torch.no_grad():
        for layer, prefix in enumerate(prefixes):
            for name, letter in (("weight_ih", "W"), ("weight_hh", "U"), ("bias_ih", "b"), ("bias_hh", "d")):
                parameter = getattr(net, f"{name}_l{layer}")
                if letter == "d" and cell == "lstm":
                    parameter.zero_()
                else:
                    shape = (gates * task.units, -1) if letter in "WU" else (-1,)
                    parameter.copy_(torch.from_numpy(task.numbers(f"{prefix}.{letter}", *shape)))
    return net


class Language(torch.nn.Module):
    def __init__(self, task):
        super().__init__()
        half = task.units // 2
        tensor = lambda name, *shape: torch.nn.Parameter(torch.from_numpy(task.numbers(name, *shape)))
        self.E, self.P, self.v = tensor("E", -1, half), tensor("P", half, task.units), tensor("v", -1)
        self.first = library(task, "lstm", half, 1, ["h1"])
        self.second = library(task, "lstm", task.units, 1, ["h2"])

    def forward(self, x):
        h = self.second(self.first(F.embedding(x, self.E))[0])[0]
        return F.linear(F.linear(h, self.P), self.E, self.v)


class Torch(Loaded):
    def __init__(self, task):
        self.task = task
        self.x = torch.from_numpy(task.sequence("x"))
        if task.net in ("lstm", "gru"):
            if compiled:
                raise Unknown("torch.compile leaves torch.nn.LSTM and GRU as they are")
            self.net = library(task, task.net, task.units, task.layers, [f"h.{i}" for i in range(task.layers)])
        elif task.net == "language":
            self.net = torch.compile(Language(task)) if compiled else Language(task)
        else:
            self.net = Cell(task)
        if task.call == "train":
            self.y = torch.from_numpy(task.sequence("y"))
        else:
            self.net.eval()
        if task.call == "step" and task.net not in ("lstm", "gru"):
            raise Unknown("a step of this cell was not written")
        self.past, self.kept, self.keep = None, [], False

    def reset(self):
        self.past, self.kept, self.keep = None, [], True

    def call(self, frame):
        if self.task.call == "train":
            self.net.zero_grad()
            out = self.net(self.x)
            loss = F.mse_loss(out[0] if self.task.net in ("lstm", "gru") else out, self.y)
            loss.backward()
            return
        with torch.inference_mode():
            if self.task.call == "step":
                self.out, self.past = self.net(self.x[frame : frame + 1], self.past)
                if self.keep:
                    self.kept.append(self.out)
            else:
                out = self.net(self.x)
                self.out = out[0] if self.task.net in ("lstm", "gru") else out

    def results(self):
        self.keep = False
        if self.task.call == "train":
            return {self.name(name): parameter.grad.numpy() for name, parameter in self.net.named_parameters()}
        return {"scores" if self.task.net == "language" else "h": torch.cat(self.kept).numpy() if self.kept else self.out.numpy()}

    def name(self, name):
        """The program's name of a parameter."""
        if self.task.net not in ("lstm", "gru"):
            return "h." + name
        kind, layer = name.rsplit("_l", 1)
        return f"h.{layer}." + {"weight_ih": "W", "weight_hh": "U", "bias_ih": "b", "bias_hh": "d"}[kind]


serve(torch.__version__.split("+")[0] + (", torch.compile" if compiled else ""), Torch)

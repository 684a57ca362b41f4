"""PyTorch's modules for the networks of bench/applications.txt, as their users put them together. Arguments: eager, traced (frozen by
torch.jit) or compiled (torch.compile), and then maybe `plain`, without oneDNN."""
import sys
import warnings

import torch

from peer import Loaded, Unknown, serve, threads

way, onednn = sys.argv[1], sys.argv[2:] != ["plain"]
torch.set_num_threads(threads)
torch.backends.mkldnn.set_flags(onednn)
warnings.simplefilter("ignore")

# name -> module, prefixes of its layers and directions in files, ids
NETWORKS = {
    "char_lm": (torch.nn.LSTM, ["h1.", "h2."], ["x"]),
    "word_lm": (torch.nn.LSTM, ["h."], ["word"]),
    "digits": (torch.nn.LSTM, ["lower.", "upper."], []),
    "sentence_polarity": (torch.nn.LSTM, ["h."], ["word"]),
    "babi_qa1": (torch.nn.GRU, ["h."], ["word"]),
    "tagging": (torch.nn.LSTM, ["before.", "behind."], ["word", "shape"]),
}
FORGET = 1  # what the programs add to the forget gate


def tensor(task, name, *shape):
    return torch.from_numpy(task.numbers(name, *shape))


def recurrent(task, kind, prefixes):
    """The module, with the layers' weights."""
    both = task.net == "tagging"
    gates = 4 if kind is torch.nn.LSTM else 3
    inputs = task.numbers(prefixes[0] + "W", -1).size // (gates * task.units)
    net = kind(inputs, task.units, 1 if both else len(prefixes), bidirectional=both)
    for i, prefix in enumerate(prefixes):
        suffix = "_l0" + "_reverse" * i if both else f"_l{i}"
        b, rest = tensor(task, prefix + "b", -1).clone(), torch.zeros(gates * task.units)
        if kind is torch.nn.LSTM:
            b[task.units : 2 * task.units] += FORGET
        else:
            rest[2 * task.units :] = tensor(task, prefix + "b_k", -1)
        with torch.no_grad():
            for name, numbers in (("weight_ih", tensor(task, prefix + "W", gates * task.units, -1)),
                                  ("weight_hh", tensor(task, prefix + "U", gates * task.units, -1)), ("bias_ih", b), ("bias_hh", rest)):
                getattr(net, name + suffix).copy_(numbers)
    return net


class Network(torch.nn.Module):
    def __init__(self, task):
        super().__init__()
        kind, prefixes, ids = NETWORKS[task.net]
        self.net = task.net
        self.embeddings = torch.nn.ModuleList(torch.nn.Embedding.from_pretrained(table) for table in tables(task, ids))
        self.rnn = recurrent(task, kind, prefixes)
        bias = tensor(task, "b", -1)
        self.head = torch.nn.Linear(task.numbers("W", len(bias), -1).shape[1], len(bias))
        with torch.no_grad():
            self.head.weight.copy_(tensor(task, "W", len(bias), -1))
            self.head.bias.copy_(bias)

    def forward(self, *inputs):
        x = torch.cat([table(ids) for table, ids in zip(self.embeddings, inputs)], -1) if len(self.embeddings) else inputs[0]
        h = self.rnn(x.flip(0) if self.net == "babi_qa1" else x)[0]
        if self.net in ("digits", "babi_qa1"):
            h = h[-1]
        elif self.net == "sentence_polarity":
            h = h.mean(0)
        return torch.softmax(self.head(h), -1)


def tables(task, ids):
    """The embeddings: their width is what the first layer reads, or the rest of it."""
    if not ids:
        return []
    gates = 3 if NETWORKS[task.net][0] is torch.nn.GRU else 4
    width = task.numbers(NETWORKS[task.net][1][0] + "W", -1).size // (gates * task.units)
    if len(ids) == 1:
        return [tensor(task, "E", -1, width)]
    shapes = tensor(task, "S", 8, -1)
    return [tensor(task, "E", -1, width - shapes.shape[1]), shapes]


class Application(Loaded):
    def __init__(self, task):
        if task.net not in NETWORKS:
            raise Unknown("no modules for it were written")
        network = Network(task).eval()
        self.inputs = [torch.from_numpy(task.sequence(name)) for name in NETWORKS[task.net][2] or ["x"]]
        with torch.inference_mode():
            if way == "traced":
                network = torch.jit.freeze(torch.jit.trace(network, self.inputs))
            elif way == "compiled":
                network = torch.compile(network, dynamic=False)
            self.network = network
            for _ in range(3):  # torch.jit.freeze and torch.compile go on at the first calls
                self.call(0)

    def call(self, _):
        with torch.inference_mode():
            self.out = self.network(*self.inputs)

    def results(self):
        return {"p": self.out.numpy()}


serve(torch.__version__.split("+")[0], Application)

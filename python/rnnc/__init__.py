"""rnnc: recurrent neural networks, compiled from their equations.

    net = rnnc.compile("lstm.rnn", n=256)
    net.load("lstm.safetensors")
    h = net.run(x)                      # x: float32, [frames, streams, 256]

`rnnc.torch` has a torch.nn.Module of such a network. docs/python.md is the manual.
"""

from ._errors import CompileError, Error
from ._network import Network, compile
from ._state import State

__all__ = ["CompileError", "Error", "Network", "State", "compile"]

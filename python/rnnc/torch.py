"""Networks as modules of PyTorch, whose forward and backward passes are compiled C.

    net = rnnc.compile("cell.rnn", n=256)
    module = rnnc.torch.Module(net)
    h = module(x)                       # x: [frames, streams, units]
    h.square().mean().backward()        # gradients of parameters and inputs

Gradients come from the network's NAME_vjp_forward and NAME_vjp_backward (docs/training.md), through
torch.autograd.Function.
"""

import contextlib
import copy
import ctypes
import threading

import torch

from . import _arguments
from ._autograd import Call, Function, Transformed, is_transformed
from ._errors import Error
from ._model import describe
from ._network import Network
from ._state import Memory
from ._state import State as PlainState
from ._torch_inputs import check_not_recorded, check_tensor, take_input

_memcmp = ctypes.CDLL(None).memcmp  # torch.equal takes four times as long
_memcmp.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
_DTYPES = {"float32": torch.float32, "float64": torch.float64}


class State(PlainState):
    """The past of some streams, through which gradients go: a call of a Module that is given one goes on from it, and
    leaves in it the past that is then, computed by this call from that before.

    It holds on to what the backward passes of all these calls need. `detach` lets go of it, and makes the past a constant,
    as between the windows of truncated backpropagation. A copy has the same past, with gradients to the same calls.
    """

    _adjoint = None  # a tensor of as many numbers as the past's adjoint; its values are nothing, its gradient is that
    _version = 0  # how often the past has changed

    def _find_calls(self):
        return self._network._vjp

    def _begin(self, streams):
        super()._begin(streams)
        self._adjoint = None

    def detach(self):
        """Makes the past a constant, and returns this state."""
        with self:
            self._adjoint = None
        return self

    def reset(self, which=None):
        super().reset(which)
        self._version += 1
        if which is None or all(which):
            self.detach()

    def _copy(self):
        other = super()._copy()
        other._adjoint, other._version = self._adjoint, self._version
        return other


class Module(torch.nn.Module):
    """A compiled network as a module of PyTorch.

    net: of rnnc.compile. Its weights, if it has any, are the module's first ones; otherwise they are drawn with `seed`.
    Parameters have the program's names, with a module for each name in front of a point, so that a state_dict has the
    same keys as a weights file. They share one block of memory, which compiled code reads without a copy; parameters
    that are fixed in the program are buffers.

    Calls take the inputs as Network.run does, and lengths; each is a whole sequence from its beginning, unless it is
    given a `state` to go on from: one of `state(streams, gradients=True)`, through which gradients go, or, within
    torch.no_grad(), a plain one.
    """

    def __init__(self, net, seed=0):
        super().__init__()
        if not isinstance(net, Network):
            raise TypeError(f"a module is made from what rnnc.compile gives, not from {type(net).__name__}")
        self._net = net.differentiable()
        self._through = None  # the network that states with gradients are of, from the first one on
        self._dtype = _DTYPES[net.dtype.name]
        if net._weights.packed is None:
            net.init(seed)
        self._begin()
        for tensor in net._tensors:
            part = self._part(tensor)
            part.copy_(torch.from_numpy(net.parameters[tensor.name]))
            self._register(tensor, part)

    def _begin(self):
        """Makes what is this module's alone, and no copy's."""
        self._lock = threading.Lock()
        self._packed = None
        self._block = torch.empty(self._net._weights.values.size, dtype=self._dtype)
        begin, size = self._block.data_ptr(), self._block.element_size()
        self._places = [
            (tuple(tensor.name.split(".")[:-1]), tensor.name.split(".")[-1], tensor.shape, begin + tensor.offset * size)
            for tensor in self._net._tensors
        ]

    def _part(self, tensor):
        return self._block[tensor.offset : tensor.offset + tensor.elements].view(tensor.shape)

    def _register(self, tensor, part):
        owner, names = self, tensor.name.split(".")
        try:
            for name in names[:-1]:
                if name not in owner._modules:
                    owner.add_module(name, torch.nn.Module())
                owner = owner._modules[name]
            name = names[-1]
            if tensor.is_fixed:
                owner.register_buffer(name, part)
            else:
                owner.register_parameter(name, torch.nn.Parameter(part))
        except KeyError:
            raise Error(
                f"a module of PyTorch cannot have the parameter '{tensor.name}', as '{name}' is a name of its own: "
                "rename it in the program"
            ) from None

    @property
    def net(self):
        """The network; its own weights are not the module's."""
        return self._net

    def state(self, streams=1, gradients=False):
        """The state of streams that begin: plain, for calls within torch.no_grad(), or one that gradients go through."""
        if not gradients:
            return self._net.state(streams)
        with self._lock:
            if self._through is None:
                self._through = self._net.differentiable(states=True)
        return State(self._through, streams)

    def forward(self, *inputs, state=None, lengths=None, **named):
        net = self._through if isinstance(state, State) and self._through is not None else self._net
        check_not_recorded(inputs)
        transformed = is_transformed()
        if transformed and state is not None:
            raise Error(
                "torch.func cannot follow a state: give initial states as inputs and take final ones as outputs"
            )
        values = [
            take_input(tensor, value, self._dtype)
            for tensor, value in zip(net.inputs, _arguments.match(net.inputs, inputs, named))
        ]
        extent = _arguments.extent(net.inputs, [tuple(value.shape) for value in values], is_step=False)
        if not extent.frames:
            raise ValueError(
                "the inputs have no frames"
                if extent.frames == 0
                else "the network has no input with frames, so that nothing says how many there are"
            )
        streams = net._streams(extent, state)
        if isinstance(lengths, torch.Tensor):
            if torch._C._functorch.is_batchedtensor(lengths):
                raise Error("torch.func.vmap cannot map over lengths: give the batch as streams of one call")
            lengths = lengths.cpu()
        lengths = net._take_lengths(lengths, extent.frames, streams)
        weights = self._take_weights()
        through = isinstance(state, State)
        with state if through else contextlib.nullcontext():
            past = state._adjoint if through else None
            keeps = transformed or (
                torch.is_grad_enabled() and any(t.requires_grad for t in [*values, *weights, past] if t is not None)
            )
            if state is not None and not through and keeps:
                raise Error(
                    "no gradient goes through this state: use it within torch.no_grad(), or make it with gradients=True"
                )
            call = Call(self, net, extent._replace(streams=streams), state, through, lengths, keeps)
            results = (Transformed if transformed else Function).apply(call, past, *values, *weights)
            if keeps:
                *results, _ = results
            if through:
                *results, adjoint = results
                state._version += 1
                state._adjoint = adjoint if keeps else None
        return results[0] if len(results) == 1 else {t.name: result for t, result in zip(net.outputs, results)}

    def _take_weights(self):
        weights = []
        for modules, last, shape, _ in self._places:
            owner = self
            for name in modules:
                owner = getattr(owner, name)
            weight = owner._parameters.get(last)
            if weight is None:  # a buffer, or parametrized
                weight = getattr(owner, last)
            if weight is None:
                name = ".".join((*modules, last))
                raise ValueError(
                    f"parameter '{name}' is None; expected a torch.nn.Parameter of shape {describe(shape)}"
                )
            if weight.dtype is not self._dtype or not weight.is_cpu or weight.shape != shape:
                name = ".".join((*modules, last))
                check_tensor(f"parameter '{name}'", weight, self._dtype)
                raise ValueError(f"parameter '{name}' has shape {describe(weight.shape)}; expected {describe(shape)}")
            weights.append(weight)
        return weights

    @contextlib.contextmanager
    def _pack(self, weights):
        """The address of packed weights, made anew where weights have changed. Their bits say so: a tensor's version does
        not move with changes through `.data`, nor with those of fused optimizers."""
        with self._lock:
            packed = self._packed = self._refresh(self._gather(weights))
            packed.readers += 1
        try:
            yield packed.memory.address
        finally:
            with self._lock:
                packed.readers -= 1

    def _refresh(self, block):
        packed, model = self._packed, self._net._model
        if packed is not None and not _memcmp(packed.weights.address, block.data_ptr(), block.nbytes):
            return packed
        if packed is None or packed.readers:
            packed = _Packed(Memory(model, model.packed_size()), Memory(model, block.nbytes))
        ctypes.memmove(packed.weights.address, block.data_ptr(), block.nbytes)
        self._net._check(model.pack(packed.weights.address, packed.memory.address))
        return packed

    def _are_own(self, weights):
        """True if all weights lie in the block."""
        for (_, _, _, place), weight in zip(self._places, weights):
            if weight.data_ptr() != place or not weight.is_contiguous():
                return False
        return True

    def _gather(self, weights):
        """The block, or where weights lie elsewhere (parametrized, or of functional_call) a new one that has them."""
        if self._are_own(weights):
            return self._block
        block = torch.empty_like(self._block)
        with torch.no_grad():
            for tensor, weight in zip(self._net._tensors, weights):
                block[tensor.offset : tensor.offset + tensor.elements].view(tensor.shape).copy_(weight)
        return block

    def __deepcopy__(self, memo):
        other = memo[id(self)] = self.__class__.__new__(self.__class__)
        # Not self.__getstate__: parametrized modules have one that refuses.
        other.__setstate__(copy.deepcopy(Module.__getstate__(self), memo))
        return other

    def __getstate__(self):
        own = ("_lock", "_packed", "_block", "_places")
        return {name: value for name, value in self.__dict__.items() if name not in own}

    def __setstate__(self, kept):
        super().__setstate__(kept)
        self._begin()
        for tensor in self._net._tensors:
            *modules, last = tensor.name.split(".")
            owner = self
            for name in modules:
                owner = owner._modules[name]
            weight = owner._parameters.get(last, owner._buffers.get(last))
            part = self._part(tensor)
            # It may be parametrized; of another type, device or shape it stays so, as the next call says; and what
            # processes share stays where it is.
            if weight is not None and _are_alike(weight, part) and not weight.is_shared():
                part.copy_(weight.detach())
                weight.data = part

    def extra_repr(self):
        return repr(self._net)


def _are_alike(a, b):
    return (a.shape, a.dtype, a.device, a.layout) == (b.shape, b.dtype, b.device, b.layout)


class _Packed:
    """Packed weights: of a copy of which, and how many calls read them now."""

    def __init__(self, memory, weights):
        self.memory, self.weights, self.readers = memory, weights, 0

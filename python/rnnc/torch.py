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
import sys
import threading

import torch

from . import _arguments
from ._errors import Error
from ._model import describe
from ._network import Network
from ._state import Memory
from ._state import State as PlainState

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
        if net._packed is None:
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
        self._block = torch.empty(self._net._weights.size, dtype=self._dtype)
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
        if type(inputs) is not tuple or _is_recorded():  # torch.fx gives something else
            raise Error(_NO_GRAPHS)
        transformed = _is_transformed()
        if transformed and state is not None:
            raise Error(
                "torch.func cannot follow a state: give initial states as inputs and take final ones as outputs"
            )
        values = [
            _take_input(tensor, value, self._dtype)
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
            call = _Call(self, net, extent._replace(streams=streams), state, lengths, keeps)
            results = (_Transformed if transformed else _Function).apply(call, past, *values, *weights)
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
            if weight.dtype is not self._dtype or not weight.is_cpu or weight.shape != shape:
                name = ".".join((*modules, last))
                _check_tensor(f"parameter '{name}'", weight, self._dtype)
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


class _Call:
    """What a call is about, besides tensors."""

    def __init__(self, module, net, extent, state, lengths, keeps):
        self.module, self.net, self.extent, self.state = module, net, extent, state
        self.lengths = lengths
        self.through = isinstance(state, State)
        self.version = state._version if self.through else 0  # of the past that the call goes on from
        self.keeps = keeps  # what a backward pass needs

    def run(self, inputs, weights):
        """The outputs; behind them the adjoint of the past, if there is one, and the work that a backward pass needs, as
        a tensor, if there may be one."""
        module, net, extent = self.module, self.net, self.extent
        inputs = self._read(inputs)
        outputs = [
            torch.empty(self._axes(tensor), dtype=torch.int32 if tensor.is_id else module._dtype)
            for tensor in net.outputs
        ]
        if self.keeps or self.through:
            gathered = module._gather(weights)
            work = net._forward(
                gathered.data_ptr(),
                extent.frames,
                extent.streams,
                self.lengths,
                [x.data_ptr() for x in inputs],
                [y.data_ptr() for y in outputs],
                self.state._memory.address if self.through else None,
            )
            if self.through:
                outputs.append(self.new_past())
                self.state = None  # which has that, and with it this call
            return [*outputs, torch.frombuffer(work, dtype=torch.uint8)] if self.keeps else outputs
        state = self.state if self.state is not None else net._begin(extent.streams)
        with state, module._pack(weights) as packed:
            net._run(
                state,
                extent.frames,
                self.lengths,
                [x.data_ptr() for x in inputs],
                [y.data_ptr() for y in outputs],
                packed,
            )
        if self.state is None:
            net._idle.append(state)
        return outputs

    def _read(self, inputs):
        return [_take_ids(t, x) if t.is_id else x for t, x in zip(self.net.inputs, inputs)]

    def new_past(self):
        """Room for the adjoint of a past."""
        size = self.net._vjp.past_size(self.extent.streams) // self.net.dtype.itemsize
        return torch.zeros(size, dtype=self.module._dtype)

    def _axes(self, tensor):
        return tensor.axes(self.extent.frames, None if self.extent.lone else self.extent.streams)

    def differentiate(self, inputs, weights, work, adjoints, wanted, wants_past):
        """The adjoint of the past and the gradients of inputs, None where not wanted, and those of weights."""
        module, net = self.module, self.net
        inputs = self._read(inputs)
        adjoints = [None if adjoint is None else adjoint.resolve_neg().contiguous() for adjoint in adjoints]
        end = adjoints.pop() if self.through else None
        begin = self.new_past() if wants_past else None
        gradients = [torch.empty_like(x) if want else None for x, want in zip(inputs, wanted)]
        block = torch.empty_like(module._block)
        gathered = module._gather(weights)
        net._backward(
            gathered.data_ptr(),
            work.data_ptr(),
            [x.data_ptr() for x in inputs],
            [None if a is None else a.data_ptr() for a in adjoints],
            None if end is None else end.data_ptr(),
            block.data_ptr(),
            [None if g is None else g.data_ptr() for g in gradients],
            None if begin is None else begin.data_ptr(),
        )
        parts = block.split_with_sizes([t.elements for t in net._tensors])
        return begin, gradients, [p if len(t.shape) == 1 else p.view(t.shape) for p, t in zip(parts, net._tensors)]


class _Compiled(torch.autograd.Function):
    """A function whose derivatives are compiled, in reverse mode alone."""

    @staticmethod
    def jvp(ctx, *tangents):
        raise Error(
            "compiled networks have no derivatives in forward mode, as of torch.func.jvp, jacfwd and hessian: "
            "use reverse mode, as torch.func.vjp and jacrev do"
        )


class _Transformed(_Compiled):
    """Outputs of inputs and weights; behind them what backward needs, see _Call.run. In the form that torch.func asks for."""

    @staticmethod
    def forward(call, past, *tensors):
        count = len(call.net.inputs)
        return tuple(call.run(tensors[:count], tensors[count:]))

    @staticmethod
    def setup_context(ctx, inputs, output):
        call, _, *tensors = inputs
        ctx.call = call
        version = [torch.tensor(call.version)] if call.through else []
        work = output[-1:] if call.keeps else ()
        ctx.save_for_backward(*tensors, *version, *work)  # autograd frees the work as it frees its own
        ctx.set_materialize_grads(False)
        ids = [y for t, y in zip(call.net.outputs, output) if t.is_id]
        if ids or work:
            ctx.mark_non_differentiable(*ids, *work)

    @staticmethod
    def backward(ctx, *adjoints):
        call, tensors = ctx.call, ctx.saved_tensors
        count = len(call.net.inputs)
        if call.through and tensors[-2] != call.version:
            raise Error(
                "a call was made again, from a state that had changed since, as torch.utils.checkpoint does: "
                "let the function that it calls go on from a copy, state.copy()"
            )
        end = len(tensors) - (2 if call.through else 1)
        _, wants_past, *wanted = ctx.needs_input_grad
        if any(a is not None and torch._C._functorch.is_legacy_batchedtensor(a) for a in adjoints):
            raise Error(
                "compiled networks take no batch of adjoints at once, as by is_grads_batched or vectorize=True: "
                "leave that out, or use torch.func.jacrev"
            )
        gradients = _Gradients(call, wanted, wants_past, len(adjoints) - 1)
        operands = (*adjoints[:-1], *tensors[:end], tensors[-1])
        if torch.is_grad_enabled() or _is_transformed():  # by create_graph, or of torch.func
            results = _Backward.apply(gradients, *operands)
        else:
            results = gradients.compute(operands)
        return (None, *gradients.place(results))

    @staticmethod
    def vmap(info, dims, *operands):
        return _apply_each(_Transformed, info, dims, operands)


class _Function(_Transformed):
    """The same in the form that PyTorch calls in less time, 30 to 60 us."""

    @staticmethod
    def forward(ctx, *operands):
        output = _Transformed.forward(*operands)
        _Transformed.setup_context(ctx, operands, output)
        return output

    setup_context = staticmethod(torch.autograd.Function.setup_context)  # none


class _Gradients:
    """Which gradients a backward pass is to give: by the past, and by each of the inputs and weights."""

    def __init__(self, call, wanted, wants_past, adjoints):
        self.call, self.wanted, self.wants_past, self.adjoints = call, wanted, wants_past, adjoints

    def compute(self, operands):
        """Those that are wanted, from adjoints, inputs, weights and the work of the forward pass."""
        count = len(self.call.net.inputs)
        adjoints, tensors, work = operands[: self.adjoints], operands[self.adjoints : -1], operands[-1]
        of_past, of_inputs, of_weights = self.call.differentiate(
            tensors[:count], tensors[count:], work, adjoints, self.wanted[:count], self.wants_past
        )
        results = [of_past, *of_inputs, *of_weights]
        return tuple(g for g, want in zip(results, [self.wants_past, *self.wanted]) if want)

    def place(self, results):
        """The results, with None for what is not wanted."""
        results = iter(results)
        return [next(results) if want else None for want in [self.wants_past, *self.wanted]]


class _Backward(_Compiled):
    """Gradients as a function of their own, whose derivatives are refused, and not taken to be 0."""

    @staticmethod
    def forward(gradients, *operands):
        return gradients.compute(operands)

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, *adjoints):
        raise Error("compiled networks have no second derivatives: gradients of gradients need other code")

    @staticmethod
    def vmap(info, dims, *operands):
        return _apply_each(_Backward, info, dims, operands)


def _apply_each(function, info, dims, operands):
    """The function of each element of a batch of torch.func.vmap, one after the other."""
    if not info.batch_size:
        raise Error("torch.func.vmap was given a batch of no elements, so that the shapes of results are not known")
    results = [
        function.apply(*[x if dim is None else x.select(dim, i).contiguous() for x, dim in zip(operands, dims)])
        for i in range(info.batch_size)
    ]
    return tuple(torch.stack(column) for column in zip(*results)), (0,) * len(results[0])


def _is_transformed():
    """True within a transform of torch.func."""
    return torch._C._are_functorch_transforms_active()


def _is_recorded():
    """True where PyTorch records what is called, and would record nothing of compiled code."""
    proxies = sys.modules.get("torch.fx.experimental.proxy_tensor")
    return torch._C._get_tracing_state() is not None or (proxies is not None and proxies.get_proxy_mode() is not None)


_NO_GRAPHS = (
    "compiled code cannot be part of a graph of torch.jit, torch.fx or torch.export: "
    "leave the module out of what is traced, as torch.compile does, or run the network as it is, Module.net"
)


def _check_tensor(what, tensor, dtype):
    if tensor.is_nested or tensor.layout is not torch.strided:
        kind = "nested" if tensor.is_nested else "sparse"
        remedy = "a padded tensor, .to_padded_tensor(0), and lengths" if tensor.is_nested else ".to_dense()"
        raise ValueError(f"{what} is {kind}; give {remedy}")
    if not tensor.is_cpu:
        raise ValueError(f"{what} is on {tensor.device}: compiled networks run on the CPU; give .cpu()")
    if dtype is not None and tensor.dtype != dtype:
        raise TypeError(
            f"{what} is of type {tensor.dtype}; expected {dtype}, which the network computes in: give .to({dtype})"
        )


def _take_input(tensor, value, dtype):
    if type(value) is not torch.Tensor and (isinstance(value, torch.fx.Proxy) or type(value).__name__ == "FakeTensor"):
        raise Error(_NO_GRAPHS)
    if not isinstance(value, torch.Tensor):
        packed = isinstance(value, torch.nn.utils.rnn.PackedSequence)
        raise TypeError(
            f"input '{tensor.name}' is a {type(value).__name__}; expected a torch.Tensor"
            + (", and lengths: torch.nn.utils.rnn.pad_packed_sequence gives both" if packed else "")
        )
    if not tensor.is_id:
        if value.dtype in (torch.bfloat16, torch.float16) and torch.is_autocast_enabled("cpu"):
            value = value.to(dtype)  # as autocast does for what PyTorch computes in float
        _check_tensor(f"input '{tensor.name}'", value, dtype)
        return value.resolve_neg().contiguous()
    _check_tensor(f"input '{tensor.name}'", value, None)
    if value.dtype not in (torch.int32, torch.int64, torch.int16, torch.int8, torch.uint8):
        raise TypeError(f"input '{tensor.name}' is of type {value.dtype}; expected integers")
    return value.resolve_neg().contiguous()


def _take_ids(tensor, value):
    """Ids as compiled code reads them. Not within _take_input, where torch.func.vmap lets nobody look at numbers."""
    if value.dtype == torch.int64 and value.numel() and (value.max() > 2**31 - 1 or value.min() < -(2**31)):
        raise ValueError(f"input '{tensor.name}' has a number that 32 bits cannot hold")
    return value.to(torch.int32)

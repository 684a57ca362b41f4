"""Calls of compiled networks as functions that autograd differentiates."""

import torch

from ._errors import Error
from ._torch_inputs import take_ids


class Call:
    """What a call is about, besides tensors."""

    def __init__(self, module, net, extent, state, through, lengths, keeps):
        self.module, self.net, self.extent, self.state = module, net, extent, state
        self.lengths = lengths
        self.through = through  # gradients go through the state
        self.version = state._version if through else 0  # of the past that the call goes on from
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
        if not extent.streams:  # an empty batch
            return [*outputs, torch.empty(0, dtype=torch.uint8)] if self.keeps else outputs
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
        return [take_ids(t, x) if t.is_id else x for t, x in zip(self.net.inputs, inputs)]

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
        if self.extent.streams:
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
        else:
            block = torch.zeros_like(module._block)
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


class Transformed(_Compiled):
    """Outputs of inputs and weights; behind them what backward needs, see Call.run. In the form that torch.func asks for."""

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
        if torch.is_grad_enabled() or is_transformed():  # by create_graph, or of torch.func
            results = _Backward.apply(gradients, *operands)
        else:
            results = gradients.compute(operands)
        return (None, *gradients.place(results))

    @staticmethod
    def vmap(info, dims, *operands):
        return _apply_each(Transformed, info, dims, operands)


class Function(Transformed):
    """The same in the form that PyTorch calls in less time, 30 to 60 us."""

    @staticmethod
    def forward(ctx, *operands):
        output = Transformed.forward(*operands)
        Transformed.setup_context(ctx, operands, output)
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


def is_transformed():
    """True within a transform of torch.func."""
    return torch._C._are_functorch_transforms_active()

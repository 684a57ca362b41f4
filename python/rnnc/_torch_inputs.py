"""Checks of tensors that are given to a module, or are its weights."""

import sys

import torch

from ._errors import Error

NO_GRAPHS = (
    "compiled code cannot be part of a graph of torch.jit, torch.fx or torch.export: "
    "leave the module out of what is traced, as torch.compile does, or run the network as it is, Module.net"
)
_NO_FULL_GRAPH = (
    "a compiled network cannot be part of a graph: leave fullgraph=True out, "
    "and torch.compile compiles what is around it"
)


def check_not_recorded(inputs):
    """Refuses calls that PyTorch records, as it would record nothing of compiled code; torch.compile goes around them."""
    if torch.compiler.is_compiling():
        torch._dynamo.graph_break(msg=_NO_FULL_GRAPH)
    proxies = sys.modules.get("torch.fx.experimental.proxy_tensor")
    if (
        type(inputs) is not tuple  # torch.fx gives something else
        or torch._C._get_tracing_state() is not None
        or (proxies is not None and proxies.get_proxy_mode() is not None)
    ):
        raise Error(NO_GRAPHS)


def check_tensor(what, tensor, dtype):
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


def take_input(tensor, value, dtype):
    if type(value) is not torch.Tensor and (isinstance(value, torch.fx.Proxy) or type(value).__name__ == "FakeTensor"):
        raise Error(NO_GRAPHS)
    if not isinstance(value, torch.Tensor):
        packed = isinstance(value, torch.nn.utils.rnn.PackedSequence)
        raise TypeError(
            f"input '{tensor.name}' is a {type(value).__name__}; expected a torch.Tensor"
            + (", and lengths: torch.nn.utils.rnn.pad_packed_sequence gives both" if packed else "")
        )
    if not tensor.is_id:
        if value.dtype in (torch.bfloat16, torch.float16) and torch.is_autocast_enabled("cpu"):
            value = value.to(dtype)  # as autocast does for what PyTorch computes in float
        check_tensor(f"input '{tensor.name}'", value, dtype)
        return value.resolve_neg().contiguous()
    check_tensor(f"input '{tensor.name}'", value, None)
    if value.dtype not in (torch.int32, torch.int64, torch.int16, torch.int8, torch.uint8):
        raise TypeError(f"input '{tensor.name}' is of type {value.dtype}; expected integers")
    return value.resolve_neg().contiguous()


def take_ids(tensor, value):
    """Ids as compiled code reads them. Not within take_input, where torch.func.vmap lets nobody look at numbers."""
    if value.dtype == torch.int64 and value.numel() and (value.max() > 2**31 - 1 or value.min() < -(2**31)):
        raise ValueError(f"input '{tensor.name}' has a number that 32 bits cannot hold")
    return value.to(torch.int32)

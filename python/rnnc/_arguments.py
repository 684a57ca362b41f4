"""Checks of what is given to a call: which array is which input, what shapes say of frames and streams, whole numbers."""

import collections

import numpy

from ._model import describe

# frames, streams: of the call. lone: the arrays have no axis of streams, and neither have the results.
Extent = collections.namedtuple("Extent", "frames streams lone")


def match(tensors, positional, named):
    """The inputs in the network's order, given by position, as one dict, or by name."""
    if len(positional) == 1 and isinstance(positional[0], dict):
        positional, named = (), {**positional[0], **named}
    if not named and len(positional) == len(tensors):
        return list(positional)
    names = [tensor.name for tensor in tensors]
    listed = "', '".join(names)
    if len(positional) > len(names):
        raise TypeError(
            f"the network has {len(names)} input{'s' if len(names) != 1 else ''}"
            + (f" ('{listed}')" if names else "")
            + f", and {len(positional)} were given"
        )
    given = dict(zip(names, positional))
    for name, value in named.items():
        if name not in names:
            raise TypeError(
                f"the network has no input '{name}'; it has '{listed}'"
                if names
                else f"the network has no input '{name}'; it has none"
            )
        if name in given:
            raise TypeError(f"input '{name}' is given twice")
        given[name] = value
    for name in names:
        if name not in given:
            raise TypeError(f"input '{name}' is missing; the network has '{listed}'")
    return [given[name] for name in names]


def extent(tensors, shapes, is_step):
    """Frames and streams of a call whose inputs have these shapes; of a step, they have no axis of frames."""
    first = None  # the input that has said whether there is an axis of streams
    lone = False
    frames = streams = None
    for tensor, shape in zip(tensors, shapes):
        wanted = tensor.axes(None if is_step else "frames", "streams")
        front = len(shape) - len(tensor.shape)
        is_lone = len(shape) == len(wanted) - 1
        if (len(shape) != len(wanted) and not is_lone) or shape[front:] != tensor.shape or (first and is_lone != lone):
            raise _shape_error(tensor, shape, wanted, first, lone)
        first, lone = first or tensor, is_lone
        lengths = list(shape[:front])
        if tensor.in_frames and not is_step:
            frames = _agree("frames", frames, tensor, lengths.pop(0))
        if not lone:
            streams = _agree("streams", streams, tensor, lengths.pop(0))
    if is_step and streams and not streams[0]:
        raise ValueError(f"input '{streams[1]}' has no streams")
    return Extent(frames[0] if frames else None, 1 if lone else streams[0] if streams else None, lone)


def take_whole(what, value, least, most):
    """The value as an int, if it is a whole number from `least` to `most`."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or not least <= value.__index__() <= most:
        raise ValueError(f"{what} is {value!r}; expected a whole number from {least} to {most}")
    return value.__index__()


def take_streams(streams, count):
    """Numbers of streams below `count`, each once."""
    chosen = take_integers("streams", numpy.asarray(streams))
    if chosen.ndim != 1 or not chosen.size:
        raise ValueError(f"streams has shape {describe(chosen.shape)}; expected numbers of one stream or more")
    if chosen.min() < 0 or chosen.max() >= count:
        wrong = chosen.min() if chosen.min() < 0 else chosen.max()
        raise ValueError(f"streams has {wrong}; expected 0 .. {count - 1}, as the state has {count}")
    if numpy.unique(chosen).size != chosen.size:
        raise ValueError("streams names a stream twice")
    return chosen


def take_integers(what, array):
    if array.dtype.kind not in "iu" and array.size:  # numpy.asarray([]) is of float64
        raise TypeError(f"{what} is of type {array.dtype}; expected integers")
    if array.dtype != numpy.int32:
        if array.size and (int(array.max()) > 2**31 - 1 or int(array.min()) < -(2**31)):
            raise ValueError(f"{what} has a number that 32 bits cannot hold")
        array = array.astype(numpy.int32)
    return numpy.ascontiguousarray(array) if array.ndim else array


def take_outputs(network, out, extent, frames, streams, inputs):
    """The arrays that a call writes to: new ones, or those that were given, which fit and share no memory with inputs."""
    shapes = [tensor.axes(frames, None if extent.lone else streams) for tensor in network.outputs]
    types = [numpy.dtype(numpy.int32) if tensor.is_id else network.dtype for tensor in network.outputs]
    if out is None:
        return [numpy.empty(shape, dtype) for shape, dtype in zip(shapes, types)]
    given = out if isinstance(out, dict) else {network.outputs[0].name: out}
    if set(given) != {tensor.name for tensor in network.outputs}:
        raise ValueError("out has to be a dict with the arrays '" + "', '".join(t.name for t in network.outputs) + "'")
    results = [given[tensor.name] for tensor in network.outputs]
    for tensor, result, shape, dtype in zip(network.outputs, results, shapes, types):
        if (
            not isinstance(result, numpy.ndarray)
            or result.shape != shape
            or result.dtype != dtype
            or not result.flags.c_contiguous
            or not result.flags.writeable
        ):
            raise ValueError(
                f"out of '{tensor.name}' has to be a contiguous, writable array {describe(shape)} of {dtype}"
            )
        if any(numpy.may_share_memory(result, array) for array in inputs):
            raise ValueError(f"out of '{tensor.name}' shares memory with an input: give another array")
    return results


def _shape_error(tensor, shape, wanted, first, lone):
    alone = [length for length in wanted if length != "streams"]
    expected = describe(alone if first and lone else wanted)
    text = f"input '{tensor.name}' has shape {describe(shape)}; expected {expected}"
    return ValueError(
        text
        + (
            f", as '{first.name}' has {'no' if lone else 'an'} axis of streams"
            if first
            else f", or {describe(alone)} for one stream"
        )
    )


def _agree(what, before, tensor, found):
    if before and before[0] != found:
        raise ValueError(f"input '{tensor.name}' has {found} {what}, and '{before[1]}' has {before[0]}")
    return before or (found, tensor.name)

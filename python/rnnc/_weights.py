"""The weights of a network: arrays in one block of memory, and what compiled code reads of it."""

import os
from ctypes import byref, c_char_p, c_uint64, c_void_p

import numpy

from . import _arguments
from ._errors import Error
from ._model import OK, describe, rnn_error
from ._programs import runtime
from ._state import Memory, check


class Weights:
    """values: all numbers, as the descriptor places them. by_name: arrays that are parts of them. packed: what compiled
    code reads, None as long as there are no weights.
    """

    def __init__(self, model, tensors, dtype):
        self._model, self._tensors = model, tensors
        self.values = numpy.zeros(model.parameter_elements, dtype=dtype)
        self.by_name = {tensor.name: self._part(self.values, tensor).reshape(tensor.shape) for tensor in tensors}
        self.packed = None

    @staticmethod
    def _part(values, tensor):
        return values[tensor.offset : tensor.offset + tensor.elements]

    def load(self, path):
        self._call_runtime("rnn_parameters_load", os.fsencode(path))

    def save(self, path):
        self._call_runtime("rnn_parameters_save", os.fsencode(path))

    def draw(self, seed):
        seed = _arguments.take_whole("seed", seed, 0, 2**64 - 1)
        values = c_void_p(self.values.ctypes.data)
        check(self._model, runtime().rnn_parameters_init(byref(self._model), values, c_uint64(seed)))

    def pack(self):
        packed = self.packed or Memory(self._model, self._model.packed_size())
        check(self._model, self._model.pack(self.values.ctypes.data, packed.address))
        self.packed = packed

    def _call_runtime(self, name, path):
        error = rnn_error()
        function = getattr(runtime(), name)
        if function(byref(self._model), c_void_p(self.values.ctypes.data), c_char_p(path), byref(error)) != OK:
            raise Error(error.text.decode(errors="replace"))

    def take(self, arrays):
        """Takes a dict of arrays by name, all or none."""
        unknown = [name for name in arrays if name not in self.by_name]
        if unknown:
            raise ValueError(
                f"the network has no parameter '{unknown[0]}'; it has "
                + ("'" + "', '".join(self.by_name) + "'" if self.by_name else "none")
            )
        taken = numpy.empty_like(self.values)
        for tensor in self._tensors:
            if tensor.name not in arrays:
                raise ValueError(
                    f"parameter '{tensor.name}' is missing; expected an array of shape {describe(tensor.shape)}"
                )
            self._take_array(tensor, arrays[tensor.name], self._part(taken, tensor))
        self.values[:] = taken

    def _take_array(self, tensor, array, part):
        array = numpy.asarray(array.detach() if hasattr(array, "detach") else array)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"parameter '{tensor.name}' is of type {array.dtype}; expected real numbers")
        if array.shape != tensor.shape:
            raise ValueError(
                f"parameter '{tensor.name}' has shape {describe(array.shape)}; expected {describe(tensor.shape)}"
            )
        with numpy.errstate(over="ignore"):
            part[:] = array.reshape(-1)
        if numpy.isinf(part).any() and not numpy.isinf(array).any():
            raise ValueError(f"parameter '{tensor.name}' has a number that {part.dtype} cannot hold")

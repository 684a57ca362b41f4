"""What goes on from call to call: states of streams, in memory of the runtime."""

import ctypes
import threading
import weakref

import numpy

from . import _arguments
from ._errors import Error
from ._model import OK, describe


def check(model, status):
    """Raises what the status of a call says."""
    if status != OK:
        raise Error(model.status_text(status).decode())


class Memory:
    """Aligned memory of the runtime, freed with the object."""

    def __init__(self, model, size):
        self.size = size
        self.address = model.alloc(max(size, 1), model.alignment)
        if not self.address:
            raise MemoryError(f"there is no memory of {size} bytes")
        weakref.finalize(self, model.free, self.address)


class State:
    """The past of some streams, which `run` and `step` go on from. One call at a time may use it."""

    def __init__(self, network, streams=1):
        streams = _arguments.take_whole("streams", streams, 1, 2**31 - 1)
        self._network = network
        self._calls = self._find_calls()
        self._memory = self._work = self._batch = None
        self._busy = threading.Lock()
        self._begin(streams)

    def _find_calls(self):
        """The structure with the calls that make such a state."""
        return self._network._model

    def _begin(self, streams):
        size = self._calls.state_size(streams)
        if self._memory is None or self._memory.size < size:
            self._memory = Memory(self._network._model, size)
        self.streams = streams
        self._network._check(self._calls.state_init(self._memory.address, streams))

    def reset(self, which=None):
        """Begins all streams anew, or those for which `which`, an array of bools, is true."""
        flags = address = None
        if which is not None:
            flags = numpy.ascontiguousarray(which, dtype=numpy.bool_)
            address = flags.ctypes.data
            if flags.shape != (self.streams,):
                raise ValueError(
                    f"which has shape {describe(flags.shape)}; expected [{self.streams}], one for each stream"
                )
        with self:
            self._network._check(self._calls.reset(self._memory.address, address))

    def copy(self):
        """Another state with the same past."""
        with self:
            return self._copy()

    def _copy(self):
        other = type(self)(self._network, self.streams)
        ctypes.memmove(other._memory.address, self._memory.address, self._calls.state_size(self.streams))
        return other

    def _room(self, frames):
        """Work for a call of so many frames."""
        model = self._network._model
        size = model.work_size(frames, self.streams)
        if self._work is None or self._work.size < size:
            self._work = None
            self._work = Memory(model, size)
        return self._work.address

    def _batch_of(self, count):
        """Memory for a step of so many of the streams."""
        model = self._network._model
        size = model.state_size(count)
        if self._batch is None or self._batch.size < size:
            self._batch = None
            self._batch = Memory(model, size)
        return self._batch.address

    def __reduce__(self):
        with self:
            size = self._calls.state_size(self.streams)
            return _restore, (type(self), self._network, self.streams, ctypes.string_at(self._memory.address, size))

    def __enter__(self):
        if not self._busy.acquire(blocking=False):
            raise Error("this state is used by a call of another thread: each needs a state of its own")
        return self

    def __exit__(self, *_):
        self._busy.release()

    def __repr__(self):
        return f"<rnnc.State of {self.streams} stream{'s' if self.streams != 1 else ''} of '{self._network.name}'>"


def _restore(kind, network, streams, past):
    """A state as pickles have it."""
    state = kind(network, streams)
    size = state._calls.state_size(streams)
    if size != len(past):
        raise Error("the state was made by a network for another processor: it has other vectors")
    ctypes.memmove(state._memory.address, past, size)
    return state

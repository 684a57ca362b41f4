"""Networks that are compiled, loaded and run."""

import collections
import ctypes
import functools
import os
import weakref
from ctypes import byref, c_char, c_void_p

import numpy

from . import _arguments
from ._errors import Error
from ._model import Tensor, describe, rnn_model, rnn_window
from ._programs import Program, runtime
from ._state import Memory, State, check
from ._threads import Threads
from ._weights import Weights

_DTYPES = {"float32": numpy.float32, "float64": numpy.float64}


def compile(source, *, top=None, dtype="float32", defines=None, options=(), folders=(), threads=None, **consts):
    """Compiles a network and loads it.

    source: the path of a .rnn file, or the text of a program.
    top: the model or cell to use (default: the only model, or else the last cell).
    dtype: "float32" or "float64", what the network computes in.
    defines, consts: values of consts and of dimensions of the top cell, as n=256.
    options: more options of `rnn compile`, as "--form=U=svd:64" or "-fthreads=serial".
    folders: where imported files are looked for, besides the folder of the file.
    threads: of each call (default: as many as OpenMP gives).

    What has been compiled before comes from the cache of `rnn`. Raises CompileError with the compiler's messages.
    """
    name = str(dtype).removeprefix("torch.")
    if not isinstance(dtype, str) and name not in _DTYPES:
        name = numpy.dtype(dtype).name
    if name not in _DTYPES:
        raise ValueError(f"dtype is '{name}'; networks compute in 'float32' or 'float64'")
    if threads is not None:
        threads = _arguments.take_whole("threads", threads, 1, 2**31 - 1)
    words = [f"-D{name_}={value}" for name_, value in {**(defines or {}), **consts}.items()]
    words += [f"-I{os.path.abspath(folder)}" for folder in folders]  # it is compiled again from elsewhere
    words += [f"--top={top}"] if top else []
    words += [*([options] if isinstance(options, str) else options)]
    return Network(Program(source, words), name, threads)


class Network:
    """A compiled network with its weights.

    name: of the model or cell. dtype: of its numbers. inputs, outputs: each with name, shape, is_id, in_frames.
    parameters: the weights by name, arrays that share the network's memory; after a change `pack` them.
    Calls may run in several threads at a time, each with a state of its own; not while weights are loaded or packed.
    """

    def __init__(self, program, dtype, threads, more=()):
        self._program, self._more, self.threads = program, tuple(more), threads
        double = ("--double",) if dtype == "float64" else ()
        runtime()
        self._library = ctypes.CDLL(program.library(*double, *more))
        self._model = rnn_model.in_dll(self._library, "net_model")
        model = self._model
        if model.real_size != numpy.dtype(_DTYPES[dtype]).itemsize:
            raise ValueError(
                "the options say what the network computes in, and dtype something else: leave it to dtype"
            )
        self.name = model.name.decode()
        self.dtype = numpy.dtype(_DTYPES[dtype])
        self.inputs = tuple(Tensor(model.inputs[i]) for i in range(model.input_count))
        self.outputs = tuple(Tensor(model.outputs[i]) for i in range(model.output_count))
        self._tensors = tuple(Tensor(model.parameters[i]) for i in range(model.parameter_count))
        self._weights = Weights(model, self._tensors, self.dtype)
        self.parameters = self._weights.by_name
        self._own = None
        self._vjp = model.vjp.contents if model.vjp else None
        self._vjp_calls = (self._vjp.state_init, self._vjp.forward, self._vjp.backward) if model.vjp else None
        self._vjp_sizes = functools.lru_cache(maxsize=64)(self._find_vjp_sizes)
        self._nothing = Memory(model, 0)  # the parameters of a network that has none, where calls want an address
        self._idle_gradients = collections.deque()  # state and work of calls for gradients, to be used again
        self._idle = collections.deque()  # states of calls that begin, to be used again
        if not self._tensors:
            self.pack()

    def _check(self, status):
        check(self._model, status)

    # ---- weights ----

    def load(self, weights):
        """Takes the weights from a safetensors file, or from a dict of arrays by name, all or none."""
        if isinstance(weights, (str, os.PathLike)):
            self._weights.load(weights)
        else:
            self._weights.take(dict(weights))
        self.pack()

    def save(self, path):
        """Writes the weights to a safetensors file."""
        self._weights.save(path)

    def init(self, seed):
        """Draws the weights' start values; the same seed gives the same on every machine."""
        self._weights.draw(seed)
        self.pack()

    def pack(self):
        """Makes what the network reads of `parameters`: needed after they were changed in place."""
        self._weights.pack()

    # ---- calls ----

    def state(self, streams=1):
        """The state of streams that begin. A network that needs whole sequences has none."""
        if not self._model.step:
            self._refuse_state("no state to go on from")
        return State(self, streams)

    def _refuse_state(self, lack):
        raise Error(
            f"'{self.name}' needs whole sequences, so that it has {lack}: "
            "write initial states as inputs marked 'once' and final states as outputs, 'last(h)'"
        )

    def reset(self):
        """Lets `step` begin anew, where it is called without a state."""
        self._own = None

    def run(self, *inputs, state=None, lengths=None, out=None, **named):
        """Computes many frames.

        inputs: arrays [frames, streams, ...], or [frames, ...] of one stream, by position, by name, or as one dict.
        state: where the streams go on from, and what they leave; None: they begin.
        lengths: how many frames each stream has, [streams]; None: all.
        out: arrays to write the outputs to, as they are returned; None: new ones.
        Returns the output, or of several a dict by name.
        """
        arrays, extent = self._take_inputs(inputs, named, is_step=False)
        streams = self._streams(extent, state)
        frames = extent.frames
        if frames is None:
            raise ValueError("the network has no input with frames, so that nothing says how many there are")
        lengths = self._take_lengths(lengths, frames, streams)
        results = _arguments.take_outputs(self, out, extent, frames, streams, arrays)
        if not streams:
            return self._give(results)
        used = state if state is not None else self._begin(streams)
        with used:
            self._run(used, frames, lengths, [a.ctypes.data for a in arrays], [r.ctypes.data for r in results])
        if state is None:
            self._idle.append(used)
        return self._give(results)

    def step(self, *inputs, state=None, streams=None, out=None, **named):
        """Computes one frame of every stream, of inputs [streams, ...] or [...]; without `state` of streams of the
        network's own, which begin with the first call and after `reset`.

        streams: numbers of those streams of the state that take the step, each once. Inputs and outputs are of these,
        in this order; all other streams stay as they are.
        """
        if not self._model.step:
            raise Error("the network needs the future, so that it has no step: use run")
        arrays, extent = self._take_inputs(inputs, named, is_step=True)
        if streams is not None:
            return self._step_some(arrays, extent, state, streams, out)
        if state is None:
            if self._own is None:
                self._own = State(self, extent.streams or 1)
            state = self._own
        self._streams(extent, state)
        results = _arguments.take_outputs(self, out, extent, None, state.streams, arrays)
        with state, self._limit_threads():
            self._check(
                self._model.step(
                    self._ready(),
                    state._memory.address,
                    _pointers(a.ctypes.data for a in arrays),
                    _pointers(r.ctypes.data for r in results),
                )
            )
        return self._give(results)

    def _step_some(self, arrays, extent, state, streams, out):
        self._check_state(state)
        chosen = _arguments.take_streams(streams, state.streams)
        count = chosen.size
        if (extent.streams or count) != count:
            raise ValueError(f"the inputs have {extent.streams} streams and `streams` has {count}")
        results = _arguments.take_outputs(self, out, extent, None, count, arrays)
        with state, self._limit_threads():
            self._check(
                self._model.step_some(
                    self._ready(),
                    state._memory.address,
                    state._batch_of(count),
                    chosen.ctypes.data,
                    count,
                    _pointers(a.ctypes.data for a in arrays),
                    _pointers(r.ctypes.data for r in results),
                )
            )
        return self._give(results)

    def _ready(self):
        if self._weights.packed is None:
            raise Error("the network has no weights: load(...) them, or draw them with init(seed)")
        return self._weights.packed.address

    def _run(self, state, frames, lengths, inputs, outputs, packed=None):
        places = lengths.ctypes.data if lengths is not None else None
        with self._limit_threads():
            self._check(
                self._model.run(
                    packed or self._ready(),
                    state._memory.address,
                    state._room(frames),
                    frames,
                    places,
                    _pointers(inputs),
                    _pointers(outputs),
                )
            )

    def _begin(self, streams):
        """A state of streams that begin, to be put back into `_idle`."""
        try:
            state = self._idle.pop()
        except IndexError:
            return State(self, streams)
        state._begin(streams)
        return state

    def _limit_threads(self):
        return Threads(self._library, self.threads)

    def _streams(self, extent, state):
        if state is None:
            return 1 if extent.streams is None else extent.streams
        self._check_state(state)
        if extent.streams is not None and state.streams != extent.streams:
            raise ValueError(f"the inputs have {extent.streams} streams and the state has {state.streams}")
        return state.streams

    def _check_state(self, state):
        if not isinstance(state, State) or state._network is not self:
            raise TypeError(
                "state is none of this network's; its method state(streams) makes one, "
                "and of a pickle or copy it is the network's that was pickled or copied with it"
            )

    def _take_inputs(self, positional, named, is_step):
        arrays = [
            self._take_input(tensor, value)
            for tensor, value in zip(self.inputs, _arguments.match(self.inputs, positional, named))
        ]
        return arrays, _arguments.extent(self.inputs, [array.shape for array in arrays], is_step)

    def _take_input(self, tensor, value):
        """The input as the network reads it, without a copy where it is that already."""
        array = value
        if not isinstance(value, numpy.ndarray):
            array = numpy.asarray(value, None if tensor.is_id else self.dtype)
        if tensor.is_id:
            return _arguments.take_integers(f"input '{tensor.name}'", array)
        if array.dtype != self.dtype:
            text = f"input '{tensor.name}' is of type {array.dtype}"
            if array.dtype.name not in _DTYPES:
                raise TypeError(f"{text}; expected {self.dtype}")
            raise TypeError(
                f"{text}, and the network computes in {self.dtype}: "
                f"give .astype('{self.dtype}'), or compile it with dtype='{array.dtype}'"
            )
        return numpy.ascontiguousarray(array) if array.ndim else array

    def _take_lengths(self, lengths, frames, streams):
        if lengths is None:
            return None
        lengths = _arguments.take_integers("lengths", numpy.asarray(lengths))
        if lengths.shape != (streams,):
            raise ValueError(f"lengths has shape {describe(lengths.shape)}; expected [{streams}], one for each stream")
        if lengths.size and (lengths.min() < 0 or lengths.max() > frames):
            wrong = lengths.min() if lengths.min() < 0 else lengths.max()
            raise ValueError(f"lengths has {wrong}; expected 0 .. {frames}, the number of frames")
        return lengths

    def _give(self, results):
        if len(results) == 1:
            return results[0]
        return {tensor.name: result for tensor, result in zip(self.outputs, results)}

    # ---- gradients ----

    def differentiable(self, states=False):
        """This network compiled with gradients, which another program asks for by the adjoints of its outputs; through
        states, too, if `states`."""
        if self._vjp and (not states or self._vjp.past_size):
            return self
        if not self.outputs or any(not t.in_streams for t in self.outputs):
            raise Error("the network has no output that gradients could come from")
        if states and self._vjp and self._vjp.whole_sequences:
            self._refuse_state("no state that gradients go through")
        more = [option for option in self._more if option != "--vjp"]
        other = Network(self._program, self.dtype.name, self.threads, (*more, "--vjp-states" if states else "--vjp"))
        other._check_same(self._model.fingerprint)
        return other

    def _check_same(self, fingerprint):
        if self._model.fingerprint != fingerprint:
            raise Error(f"the program of '{self.name}' has changed since it was compiled: its parameters are others")

    def _find_vjp_sizes(self, frames, streams):
        """Bytes of the state and the work of a call."""
        return self._vjp.state_size(streams), self._vjp.work_size(frames, streams)

    def _forward(self, weights, frames, streams, lengths, inputs, outputs, state=None):
        """The outputs of a call whose streams begin, or that goes on from a state; what is where, as addresses. Returns
        the work, as a buffer, with what `_backward` needs; its memory is used again when nobody has the buffer any
        longer."""
        state_init, forward, _ = self._vjp_calls
        sizes = self._vjp_sizes(frames, streams)
        try:
            memory = self._idle_gradients.pop()
        except IndexError:
            memory = []
        if not memory or any(part.size < size for part, size in zip(memory, sizes)):
            memory.clear()
            memory.extend(Memory(self._model, size) for size in sizes)
        own, work = (part.address for part in memory)
        if state is None:
            self._check(state_init(own, streams))
        window = rnn_window(frames=frames, lengths=lengths.ctypes.data if lengths is not None else None)
        with self._limit_threads():
            weights = weights or self._nothing.address
            self._check(forward(weights, state or own, work, byref(window), _pointers(inputs), _pointers(outputs)))
        buffer = (c_char * sizes[1]).from_address(work)
        weakref.finalize(buffer, self._idle_gradients.append, memory)
        return buffer

    def _backward(self, weights, work, inputs, adjoints, end, gradient, input_gradients, begin):
        """Gradients, with the work of a forward pass and what that was given. An adjoint that is None is 0. end, begin:
        the adjoint of the state that the pass has left, and what that of the state before becomes, or None."""
        backward = self._vjp_calls[2]
        with self._limit_threads():
            self._check(
                backward(
                    weights or self._nothing.address,
                    work,
                    _pointers(inputs),
                    _pointers(adjoints),
                    end,
                    gradient or self._nothing.address,
                    _pointers(input_gradients),
                    begin,
                )
            )

    # ---- what it is ----

    def explain(self):
        """What the compiler has found out: regions, why they are in or out of a cycle, operations, bytes."""
        words = [option for option in self._program.options if not option.startswith("--threads")]
        return Program(self._program.source, words).run("rnnc", "--emit=explain", "-o", "-")

    def __deepcopy__(self, memo):
        return self._copy()

    def _copy(self):
        return _rebuild(*self.__reduce__()[1])

    def __reduce__(self):
        weights = self._weights.values.copy() if self._weights.packed else None
        return _rebuild, (self._program, self.dtype.name, self.threads, self._more, weights, self._model.fingerprint)

    def __repr__(self):
        return (
            f"<rnnc.Network '{self.name}': {self._model.parameter_elements} parameters, "
            f"{', '.join(map(repr, self.inputs))} -> {', '.join(map(repr, self.outputs))}>"
        )


def _rebuild(program, dtype, threads, more, weights, fingerprint):
    """A network as pickles and copies have it: compiled again, which the cache makes cheap."""
    network = Network(program, dtype, threads, more)
    network._check_same(fingerprint)
    if weights is not None:
        network._weights.values[:] = weights
        network.pack()
    return network


def _pointers(addresses):
    addresses = list(addresses)
    return _array_of_pointers(len(addresses) or 1)(*addresses)


@functools.lru_cache(maxsize=None)
def _array_of_pointers(count):
    return c_void_p * count

"""The descriptor of a compiled network, rnn/model.h, for ctypes; the names are those of the header."""

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_char, c_char_p, c_double, c_int, c_size_t, c_uint64, c_void_p

TYPE_REAL, TYPE_ID, TYPE_LABELS = range(3)
TIME_STATIC, TIME_SEQUENCE, TIME_FRAME = range(3)
OK = 0


class Structure(ctypes.Structure):
    """A structure whose fields are read only."""


class rnn_error(Structure):
    _fields_ = [("status", c_int), ("text", c_char * 500)]


class rnn_tensor(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("type", c_int),
        ("time", c_int),
        ("rank", c_int),
        ("shape", c_int * 3),
        ("vocabulary", c_int),
        ("offset", c_size_t),
        ("start", c_int),
        ("start_number", c_double),
        ("parts", c_void_p),
        ("part_count", c_int),
        ("fixed", c_int),
    ]


class rnn_cost(Structure):
    _fields_ = [("flops", c_double), ("weights", c_double)]


class rnn_window(Structure):
    _fields_ = [
        ("frames", c_int),
        ("advance", c_int),
        ("loss_from", c_int),
        ("lengths", c_void_p),
        ("drops", c_int),
        ("seed", c_uint64),
        ("call", c_uint64),
        ("first_stream", c_int),
        ("exchange", c_void_p),
    ]


# Functions of the descriptor; ctypes gives up the interpreter's lock while they run.
_size = CFUNCTYPE(c_size_t)
_size_of_streams = CFUNCTYPE(c_size_t, c_int)
_size_of_call = CFUNCTYPE(c_size_t, c_int, c_int)
_pack = CFUNCTYPE(c_int, c_void_p, c_void_p)
_state_init = CFUNCTYPE(c_int, c_void_p, c_int)
_reset = CFUNCTYPE(c_int, c_void_p, c_void_p)
_state_copy = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_void_p, c_int, c_int)
_step = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_void_p)
_step_some = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_void_p, c_int, c_void_p, c_void_p)
_run = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p, c_void_p, c_void_p)
_alloc = CFUNCTYPE(c_void_p, c_size_t, c_size_t)
_free = CFUNCTYPE(None, c_void_p)
_status_text = CFUNCTYPE(c_char_p, c_int)


_copy_streams = CFUNCTYPE(c_int, c_void_p, c_int, c_void_p, c_int, c_int)
_vjp = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, POINTER(rnn_window), *[c_void_p] * 6)
_vjp_forward = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, POINTER(rnn_window), c_void_p, c_void_p)
_vjp_backward = CFUNCTYPE(c_int, *[c_void_p] * 8)


class rnn_vjp(Structure):
    _fields_ = [
        ("whole_sequences", c_int),
        ("beside", rnn_cost),
        ("within", rnn_cost),
        ("past_size", _size_of_streams),
        ("state_size", _size_of_streams),
        ("work_size", _size_of_call),
        ("state_init", _state_init),
        ("reset", _reset),
        ("copy_streams", _copy_streams),
        ("vjp", _vjp),
        ("forward", _vjp_forward),
        ("backward", _vjp_backward),
    ]


class rnn_model(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("target", c_char_p),
        ("real_size", c_int),
        ("fingerprint", c_uint64),
        ("parameters", POINTER(rnn_tensor)),
        ("inputs", POINTER(rnn_tensor)),
        ("outputs", POINTER(rnn_tensor)),
        ("parameter_count", c_int),
        ("input_count", c_int),
        ("output_count", c_int),
        ("parameter_elements", c_size_t),
        ("flops", c_double),
        ("beside", rnn_cost),
        ("within", rnn_cost),
        ("block_frames", c_int),
        ("alignment", c_size_t),
        ("packed_size", _size),
        ("state_size", _size_of_streams),
        ("work_size", _size_of_call),
        ("pack", _pack),
        ("state_init", _state_init),
        ("reset", _reset),
        ("state_copy", _state_copy),
        ("step", _step),
        ("step_some", _step_some),
        ("run", _run),
        ("training", c_void_p),
        ("vjp", POINTER(rnn_vjp)),
        ("variants", c_void_p),
        ("alloc", _alloc),
        ("free", _free),
        ("status_text", _status_text),
    ]


MIRRORED = (rnn_error, rnn_tensor, rnn_cost, rnn_window, rnn_vjp, rnn_model)


class Tensor:
    """A parameter, an input or an output of a network.

    name: the program's, as "h1.weight_ih".
    shape: of one stream at one frame; () is a single number.
    is_id: its elements are ids, 0 .. vocabulary - 1 (-1: none).
    in_frames: there is one for each frame; otherwise one for each sequence.
    """

    def __init__(self, source):
        self.name = source.name.decode()
        self.shape = tuple(source.shape[: source.rank])
        self.is_id = source.type == TYPE_ID
        self.vocabulary = source.vocabulary
        self.in_frames = source.time == TIME_FRAME
        self.in_streams = source.time != TIME_STATIC
        self.offset = source.offset
        self.is_fixed = source.fixed != 0
        self.elements = 1
        for length in self.shape:
            self.elements *= length

    def axes(self, frames, streams):
        """The shape of its array in a call; frames or streams None: without that axis."""
        front = ()
        if self.in_frames and frames is not None:
            front += (frames,)
        if self.in_streams and streams is not None:
            front += (streams,)
        return front + self.shape

    def describe(self):
        """Its axes in words, as "[frames, streams, 4]"."""
        return describe(self.axes("frames", "streams"))

    def __repr__(self):
        return f"{self.name}{describe(self.shape)}" if self.shape else self.name


def describe(shape):
    """A shape as the language writes it: "[4, 3]"."""
    return "[" + ", ".join(str(length) for length in shape) + "]"

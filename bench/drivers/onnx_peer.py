"""ONNX Runtime (argument `onnxruntime`) and OpenVINO (`openvino`), which run the same file: LSTM and GRU by their operators."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from peer import Loaded, Unknown, serve, threads

GATES = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}  # where ONNX's i o f c, z r h are in the program's i f g o, r z k


def reorder(cell, numbers):
    parts = np.split(numbers, len(GATES[cell]))
    return np.concatenate([parts[i] for i in GATES[cell]])


class Network:
    """The graph of a task, made node by node; `past` lists the states: name going in, name coming out."""

    def __init__(self, task):
        self.task, self.nodes, self.constants, self.past = task, [], [], []
        self.steps = task.call == "step"
        self.constant("axis", np.array([1], dtype=np.int64))

    def constant(self, name, numbers):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(numbers), name))
        return name

    def node(self, kind, inputs, outputs, **options):
        self.nodes.append(helper.make_node(kind, inputs, outputs, **options))
        return outputs[0]

    def layer(self, x, cell, name):
        units, gates = self.task.units, len(GATES[cell])
        w, u = (reorder(cell, self.task.numbers(f"{name}.{letter}", gates * units, -1)) for letter in "WU")
        biases = [reorder(cell, self.task.numbers(f"{name}.b", -1))]
        biases.append(reorder(cell, self.task.numbers(f"{name}.d", -1)) if cell == "gru" else np.zeros_like(biases[0]))
        inputs = [x, self.constant(name + "W", w[None]), self.constant(name + "U", u[None])]
        inputs.append(self.constant(name + "b", np.concatenate(biases)[None]))
        outputs = [name + "y4"]
        if self.steps:
            states = [name + "h"] + ([name + "c"] if cell == "lstm" else [])
            inputs += [""] + states
            outputs += [state + "_next" for state in states]
            self.past += [(state, state + "_next") for state in states]
        options = {"hidden_size": units, **({"linear_before_reset": 1} if cell == "gru" else {})}
        self.node(cell.upper(), inputs, outputs, **options)
        return self.node("Squeeze", [name + "y4", "axis"], [name + "y"])

    def serialize(self, x_type, x_shape, out, out_shape):
        def info(name, kind, shape):
            return helper.make_tensor_value_info(name, kind, shape)

        state = [1, self.task.streams, self.task.units]
        inputs = [info("x", x_type, x_shape)] + [info(old, TensorProto.FLOAT, state) for old, _ in self.past]
        outputs = [info(out, TensorProto.FLOAT, out_shape)] + [info(new, TensorProto.FLOAT, state) for _, new in self.past]
        graph = helper.make_graph(self.nodes, "network", inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
        model.ir_version = 8
        return model.SerializeToString()


def build(task):
    """(file, name of the result, its shape, states)."""
    net = Network(task)
    frames = 1 if task.call == "step" else task.frames
    shape = [frames, task.streams, task.units]
    if task.net == "language":
        embedding = net.constant("E", task.numbers("E", -1, task.units // 2))
        x = net.node("Gather", [embedding, "x"], ["embedded"])
        for name in ("h1", "h2"):
            x = net.layer(x, "lstm", name)
        projection = net.constant("P", task.numbers("P", task.units // 2, -1).T)
        x = net.node("MatMul", [x, projection], ["projected"])
        words = task.numbers("E", -1, task.units // 2)
        x = net.node("MatMul", [x, net.constant("Et", words.T)], ["products"])
        x = net.node("Add", [x, net.constant("v", task.numbers("v", -1))], ["scores"])
        out = shape[:2] + [len(words)]
        return net.serialize(TensorProto.INT32, shape[:2], x, out), x, out, net.past
    if task.net not in GATES:
        raise Unknown("has no operator for this cell")
    x = "x"
    for layer in range(task.layers):
        x = net.layer(x, task.net, f"h.{layer}")
    return net.serialize(TensorProto.FLOAT, shape, x, shape), x, shape, net.past


class Common(Loaded):
    def __init__(self, task):
        if task.call == "train":
            raise Unknown("does not train")
        self.task, self.x, self.turn = task, task.sequence("x"), 0
        self.model, self.out, self.shape, self.past = build(task)
        self.kept = []
        self.prepare()

    def state(self):
        return np.zeros((1, self.task.streams, self.task.units), np.float32)

    def results(self):
        name = "scores" if self.task.net == "language" else "h"
        return {name: np.concatenate(self.kept) if self.kept else self.result()}


class OnnxRuntime(Common):
    def prepare(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
        self.session = onnxruntime.InferenceSession(self.model, options, providers=["CPUExecutionProvider"])
        value = onnxruntime.OrtValue.ortvalue_from_numpy
        frames = self.x if self.past else [self.x]
        self.given = [value(np.ascontiguousarray(x[None] if self.past else x)) for x in frames]
        self.made = value(np.zeros(self.shape, np.float32))
        self.states = [[value(self.state()) for _ in self.past] for _ in range(2)]
        self.bindings = []
        for turn in range(2):
            binding = self.session.io_binding()
            binding.bind_ortvalue_input("x", self.given[0])
            binding.bind_ortvalue_output(self.out, self.made)
            for i, (old, new) in enumerate(self.past):
                binding.bind_ortvalue_input(old, self.states[turn][i])
                binding.bind_ortvalue_output(new, self.states[1 - turn][i])
            self.bindings.append(binding)

    def reset(self):
        """From here on each frame has its own input and its result is kept; timed calls do without both."""
        if self.past:
            self.turn, self.kept = 0, []
            for state in self.states[0]:
                state.update_inplace(self.state())
            self.call = self.call_and_keep

    def results(self):
        self.__dict__.pop("call", None)
        return super().results()

    def result(self):
        return self.made.numpy()

    def call_and_keep(self, frame):
        self.bindings[self.turn].bind_ortvalue_input("x", self.given[frame])
        OnnxRuntime.call(self, frame)
        self.kept.append(self.made.numpy().copy())

    def call(self, frame):
        self.session.run_with_iobinding(self.bindings[self.turn])
        self.turn = 1 - self.turn


class OpenVino(Common):
    def prepare(self):
        core = openvino.Core()
        options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
        compiled = core.compile_model(core.read_model(self.model), "CPU", options)
        # Two requests in turn, each of which reads the states that the other writes.
        states = [[openvino.Tensor(self.state()) for _ in self.past] for _ in range(2)]
        self.states = states
        self.requests = [compiled.create_infer_request() for _ in range(2)]
        frames = self.x if self.past else [self.x]
        self.given = [openvino.Tensor(np.ascontiguousarray(x[None] if self.past else x)) for x in frames]
        for turn, request in enumerate(self.requests):
            request.set_tensor("x", self.given[0])
            for i, (old, new) in enumerate(self.past):
                request.set_tensor(old, states[turn][i])
                request.set_tensor(new, states[1 - turn][i])

    def reset(self):
        if self.past:
            self.turn, self.kept = 0, []
            for state in self.states[0]:
                state.data[:] = 0
            self.call = self.call_and_keep

    def results(self):
        self.__dict__.pop("call", None)
        return super().results()

    def result(self):
        return self.requests[1 - self.turn].get_tensor(self.out).data.copy()

    def call_and_keep(self, frame):
        self.requests[self.turn].set_tensor("x", self.given[frame])
        OpenVino.call(self, frame)
        self.kept.append(self.result())

    def call(self, frame):
        self.requests[self.turn].infer(share_inputs=True)
        self.turn = 1 - self.turn


if sys.argv[1] == "onnxruntime":
    import onnxruntime

    serve(onnxruntime.__version__, OnnxRuntime)
else:
    import openvino

    serve(openvino.__version__.split("-")[0], OpenVino)

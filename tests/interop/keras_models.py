"""Compares random models of Keras with the programs that `rnn import` writes for them: keras_models.py RNN COUNT"""
import os, sys, tempfile

import numpy as np

import keras
from keras import layers as L

import keras_files

FUNCTIONS = ["tanh", "sigmoid", "relu", "softsign", "elu", "hard_sigmoid", "leaky_relu", "relu6", "selu", "silu", "gelu", "mish",
             "softplus", "hard_silu", "linear"]
BOUNDED = ["tanh", "sigmoid", "softsign", "hard_sigmoid"]


class Random:
    """Draws a model: a chain of layers, over some of which values are carried past them."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)

    def one(self, choices):
        return choices[self.random.integers(len(choices))]

    def maybe(self, chance=0.3):
        return bool(self.random.random() < chance)

    def recurrent(self, sequences):
        kind = self.one([L.LSTM, L.GRU, L.SimpleRNN])
        options = {"activation": self.one(BOUNDED) if self.maybe() else "tanh", "use_bias": not self.maybe(0.2),
                   "return_sequences": sequences}
        if kind is not L.SimpleRNN:
            options["recurrent_activation"] = self.one(["sigmoid", "hard_sigmoid", "tanh"]) if self.maybe() else "sigmoid"
        if kind is L.GRU:
            options["reset_after"] = not self.maybe(0.4)
        layer = kind(int(self.random.integers(1, 14)), go_backwards=False, **options)
        if not self.maybe(0.35):
            return kind(layer.units, go_backwards=self.maybe(), **options)
        if self.maybe():  # another layer backwards
            other = dict(options, activation="sigmoid")
            return L.Bidirectional(layer, backward_layer=kind(layer.units, go_backwards=True, **other))
        return L.Bidirectional(layer, merge_mode=self.one(["concat", "concat", "sum", "ave", "mul"]))

    def without_time(self, frames=True):
        dense = L.Dense(int(self.random.integers(1, 10)), activation=self.one(FUNCTIONS), use_bias=not self.maybe(0.2))
        return self.one([dense, dense, L.Dropout(0.3), L.LayerNormalization(epsilon=self.one([1e-3, 1e-5])),
                         L.LayerNormalization(center=False), L.BatchNormalization(), L.Activation(self.one(FUNCTIONS)),
                         L.RMSNormalization(), L.Normalization(), L.GaussianNoise(0.1), L.ReLU(), L.LeakyReLU(0.1), L.ELU(0.7), L.Softmax(),
                         L.PReLU(shared_axes=[1, 2] if self.maybe() else [1]) if frames else L.PReLU(), L.UnitNormalization(), L.Rescaling(0.3, -0.2)])

    def convolved(self):
        """Layers that read frames around each, and give as many."""
        taps, dilation = int(self.random.integers(1, 5)), int(self.random.integers(1, 3))
        options = {"dilation_rate": dilation, "activation": self.one(FUNCTIONS), "use_bias": not self.maybe(0.2)}
        units = int(self.random.integers(1, 9))
        if self.maybe():
            before = int(self.random.integers(0, dilation * (taps - 1) + 1))
            return [L.ZeroPadding1D((before, dilation * (taps - 1) - before)), L.Conv1D(units, taps, padding="valid", **options)]
        layer = self.one([L.Conv1D(units, taps, padding=self.one(["causal", "same"]), **options),
                          L.SeparableConv1D(units, taps, padding="same", **options),
                          L.DepthwiseConv1D(taps, padding="same", **options)])
        return [layer, L.SpatialDropout1D(0.2)]

    def model(self):
        ids = self.maybe(0.25)
        x = start = L.Input((None,) if ids else (None, int(self.random.integers(1, 9))), name=self.one(["x", "frames", "sensor"]))
        layers, functional, frames = [L.Embedding(17, 6)] if ids else [], self.maybe(0.4), True
        for _ in range(self.random.integers(1, 4)):
            if functional and self.maybe():
                layers.append(self.one([lambda v: 0.5 * v, lambda v: 1 - v, lambda v: v - 0.3, keras.ops.tanh, keras.ops.silu, keras.ops.relu]))
            layers += (self.convolved() if self.maybe() else []) + [self.recurrent(True)] + [self.without_time() for _ in range(self.random.integers(3))]
            if self.maybe():
                layers.append(L.TimeDistributed(self.one([L.Dense(4, activation="relu"), L.LayerNormalization(), L.PReLU(), L.Flatten()])))
        if self.maybe(0.5):
            frames = False
            last = self.one([self.recurrent(False), self.recurrent(False), L.GlobalAveragePooling1D(), L.GlobalMaxPooling1D()] +
                            ([lambda v: v[:, -1], lambda v: v[:, 0, :], lambda v: keras.ops.mean(v, axis=1)] if functional else []))
            layers += [last] + [self.without_time(False) for _ in range(self.random.integers(3))]
        for layer in layers:
            y = layer(x)
            backwards = getattr(layer, "go_backwards", False)  # its frames cannot be joined with those before it
            if functional and not backwards and not isinstance(layer, L.ZeroPadding1D) and y.shape == x.shape and self.maybe(0.6):
                y = self.one([L.Add, L.Multiply, L.Average, L.Maximum, L.Concatenate, L.Subtract])()([x, y])
            x = y
        model = keras.Model(start, x) if functional else keras.Sequential([start, *layers])
        for variable in model.weights:
            if "seed" not in variable.path and "count" not in variable.path:
                low = 0.3 if "variance" in variable.path else -0.6
                variable.assign(self.random.uniform(low, 0.8, variable.shape).astype("f4"))
        for layer in model.layers:
            if isinstance(layer, L.Normalization):
                layer.finalize_state()  # what it computes with follows from its weights here
        return model, ids, frames


def main():
    rnn, count = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    worst = 0
    keras.config.set_floatx("float64")  # some networks make much of each rounding
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for seed in range(count):
            draw = Random(seed)
            model, ids, frames = draw.model()
            shape = model.inputs[0].shape
            x = draw.random.integers(0, 17, (1, 20)) if ids else draw.random.standard_normal((1, 20, shape[2])).astype("f4")
            arguments = {0: ["model.keras"], 1: ["model.h5"], 2: ["model.weights.h5", "--config", "model.json"]}[seed % 3]
            if seed % 3 == 2:
                model.save_weights("model.weights.h5")
                with open("model.json", "w", encoding="utf-8") as file:
                    file.write(model.to_json())
            else:
                model.save(arguments[0])
            done = keras_files.read(rnn, arguments)
            if done.returncode:
                model.summary()
                sys.exit(f"model {seed}: {done.stderr}")
            error, problem = keras_files.compare(rnn, done, x[0].astype("i4") if ids else x[0],
                                                 keras.ops.convert_to_numpy(model(x, training=False))[0])
            worst = max(worst, error)
            if problem:
                model.summary()
                sys.exit(f"model {seed} ({arguments[0]}): {problem}")
    print(f"{count} models of Keras {keras.__version__} ({keras.backend.backend()}): outputs at most {worst:.2g} apart")


main()

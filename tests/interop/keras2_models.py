"""Models of Keras 2, as TensorFlow 2.15 and before write them, with the programs that `rnn import` writes: keras2_models.py RNN"""
import logging, os, sys, tempfile, warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
logging.disable(logging.WARNING)
import numpy as np

try:
    import tf_keras as keras
except ImportError:
    import keras

import keras_files

L = keras.layers


def classifier():
    return keras.Sequential([L.Masking(input_shape=(None, 6)), L.LSTM(9, return_sequences=True, name="first"), L.Dropout(0.3),
                             L.LSTM(5, recurrent_activation="hard_sigmoid"), L.Dense(4, activation="softmax")])


def tagger():
    return keras.Sequential([L.Embedding(17, 6), L.Bidirectional(L.GRU(5, reset_after=False, return_sequences=True)),
                             L.TimeDistributed(L.Dense(7, activation="swish")), L.LayerNormalization(epsilon=1e-5),
                             L.Bidirectional(L.LSTM(4, return_sequences=True), merge_mode="sum", name="up"), L.Dense(3)])


def spotter():
    x = start = L.Input((None, 6), name="frames")
    x = L.BatchNormalization()(L.Conv1D(8, 3, padding="causal", dilation_rate=2, activation="relu")(x))
    x = L.SpatialDropout1D(0.2)(L.DepthwiseConv1D(4, padding="same")(x))
    x = L.GRU(7, return_sequences=True, use_bias=False)(L.LeakyReLU(alpha=0.2)(x))
    return keras.Model(start, L.Dense(2, activation="sigmoid")(L.GlobalMaxPooling1D()(x)))


def residual():
    start = L.Input((None, 6))
    x = L.SimpleRNN(6, return_sequences=True)(L.GaussianNoise(0.1)(start))
    x = L.Add()([start, L.ELU(0.7)(x)])
    y = L.GRU(4, return_sequences=True, go_backwards=False)(L.LayerNormalization()(x))
    return keras.Model(start, L.Dense(3, activation="hard_sigmoid")(L.Concatenate()([x, y, start])))


def padded():
    return keras.Sequential([L.InputLayer((None, 6)), L.Normalization(), L.ZeroPadding1D((3, 1)), L.Conv1D(5, 5, activation="elu"),
                             L.Conv1D(5, 2, padding="same"), L.GRU(6, return_sequences=True, go_backwards=True),
                             L.SeparableConv1D(6, 3, padding="causal", activation="tanh"), L.PReLU(shared_axes=[1]), L.Rescaling(0.5, 1),
                             L.Conv1D(4, 3, padding="causal", use_bias=False), L.Softmax()])


def strided():
    return keras.Sequential([L.InputLayer((None, 6)), L.Conv1D(4, 3, strides=2, padding="same"), L.LSTM(3)])


REFUSED = {strided: "is only read with strides, groups and depth_multiplier of 1"}  # a program gives a frame for each


def main():
    rnn, random, worst, files = os.path.abspath(sys.argv[1]), np.random.default_rng(0), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        warnings.simplefilter("ignore")
        for make in (classifier, tagger, spotter, residual, padded, strided):
            model = make()
            for variable in model.weights:
                if "count" not in variable.name:
                    variable.assign(random.uniform(0.3 if "variance" in variable.name else -0.6, 0.8, variable.shape))
            for layer in model.layers:
                if isinstance(layer, L.Normalization):
                    layer.finalize_state()  # what it computes with follows from its weights here
            ids = make is tagger
            x = random.integers(0, 17, (1, 20)) if ids else random.standard_normal((1, 20, 6)).astype("f4")
            expected = model(x, training=False).numpy()[0]
            for name in ("model.h5", "model.keras"):
                model.save(name)
                done, refusal = keras_files.read(rnn, [name]), REFUSED.get(make)
                if refusal:
                    if done.returncode == 0 or refusal not in done.stderr:
                        sys.exit(f"{make.__name__} ({name}) is not refused with {refusal}, but: {done.stderr}")
                    continue
                if done.returncode:
                    sys.exit(f"{make.__name__} ({name}): {done.stderr}")
                error, problem = keras_files.compare(rnn, done, x[0].astype("i4") if ids else x[0], expected)
                worst, files = max(worst, error), files + 1
                if problem:
                    sys.exit(f"{make.__name__} ({name}): {problem}")
    print(f"{files} files of Keras {keras.__version__}: outputs at most {worst:.2g} apart")


main()

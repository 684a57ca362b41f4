#!/bin/sh
# `rnn import` of Keras's files beside Keras itself, where $PYTHON (default: python3) has it: random models of Keras 3 with the
# backend that KERAS_BACKEND names, and models of Keras 2 where there is TensorFlow up to 2.15, or tf_keras. In minutes.
#   sh tests/interop/keras.sh [RNN [COUNT]]
set -eu
here=$(dirname "$0")
python=${PYTHON:-python3}
rnn=${1:-$here/../../build/bin/rnn}
"$python" -c 'import numpy, keras' 2>/dev/null || { echo "skipped: $python has no keras"; exit 77; }
version=$("$python" -c 'import keras; print(keras.__version__)' 2>/dev/null)
if "$python" -c 'import tf_keras' 2>/dev/null || [ "${version%%.*}" = 2 ]; then "$python" "$here/keras2_models.py" "$rnn"; fi
if [ "${version%%.*}" = 2 ]; then exit; fi
exec "$python" "$here/keras_models.py" "$rnn" "${2:-80}"

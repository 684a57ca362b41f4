#!/bin/sh
# `rnn import` of Keras's files beside Keras itself, where $PYTHON (default: python3) has keras with a backend, which
# KERAS_BACKEND names: random models, in minutes.
#   sh tests/interop/keras.sh [RNN [COUNT]]
set -eu
here=$(dirname "$0")
python=${PYTHON:-python3}
"$python" -c 'import numpy, keras' 2>/dev/null || { echo "skipped: $python has no keras"; exit 77; }
exec "$python" "$here/keras_models.py" "${1:-$here/../../build/bin/rnn}" "${2:-80}"

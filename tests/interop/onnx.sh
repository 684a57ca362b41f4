#!/bin/sh
# `rnn import` of ONNX files beside ONNX Runtime and its own tests of nodes, where $PYTHON (default: python3) has onnx and onnxruntime: random
# attributes of LSTM, GRU and RNN, in minutes.
#   sh tests/interop/onnx.sh [RNN [COUNT]]
set -eu
here=$(dirname "$0")
python=${PYTHON:-python3}
"$python" -c 'import numpy, onnx, onnxruntime' 2>/dev/null || { echo "skipped: $python has no onnx and onnxruntime"; exit 77; }
"$python" "$here/onnx_nodes.py" "${1:-$here/../../build/bin/rnn}"
exec "$python" "$here/onnx_operators.py" "${1:-$here/../../build/bin/rnn}" "${2:-200}"

#!/bin/sh
# `rnn import --check` of ONNX files beside what others compute, where $PYTHON (default: python3) has them: the tests of nodes
# that onnx makes, ONNX Runtime for random attributes of LSTM, GRU and RNN, and PyTorch for what its exporters write.
#   sh tests/interop/onnx.sh [RNN [COUNT]]
set -eu
here=$(dirname "$0")
python=${PYTHON:-python3}
rnn=${1:-$here/../../build/bin/rnn}
has() { "$python" -c "import $1" 2>/dev/null; }
has numpy,onnx || { echo "skipped: $python has no onnx"; exit 77; }
export CFLAGS="${CFLAGS--O0}" # what is asked is whether the programs are right
"$python" "$here/onnx_nodes.py" "$rnn"
if has onnxruntime; then "$python" "$here/onnx_operators.py" "$rnn" "${2:-200}"; else echo "left out: $python has no onnxruntime"; fi
if has torch,onnxscript; then "$python" "$here/onnx_torch.py" "$rnn"; else echo "left out: $python has no torch with onnxscript"; fi

#!/bin/sh
# `rnn import` beside PyTorch itself, where $PYTHON (default: python3) has torch and numpy: every kind of layer and cell, and chains of modules, in minutes.
#   sh tests/interop/torch.sh [RNN]
set -eu
here=$(dirname "$0")
python=${PYTHON:-python3}
"$python" -c 'import numpy, torch' 2>/dev/null || { echo "skipped: $python has no torch and numpy"; exit 77; }
exec "$python" "$here/torch_layers.py" "${1:-$here/../../build/bin/rnn}"

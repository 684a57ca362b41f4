#!/bin/sh
# Installs the Python package as users do, into a virtual environment, and tests it there, with PyTorch from PyPI. Needs the
# network, and gigabytes where PyPI's torch brings its CUDA; so it is not among the tests that every build runs.
#   sh tests/interop/python.sh [FOLDER]      FOLDER: of the environment, made if it is not there (default: a new one, removed)
set -eu
cd "$(dirname "$0")/../.."
folder=${1:-}
if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
[ -x "$folder/bin/python" ] || python3 -m venv "$folder"
"$folder/bin/pip" install --quiet ".[torch,test]"
unset RNNC_PREFIX PYTHONPATH
"$folder/bin/python" -m pytest -q -p no:cacheprovider tests/python

#!/bin/sh
# Training over many ranks, simulated: see `sh bench/scale.sh --help`, and docs/distributed.md.
set -eu
command -v python3 >/dev/null || { echo "bench/scale.sh: python3 is missing: apt-get install python3, or what your system calls it" >&2; exit 1; }
exec python3 -B "$(dirname "$0")/scale.py" "$@"

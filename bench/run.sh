#!/bin/sh
# Emitted code beside its peers on this machine: see `sh bench/run.sh --help`, and docs/performance.md.
set -eu
command -v python3 >/dev/null || { echo "bench/run.sh: python3 is missing: apt-get install python3, or what your system calls it" >&2; exit 1; }
exec python3 -B "$(dirname "$0")/run.py" "$@"

#!/bin/sh
# Six applications, trained, factored and measured beside PyTorch: see `sh bench/applications.sh --help`, and docs/applications.md.
set -eu
command -v python3 >/dev/null || { echo "bench/applications.sh: python3 is missing: apt-get install python3, or what your system calls it" >&2; exit 1; }
exec python3 -B "$(dirname "$0")/applications.py" "$@"

#!/bin/sh
# Replaces the expected output of the golden tests by rnnc's present output. Look at the diff before committing it.
#   sh scripts/update-golden.sh [RNNC] [FILE...]      (default: build/bin/rnnc, all)
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
rnnc=${1:-$root/build/bin/rnnc}
[ $# = 0 ] || shift
[ -f "$rnnc" ] && [ -x "$rnnc" ] || { echo "update-golden: no rnnc at $rnnc; build it first" >&2; exit 1; }
rnnc=$(cd "$(dirname "$rnnc")" && pwd)/$(basename "$rnnc")
[ $# -gt 0 ] || set -- "$root"/tests/golden/*/*.rnn "$root"/tests/golden/*/*.sh
for file; do
  sh "$root/tests/golden/golden.sh" --update "$rnnc" "$file"
done

#!/bin/sh
# Compares a peer's results with those of emitted code: bench/run.sh leaves out the figures of one that differs.
#
#   sh bench/test_peer.sh BUILD PEER TASK...
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=$1 peer=$2
shift 2
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
for task; do
  sh "$top/bench/run.sh" --build "$build" --peers "$peer" --rounds 1 --seconds 0.002 --csv "$scratch/b.csv" --tasks "$task" >"$scratch/out"
  grep -q ",$peer," "$scratch/b.csv" || { cat "$scratch/out"; echo "FAILED: $task"; exit 1; }
done

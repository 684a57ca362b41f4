#!/bin/sh
# Training: loss and gradients of 64 frames, from parameters on, one thread; medians of five turns, taken in turn.
#
#   sh bench/train.sh [build folder]            the gain of batching over frames and over streams
#   sh bench/train.sh --table [build folder]    frames per second over streams, units and layers, as a table for docs/training.md
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
table=
[ "${1:-}" != --table ] || { table=1; shift; }
build=${1:-$top/build}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cc=${CC:-cc}
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
grep -q avx512f /proc/cpuinfo && export OPENBLAS_CORETYPE=SkylakeX

# build_network PROGRAM OPTION...: layers of LSTM.
build_network() {
  program=$1
  shift
  "$build/bin/rnnc" --train "$top/bench/nets/lstm.rnn" --prefix=net "$@" -o "$scratch/net.c"
  $cc -O3 -march=native -I"$top/runtime/include" "$top/bench/train.c" "$scratch/net.c" "$build/lib/librnn_runtime.a" \
    -ljansson -lm -o "$scratch/$program"
}

median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
ratio() { awk "BEGIN {printf \"%.2f\", $1 / $2}"; }

# in_turn TURNS COMMAND NAME COMMAND NAME ...: medians of the first word that each prints, in files NAME
in_turn() {
  turns=$1
  shift
  rm -f "$scratch"/*.times
  while [ "$turns" -gt 0 ]; do
    turns=$((turns - 1))
    i=1
    while [ "$i" -lt $# ]; do
      eval "command=\${$i} name=\${$((i + 1))}"
      # shellcheck disable=SC2086
      $command | awk '{print $1}' >>"$scratch/$name.times"
      i=$((i + 2))
    done
  done
  for times in "$scratch"/*.times; do median <"$times" >"${times%.times}.median"; done
}
result() { cat "$scratch/$1.median"; }

if [ "$table" ]; then
  echo "| layers | units | streams | frame by frame | frames at once | gain | gain of streams |"
  echo "|---|---|---|---|---|---|---|"
  for layers in 1 2 3; do
    for units in 128 256 512 1024; do
      build_network all -D n=$units -D layers=$layers
      build_network each -D n=$units -D layers=$layers -fno-batch-frames
      one=
      for streams in 1 2 4 8 16 32 64; do
        in_turn 3 "$scratch/all $streams 64 0.2" a "$scratch/each $streams 64 0.2" e
        all=$(awk "BEGIN {print 64000 * $streams / $(result a)}") each=$(awk "BEGIN {print 64000 * $streams / $(result e)}")
        one=${one:-$all}
        printf '| %d | %d | %d | %.0f | %.0f | %s | %s |\n' $layers $units $streams "$each" "$all" "$(ratio "$all" "$each")" \
          "$(ratio "$all" "$one")"
      done
    done
  done
  exit 0
fi

build_network lstm -D n=512
build_network lstm_each -D n=512 -fno-batch-frames
echo "weight gradient alone, [2048, 512]: $("$scratch/lstm" weights 2048 512)"
in_turn 5 "$scratch/lstm 1" lstm1 "$scratch/lstm_each 1" each1 "$scratch/lstm 16" lstm16
one=$(result lstm1) many=$(result lstm16) each=$(result each1)
echo "LSTM 512, 1 stream: frame by frame $each ms, frames at once $one ms: $(ratio "$each" "$one") times faster"
echo "LSTM 512, 16 streams: $many ms: $(awk "BEGIN {printf \"%.2f\", 16 * $one / $many}") times the frames per second of one"

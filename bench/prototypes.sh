#!/bin/sh
# Emitted code against the hand-written prototypes of its kernels, in turn within one run: an LSTM layer with input = units, one
# thread. One stream: microseconds a frame, input product included. Sixteen streams: the rate of the arithmetic, the whole
# layer here against the recurrent product alone there. Ratios above 1: emitted code is slower.
#
#   sh bench/prototypes.sh [build folder] [folder of the prototypes]
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$top/build}
prototypes=${2:-$top/../shared/prototypes}
[ -e "$prototypes/panel_lstm.c" ] || { echo "skipped: no prototypes in $prototypes"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cc=${CC:-cc}
export OPENBLAS_NUM_THREADS=1
grep -q avx512f /proc/cpuinfo && export OPENBLAS_CORETYPE=SkylakeX

median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

for units in 64 256 512; do
  "$build/bin/rnnc" "$top/examples/lstm/lstm.rnn" -D n=$units --prefix=net -o "$scratch/net.c"
  $cc -O3 -march=native -I"$top/runtime/include" "$top/bench/frames.c" "$scratch/net.c" "$build/lib/librnn_runtime.a" \
    -ljansson -lm -o "$scratch/frames"
  $cc -O3 -march=native -ffast-math -fopenmp -DUNITS=$units "$prototypes/panel_lstm.c" -o "$scratch/one" -lopenblas -lm
  $cc -O3 -march=native -ffast-math -DUNITS=$units -DCOLUMNS=16 "$prototypes/panel_batch.c" -o "$scratch/many" -lopenblas -lm
  for kind in one many; do : >"$scratch/$kind.ours"; : >"$scratch/$kind.theirs"; done
  for turn in 1 2 3 4 5; do
    "$scratch/frames" 1 | awk '{print $1}' >>"$scratch/one.ours"
    "$scratch/one" 1 | awk '{print $5}' >>"$scratch/one.theirs"
    "$scratch/frames" 16 | awk '{print $5}' >>"$scratch/many.ours"
    "$scratch/many" | awk '{print $6}' >>"$scratch/many.theirs"
  done
  ours=$(median <"$scratch/one.ours") theirs=$(median <"$scratch/one.theirs")
  echo "$units units,  1 stream:  $ours us a frame, prototype $theirs us; ratio $(awk "BEGIN {printf \"%.2f\", $ours / $theirs}")"
  ours=$(median <"$scratch/many.ours") theirs=$(median <"$scratch/many.theirs")
  echo "$units units, 16 streams: $ours GFLOP/s, prototype $theirs GFLOP/s; ratio $(awk "BEGIN {printf \"%.2f\", $theirs / $ours}")"
done

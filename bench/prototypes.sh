#!/bin/sh
# Emitted code against the hand-written prototypes of its kernels, in turn within one run: an LSTM layer with input = units, one
# thread. One stream: microseconds a frame, input product included. Sixteen streams: the rate of the arithmetic, the whole
# layer here against the recurrent product alone there. Ratios above 1: emitted code is slower.
# With --cc CC: emitted code compiled by CC against the same compiled by gcc, GRUs of 40 units stepping beside the layers. Ratios
# above 1: CC's is slower.
#
#   sh bench/prototypes.sh [--cc CC] [build folder] [folder of the prototypes]
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
other=
if [ "${1:-}" = --cc ]; then
  other=${2:?--cc needs a compiler}
  shift 2
fi
build=${1:-$top/build}
prototypes=${2:-$top/../shared/prototypes}
[ -n "$other" ] || [ -e "$prototypes/panel_lstm.c" ] || { echo "skipped: no prototypes in $prototypes"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cc=${CC:-cc}
export OPENBLAS_NUM_THREADS=1
grep -q avx512f /proc/cpuinfo && export OPENBLAS_CORETYPE=SkylakeX

median() { sort -g "$1" | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
ratio() { awk "BEGIN {printf \"%.2f\", $1 / $2}"; }

# compile_frames COMPILER PROGRAM: bench/frames.c with the network in net.c.
compile_frames() {
  $1 -O3 -march=native -I"$top/runtime/include" "$top/bench/frames.c" "$scratch/net.c" "$build/lib/librnn_runtime.a" \
    -ljansson -lm -o "$2"
}

# compare NAME ARGUMENT...: both compilers' frames, called with these arguments.
compare() {
  name=$1
  shift
  : >"$scratch/gcc.us"
  : >"$scratch/other.us"
  for turn in 1 2 3 4 5; do
    for kind in gcc other; do "$scratch/frames.$kind" "$@" | awk '{print $1}' >>"$scratch/$kind.us"; done
  done
  ours=$(median "$scratch/other.us") theirs=$(median "$scratch/gcc.us")
  echo "$name: $other $ours us a frame, gcc $theirs us; ratio $(ratio "$ours" "$theirs")"
}

# emit EXAMPLE UNITS
emit() { "$build/bin/rnnc" "$top/examples/$1.rnn" -D n="$2" --prefix=net -o "$scratch/net.c"; }

if [ -n "$other" ]; then
  for network in gru/gru_reset_before gru/gru_reset_after; do
    emit $network 40
    compile_frames gcc "$scratch/frames.gcc"
    compile_frames "$other" "$scratch/frames.other"
    compare "$(basename $network), 40 units, 1 stream, stepping" 1 step
  done
  for units in 64 256 512; do
    emit lstm/lstm $units
    compile_frames gcc "$scratch/frames.gcc"
    compile_frames "$other" "$scratch/frames.other"
    compare "lstm, $units units, 1 stream" 1
    compare "lstm, $units units, 16 streams" 16
  done
  exit
fi

for units in 64 256 512; do
  emit lstm/lstm $units
  compile_frames "$cc" "$scratch/frames"
  $cc -O3 -march=native -ffast-math -fopenmp -DUNITS=$units "$prototypes/panel_lstm.c" -o "$scratch/one" -lopenblas -lm
  $cc -O3 -march=native -ffast-math -DUNITS=$units -DCOLUMNS=16 "$prototypes/panel_batch.c" -o "$scratch/many" -lopenblas -lm
  for kind in one many; do : >"$scratch/$kind.ours"; : >"$scratch/$kind.theirs"; done
  for turn in 1 2 3 4 5; do
    "$scratch/frames" 1 | awk '{print $1}' >>"$scratch/one.ours"
    "$scratch/one" 1 | awk '{print $5}' >>"$scratch/one.theirs"
    "$scratch/frames" 16 | awk '{print $5}' >>"$scratch/many.ours"
    "$scratch/many" | awk '{print $6}' >>"$scratch/many.theirs"
  done
  ours=$(median "$scratch/one.ours") theirs=$(median "$scratch/one.theirs")
  echo "$units units,  1 stream:  $ours us a frame, prototype $theirs us; ratio $(ratio "$ours" "$theirs")"
  ours=$(median "$scratch/many.ours") theirs=$(median "$scratch/many.theirs")
  echo "$units units, 16 streams: $ours GFLOP/s, prototype $theirs GFLOP/s; ratio $(ratio "$theirs" "$ours")"
done

#!/bin/sh
# Training: loss and gradients of 64 frames, from parameters on; medians of some turns, taken in turn, on the wall.
#
#   sh bench/train.sh [build folder]            the gain of batching over frames and over streams, one thread
#   sh bench/train.sh --table [build folder]    frames per second over streams, units and layers, one thread and two, as a table for
#                                               docs/training.md
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/bench/arguments.sh"
table=
[ "${1:-}" != --table ] || { table=1; shift; }
[ $# -le 1 ] || wrong "too many arguments, from '$2' on"
build=$(programs "${1:-$top/build}" bin/rnnc lib/librnn_runtime.a)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# build_program NAME SOURCE...
build_program() {
  program=$1
  shift
  ${CC:-cc} -O3 -march=native -fopenmp -I"$top/runtime/include" -I"$top/bench" "$@" "$build/lib/librnn_runtime.a" -ljansson -lm -o "$scratch/$program"
}

# build_network NAME OPTION...: layers of LSTM, with the driver of bench/run.sh
build_network() {
  network=$1
  shift
  "$build/bin/rnnc" --train "$top/bench/nets/lstm.rnn" --prefix=net "$@" -o "$scratch/net.c"
  build_program "$network" "$top/bench/drivers/driver.c" "$top/bench/drivers/emitted.c" "$scratch/net.c"
}

# train NAME THREADS UNITS LAYERS STREAMS SECONDS: microseconds a frame of all streams
train() {
  (cd "$scratch" && printf 'load . train lstm %d %d %d 64\ntime %s\n' "$3" "$4" "$5" "$6" | OMP_NUM_THREADS=$2 BENCH_CLOCK=wall "./$1" | tail -1)
}

median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
compute() { awk "BEGIN {printf \"$1\", $2}"; }

# in_turn TURNS COMMAND NAME COMMAND NAME ...: medians of the numbers that they print, in files NAME
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
      $command >>"$scratch/$name.times"
      i=$((i + 2))
    done
  done
  for times in "$scratch"/*.times; do median <"$times" >"${times%.times}.median"; done
}
result() { cat "$scratch/$1.median"; }

# frames NAME: frames per second of what in_turn has taken by this name
frames() { compute %.0f "1e6 * $streams / $(result "$1")"; }

if [ "$table" ]; then
  echo "| layers | units | streams | frame by frame | frames at once | gain | gain of streams | two threads | gain | as a wavefront | gain |"
  echo "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
  for layers in 1 2 3; do
    for units in 128 256 512 1024; do
      build_network all -D n=$units -D layers=$layers
      build_network each -D n=$units -D layers=$layers -fno-batch-frames
      [ $layers = 1 ] || build_network wave -D n=$units -D layers=$layers -fthreads=wavefront
      one=
      for streams in 1 2 4 8 16 32 64; do
        size="$units $layers $streams 0.2"
        if [ $layers = 1 ]; then
          in_turn 3 "train each 1 $size" each "train all 1 $size" all "train all 2 $size" two
          wave=- gain=-
        else
          in_turn 3 "train each 1 $size" each "train all 1 $size" all "train all 2 $size" two "train wave 2 $size" wave
          wave=$(frames wave) gain=$(compute %.2f "$(result all) / $(result wave)")
        fi
        one=${one:-$(frames all)}
        printf '| %d | %d | %d | %s | %s | %s | %s | %s | %s | %s | %s |\n' $layers $units $streams "$(frames each)" "$(frames all)" \
          "$(compute %.2f "$(result each) / $(result all)")" "$(compute %.2f "$(frames all) / $one")" \
          "$(frames two)" "$(compute %.2f "$(result all) / $(result two)")" "$wave" "$gain"
      done
    done
  done
  exit 0
fi

build_program weights "$top/bench/train.c"
build_network all -D n=512
build_network each -D n=512 -fno-batch-frames
echo "weight gradient alone, [2048, 512]: $("$scratch/weights" 2048 512)"
in_turn 5 "train all 1 512 1 1 1" one "train each 1 512 1 1 1" each "train all 1 512 1 16 1" many
one=$(result one) many=$(result many) each=$(result each)
echo "LSTM 512, 1 stream: frame by frame $(compute %.3f "0.064 * $each") ms, frames at once $(compute %.3f "0.064 * $one") ms:" \
  "$(compute %.2f "$each / $one") times faster"
echo "LSTM 512, 16 streams: $(compute %.3f "0.064 * $many") ms: $(compute %.2f "16 * $one / $many") times the frames per second of one"

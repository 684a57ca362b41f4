#!/bin/sh
# The forward pass that keeps what the backward pass needs, and the backward pass with gradients of all weights, of cells of 256
# units: microseconds a frame of all streams, medians. Builds of several versions are measured in turn, TURNS times.
#   sh bench/vjp.sh [BUILD...]      (default: build)
# A build is a folder within its checkout. CELLS (layernorm_lstm mgu sLSTM LSTM GRU, the last three of std.cells), STREAMS (1 16),
# THREADS (1), FRAMES (96), ROUNDS (25), TURNS (1); CC is the C compiler.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/arguments.sh"
number ROUNDS "${ROUNDS:=25}"
number FRAMES "${FRAMES:=96}"
number TURNS "${TURNS:=1}"
for threads in ${THREADS:=1}; do number THREADS "$threads"; done
for streams in ${STREAMS:=1 16}; do number STREAMS "$streams"; done
[ $# -gt 0 ] || set -- "$root/build"
for build; do
  build=$(programs "$build" bin/rnnc lib/librnn_runtime.a)
  [ -f "$build/../runtime/include/rnn/model.h" ] || wrong "'$build' is no folder within a checkout"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# emit RNNC CELL: net.c and net.h of a cell
emit() {
  if [ -f "$root/examples/$2/$2.rnn" ]; then
    set -- "$1" "$root/examples/$2/$2.rnn" -D n=256
  else
    printf 'import std.cells\nmodel net {\n  input x[256]\n  cell = cells.%s[256](x)\n  output h = cell.h\n}\n' "$2" >"$work/net.rnn"
    set -- "$1" "$work/net.rnn"
  fi
  "$@" --vjp --target=native --prefix=net -o "$work/net.c" --header="$work/net.h"
}

printf '%-15s %7s %7s %9s %9s  %s\n' cell streams threads forward backward build
for cell in ${CELLS:-layernorm_lstm mgu sLSTM LSTM GRU}; do
  i=0
  for build; do
    i=$((i + 1))
    emit "$build/bin/rnnc" "$cell" || fail "there is no C of '$cell', see above"
    ${CC:-cc} -O3 -march=native -fopenmp -I "$build/../runtime/include" -I "$work" -I "$root/bench" "$root/bench/vjp.c" "$work/net.c" \
      "$build/lib/librnn_runtime.a" -ljansson -lm -o "$work/vjp$i"
  done
  for streams in $STREAMS; do
    for threads in $THREADS; do
      turn=0
      while [ $((turn += 1)) -le "$TURNS" ]; do
        i=0
        for build; do
          i=$((i + 1))
          times=$(OMP_NUM_THREADS=$threads "$work/vjp$i" "$streams" "$FRAMES" "$ROUNDS")
          printf '%-15s %7d %7d %9s %9s  %s\n' "$cell" "$streams" "$threads" ${times% *} ${times#* } "$build"
        done
      done
    done
  done
done

#!/bin/sh
# Builds rnnc and shows what it does, from a fresh Debian 12 machine on: installs what is missing, builds, prints a table over
# the examples, and, where the data is, lets a language model that others trained write a few lines.
#   sh scripts/demo.sh
set -eu
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# quietly COMMAND...: its output is shown only where it fails.
quietly() { "$@" >"$log" 2>&1 </dev/null || { cat "$log"; echo "failed: $*"; exit 1; }; }

sh scripts/install-deps.sh build

echo "building rnnc in build/ ..."
quietly cmake --preset release -DRNNC_BUILD_TESTS=OFF -DRNNC_BUILD_BENCH=OFF
quietly cmake --build build -j "$(getconf _NPROCESSORS_ONLN)"

# Compiled networks stay in the build folder.
XDG_CACHE_HOME=$PWD/build/demo/cache
export XDG_CACHE_HOME
mkdir -p build/demo

# row FILE [OPTION...]: a line of the table; a network that does not agree with the oracle ends the demo.
row() {
  file=$1
  shift
  build/bin/rnn check --row "$file" "$@" >"$log" || { cat "$log"; echo "failed: rnn check $file"; exit 1; }
  regions=$(build/bin/rnnc "$file" --emit=explain -o - | awk 'NR > 1 && /^[^ ]/' | wc -l)
  awk -F '\t' -v name="$(basename "$file" .rnn)" -v regions="$regions" \
    '{ printf "%-20s  %10d  %7d  %11d  %8s  %13s\n", name, $2, regions, $3, $4, $5 }' "$log"
}

printf '%-20s  %10s  %7s  %11s  %8s  %13s\n' network parameters regions flops/frame us/frame 'largest error'
for file in examples/*/*.rnn; do
  row "$file"
done
echo "One stream, one thread; the error is the largest distance of an output from the oracle, which computes in double precision."

data=${RNNC_DATA:-../shared/data}
weights=$data/models/char-lm/charlm-shakespeare-lstm2x128.safetensors
vocabulary=$data/models/char-lm/vocab.json
if [ ! -e "$weights" ] || [ ! -e "$vocabulary" ]; then
  echo "No trained networks at $data (RNNC_DATA can name another folder): the last part is skipped."
  exit 0
fi

echo
echo "The language model again, with weights that others trained on Shakespeare:"
row examples/shakespeare/shakespeare.rnn --weights "$weights"
build/bin/rnnc examples/shakespeare/shakespeare.rnn --header=build/demo/shakespeare.h -o build/demo/shakespeare.c
quietly cc -std=gnu11 -O3 -march=native -Iruntime/include -Ibuild/demo \
  examples/shakespeare/write.c build/demo/shakespeare.c build/lib/librnn_runtime.a -ljansson -lm -o build/demo/write
echo "It writes:"
echo
build/demo/write "$weights" "$vocabulary" 12 | sed 's/^/    /'

#!/bin/sh
# Builds rnnc and shows it at work, from a fresh Debian 12 machine on: installs missing packages, builds, trains a language model
# on the licences that every Debian has and lets it write, prints a table over the examples, and, where the data is, lets a
# language model that others trained write a few lines.
#   sh scripts/demo.sh
set -eu
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# quietly COMMAND...: shows its output only if it fails.
quietly() { "$@" >"$log" 2>&1 </dev/null || { cat "$log"; echo "failed: $*"; exit 1; }; }

sh scripts/install-deps.sh build

echo "building rnnc in build/ ..."
quietly cmake --preset release -DRNNC_BUILD_TESTS=OFF -DRNNC_BUILD_BENCH=OFF
quietly cmake --build build -j "$(getconf _NPROCESSORS_ONLN)"

# Compiled networks stay in the build folder.
XDG_CACHE_HOME=$PWD/build/demo/cache
export XDG_CACHE_HOME
mkdir -p build/demo

# ---- training ----

echo
echo "Training a character model, two LSTM layers of 128 units, on the licences in /usr/share/common-licenses:"
cat /usr/share/common-licenses/GPL-3 /usr/share/common-licenses/GFDL-1.3 /usr/share/common-licenses/Apache-2.0 \
  /usr/share/common-licenses/LGPL-2.1 /usr/share/common-licenses/MPL-2.0 /usr/share/common-licenses/GPL-2 >build/demo/licences.txt
build/bin/rnn train examples/char_lm/char_lm.rnn -D n=128 --data build/demo/licences.txt --valid 0.05 --streams 16 --window 64 \
  --epochs 6 --rate 0.004 --clip 1 --log build/demo/loss.csv --svg build/demo/loss.svg --out build/demo/char_lm.safetensors
echo "The curve is in build/demo/loss.svg, all numbers in build/demo/loss.csv; in short, bits per character:"
awk -F , 'NR == 1 || $4 == "" { next }
  { sum += $4; count++ }
  count == 60 { bits = sum / count / log(2); printf "    step %5d  %.2f  ", $1, bits
    for (i = 0; i < bits * 10; i++) printf "#"
    printf "\n"; sum = count = 0 }' build/demo/loss.csv
echo "rnn samples from it:"
build/bin/rnn run examples/char_lm/char_lm.rnn -D n=128 --weights build/demo/char_lm.safetensors --sample 300 \
  --temperature 0.7 --seed 1 | sed 's/^/    /'
echo
build/bin/rnnc examples/char_lm/char_lm.rnn -D n=128 --header=build/demo/char_lm.h -o build/demo/char_lm.c
quietly cc -std=gnu11 -O3 -march=native -Iruntime/include -Ibuild/demo \
  examples/char_lm/write.c build/demo/char_lm.c build/lib/librnn_runtime.a -ljansson -lm -o build/demo/write_licences
echo "A program without rnn, from the same weights and the C that rnnc emits:"
build/demo/write_licences build/demo/char_lm.safetensors 300 | sed 's/^/    /'
echo

# ---- the examples ----

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

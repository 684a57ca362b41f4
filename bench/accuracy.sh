#!/bin/sh
# Trains the examples that have data sets of their own, by the commands at the top of their programs, with three seeds each:
# prints their accuracy, after their last epoch, on test data that they never learned from. Exit status 1 if a median is
# below what PyTorch reached with a plain recipe and a network of the same kind ("needed").
#
#   sh bench/accuracy.sh [build folder] [folder of the data]
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/bench/arguments.sh"
[ $# -le 2 ] || wrong "too many arguments, from '$3' on"
build=$(programs "${1:-$top/build}" bin/rnn bin/rnnc)
[ -d "${2:-.}" ] || wrong "there is no folder '$2' of data"
data=${2:-${RNNC_DATA:-$top/../shared/data}}
for folder in mnist10k fsdd timeseries/JapaneseVowels sentiment/sentence_polarity babi; do
  [ -e "$data/$folder" ] || { echo "skipped: no $folder in $data"; exit 77; }
done
data=$(cd "$data" && pwd)
command -v python3 >/dev/null || { echo "skipped: no python3 to prepare the data"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$top"
python3 scripts/prepare-data.py "$data" "$scratch/data" >/dev/null

# arguments PROGRAM: prints those of the `rnn train` in the comment at its top, with the scratch folder in place of build/.
arguments() {
  sed -n '/^# *build\/bin\/rnn train /,/[^\\]$/ { s/^# *//; s/\\$//; s/^build\/bin\/rnn train //; p; }' "$1" |
    sed "s|build/|$scratch/|g"
}

failed=0
# task NAME NEEDED: prints a row of the table.
task() {
  : >"$scratch/accuracies"
  begin=$(date +%s)
  for seed in 1 2 3; do
    # shellcheck disable=SC2046
    "$build/bin/rnn" train $(arguments "examples/$1/$1.rnn") --seed $seed >"$scratch/log"
    sed -n 's/.*accuracy \([0-9.]*\) %.*/\1/p' "$scratch/log" | tail -1 >>"$scratch/accuracies"
  done
  seconds=$((($(date +%s) - begin) / 3))
  median=$(sort -g "$scratch/accuracies" | sed -n 2p)
  printf '| %s | %s | %s | %s | %d |\n' "$1" "$2" "$median" "$(paste -sd ' ' "$scratch/accuracies")" "$seconds"
  awk "BEGIN { exit !($median >= $2) }" || failed=1
}

echo "| task | needed % | median % | seeds 1 2 3 | seconds a run |"
echo "|---|--:|--:|---|--:|"
task digits 93.8
task spoken_digits 98.0
task japanese_vowels 94.3
task sentence_polarity 73.4
task babi_qa1 67.6
exit $failed

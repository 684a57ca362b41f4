#!/bin/sh
# Tests bench/run.sh: its smallest task, measured for a moment and without peers, gives a table, a CSV and a plot.
#
#   sh bench/test.sh BUILD
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
fail() { echo "FAILED: $*" >&2; exit 1; }

run() { RNNC_PEERS=$scratch sh "$top/bench/run.sh" --build "$1" --peers none --rounds 1 --seconds 0.002 --csv "$scratch/b.csv" --tasks "$2"; }
run "$1" 'run lstm 16' >"$scratch/out"
[ "$(wc -l <"$scratch/b.csv")" -eq 2 ] || fail "the CSV has not one figure"
awk -F, 'NR == 2 && $3 == "rnnc" && $5 > 0 { good = 1 } END { exit !good }' "$scratch/b.csv" || fail "the figure is not ours"
grep -q '^| run lstm 16 | [0-9.]* |' "$scratch/b.md" || fail "the table has no line of the task"
grep -q '^| onednn-training | missing: not asked for |' "$scratch/b.md" || fail "a peer is not named"
cmp -s "$scratch/out" "$scratch/b.md" || fail "what is printed is not the table"
grep -q '</svg>' "$scratch/b.svg" || fail "there is no plot"
if run "$1" 'no such task' 2>"$scratch/error"; then fail "a pattern without a task passes"; fi
grep -q "no task matches 'no such task'" "$scratch/error" || fail "the message is another"
if sh "$top/bench/run.sh" --fast 2>"$scratch/error"; then fail "an unknown option passes"; fi
grep -q "no option '--fast'" "$scratch/error" || fail "the message is another"

#!/bin/sh
# Writes the table of examples/README.md: the purpose of each program (the first sentence of its opening comment), and the
# compiler's findings.
#   sh scripts/examples-table.sh [RNNC]             rewrites the table (default: build/bin/rnnc)
#   sh scripts/examples-table.sh --check [RNNC]     exit 1, with the difference, if it is not up to date
set -eu
mode=write
if [ "${1:-}" = --check ]; then
  mode=check
  shift
fi
root=$(cd "$(dirname "$0")/.." && pwd)
rnnc=${1:-$root/build/bin/rnnc}
[ -x "$rnnc" ] || { echo "examples-table: no rnnc at $rnnc; build it first" >&2; exit 1; }
page=$root/examples/README.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shows PROGRAM: prints its purpose: its opening comment up to the first full stop that ends a sentence.
shows() { awk '!/^#/ { exit } { sub(/^# ?/, ""); printf "%s ", $0 }' "$1" | sed 's/\([^.]\)\. .*/\1/'; }

# row PROGRAM: prints a row: name, purpose, parameters, the number of regions of each kind, flops a frame.
row() {
  "$rnnc" "$1" --emit=explain -o "$work/explained"
  folder=$(basename "$(dirname "$1")")
  awk -v name="$(basename "$1" .rnn)" -v folder="$folder" -v shows="$(shows "$1")" '
    NR == 1 { parameters = $2; for (i = 3; i < NF; i++) if ($(i + 1) == "flops") flops = $i; next }
    /^[^ ]+$/ { begins = 1; next }   # the name of a region
    begins { begins = 0; sub(/^ */, ""); kind = substr($0, 1, index($0, ":") - 1); if (!count[kind]++) kinds[++n] = kind }
    END {
      for (i = 1; i <= n; i++) {
        kind = kinds[i]
        regions = regions (i > 1 ? ", " : "") count[kind] " " kind (count[kind] > 1 && kind ~ /(scan|sequence)$/ ? "s" : "")
      }
      printf "| [%s](%s) | %s | %s | %s | %s |\n", name, folder, shows, parameters, regions, flops
    }' "$work/explained"
}

{
  sed '/^| /,$d' "$page"
  echo "| network | what it shows | parameters | regions | flops a frame |"
  echo "|---|---|--:|---|--:|"
  for file in "$root"/examples/*/*.rnn; do row "$file"; done
} >"$work/README.md"

if [ "$mode" = write ]; then
  cp "$work/README.md" "$page"
elif ! diff "$page" "$work/README.md"; then
  echo "the table of examples/README.md is not up to date: sh scripts/examples-table.sh" >&2
  exit 1
fi

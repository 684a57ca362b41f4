#!/bin/sh
# The C of every example, with and without training, free of what a reader would stumble over and a machine can see: lines
# of more than 120 columns, functions for the products of tiles that say the same.
#   readable.sh RNNC ROOT
set -eu
rnnc=$1
root=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

for source in "$root"/examples/*/*.rnn; do
  name=$(basename "$source" .rnn)
  "$rnnc" "$source" -o "$name.c" --header="$name.h"
  "$rnnc" "$source" -o "$name.alone.c"
  if grep -q '^ *loss ' "$source"; then "$rnnc" --train --input-gradients "$source" -o "$name.train.c"; fi
done

cat >read.awk <<'END'
function complain(what) { print FILENAME ":" FNR ": " what ": " $0; faults++ }
FNR == 1 { split("", functions) }
length > 120 { complain("more than 120 columns") }
/^RNN_OUTLINE/ { body = $0; sub(/[a-z0-9_]*\(/, "", body); tile = FNR }
tile && FNR > tile { body = body $0 }
tile && /^}/ { if (body in functions) complain("the same function as another"); functions[body]; tile = 0 }
END { exit faults > 0 }
END
ls ./*.c | wc -l
awk -f read.awk ./*.c ./*.h

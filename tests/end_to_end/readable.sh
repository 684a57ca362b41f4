#!/bin/sh
# The C of every example, with and without training, free of what a reader would stumble over and a machine can see: lines
# of more than 120 columns, arithmetic that does nothing, functions that do nothing, two functions for the products of tiles
# that say the same, headers that nothing is read from, heads and comments that are broken where no one would, a loss that is
# written for its adjoint.
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
/^[a-zA-Z].*\(.*const (int|ptrdiff_t) [a-z]+,$/ && / \*[a-z]+,/ { complain("a head that is broken between its numbers") }
/^[a-zA-Z].*\) \{ .*[^}]$/ { complain("a function of one line that is broken") }
previous ~ /^ \* .*,$/ && length(previous) < 60 && /^ \* [^ ]/ { complain("a comment that is broken twice") }
{ previous = $0 }
/_kernel_[0-9]+\(/ || /_(frames|scan)_[0-9]+_[0-9]+\(/ { complain("a function that is called after a number") }
/= loss[_0-9]* \*/ { complain("a loss for its adjoint") }
{ code = /^ *[\/ ]\*/ ? "" : $0; gsub(/"[^"]*"|\/\*.*\*\//, "", code) }
code ~ /[+-] 0([^-.0-9a-zA-Z_]|$)|[^.0-9a-zA-Z_][01] \*|\* 1([^-.0-9a-zA-Z_]|$)/ { complain("arithmetic that does nothing") }
/^RNN_OUTLINE/ { body = $0; sub(/[a-z0-9_]*\(/, "", body); tile = FNR }
tile && FNR > tile { body = body $0 }
tile && /^}/ { if (body in functions) complain("the same function as another"); functions[body]; tile = 0 }
/^{/ { empty = 1 }
/^ / && !/^ *\(void\)[a-z_]*;$/ { empty = 0 }
/^}$/ { if (empty) complain("an empty function"); empty = 0 }
END { exit faults > 0 }
END
ls ./*.c | wc -l
awk -f read.awk ./*.c ./*.h

for header in "$root"/runtime/include/rnn/*.h; do
  name=rnn/$(basename "$header")
  sed -nE 's/^#define ([A-Za-z_0-9]+).*/\1/p; s/^[A-Za-z].*[ *](rnn_[a-z_0-9]+)\(.*/\1/p; s/^} (rnn_[a-z_]+);/\1/p' "$header" >names
  grep -lF "#include \"$name\"" ./*.c >with || continue
  while read -r file; do
    grep -qwF -f names "$file" || { echo "$file: nothing is read from $name" >&2; exit 1; }
  done <with
done

# A form leaves a network the names of its sizes.
printf 'model lin {\n  const n = 5, m = 7\n  input x[m]\n  param W[n, m]\n  output y = W @ x\n}\n' >form.rnn
sizes_in() { "$rnnc" form.rnn "$@" -o form.c && sed -n '/^enum/,/^}/p' form.c | grep lin_; }
sizes_in --form 'W=dense' >dense
sizes_in --form 'W=svd:2' >factored
diff dense factored

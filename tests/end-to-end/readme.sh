#!/bin/sh
# The README's cell is the example's, and its C program compiles and runs.
#   readme.sh RNNC ROOT RUNTIME_LIBRARY
set -eu
rnnc=$1
root=$2
runtime=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# block LANGUAGE NUMBER: that block of code of the README.
block() {
  awk -v begin="\`\`\`$1" -v number="$2" '
    $0 == "```" && inside { inside = 0; next }
    /^```/ { inside = 1; wanted = $0 == begin && ++count == number; next }
    wanted && inside' "$root/README.md"
}

block "" 1 >"$work/cell"
sed -n '/^cell/,$p' "$root/examples/lstm/lstm.rnn" | diff - "$work/cell"

"$rnnc" "$root/examples/lstm/lstm.rnn" -o "$work/lstm.c" --header="$work/lstm.h" -D n=64
block c 2 >"$work/main.c"
cd "$work"
cc -Wall -Wextra -Werror -O1 -I"$root/runtime/include" main.c lstm.c "$runtime" -ljansson -lm -o main
./main 2>/dev/null >out
[ "$(wc -l <out)" = 3 ] || { cat out; exit 1; }

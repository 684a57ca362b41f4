#!/bin/sh
# The README's cells are the examples', its C program compiles and runs, and so do its commands that need no C; what it and
# the pages of examples say that --emit=explain prints is printed.
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

cd "$work"
# The model and the cell above it are those of the example.
{ cat cell; echo; block "" 6; } >char_lm.rnn
"$rnnc" char_lm.rnn --train -o char_lm.c

# What a page shows of --emit=explain is printed, line after line; others may stand where it has "...".
pages=0
for page in "$root/README.md" "$root"/examples/*/README.md; do
  command=$(sed -n 's/^\$ build.bin.rnnc \(.*\) --emit=explain -o -$/\1/p' "$page")
  [ -n "$command" ] || continue
  awk '/^\$ .*--emit=explain/ { shown = 1; next } shown && (/^```$/ || /^\$ /) { exit } shown && NF && !/^ *\.\.\.$/' "$page" >shown
  (cd "$root" && "$rnnc" "$command" --emit=explain -o -) >printed
  awk 'FNR == NR { shown[++count] = $0; next } $0 == shown[at + 1] { at++ }
    END { if (at < count) { print "not printed: " shown[at + 1]; exit 1 } }' shown printed || { echo "$page"; exit 1; }
  pages=$((pages + 1))
done
[ "$pages" -ge 3 ] || { echo "only $pages pages show --emit=explain"; exit 1; }

# Commands as printed, in a folder like a clone that has been built; those of "In your build" are in tests/packaging/builds.sh.
mkdir clone
cd clone
export XDG_CACHE_HOME="$work/cache" CFLAGS=-O1 OMP_NUM_THREADS=1
ln -s "$root/examples" "$root/runtime" .
for text in README.md CONTRIBUTING.md; do head -n 50 "$root/$text" >$text; done # it learns from the one, and is judged by the other
mkdir build
ln -s "$(dirname "$rnnc")" build/bin
ln -s "$(dirname "$runtime")" build/lib
# commands_of SECTION: its blocks.
commands_of() {
  awk -v section="## $1" '
    /^## / { here = $0 == section }
    $0 == "```" && inside { inside = 0; next }
    /^```/ { inside = 1; wanted = here && $0 == "```"; next }
    wanted && inside' "$root/README.md"
}
commands_of "What comes out" | grep '^build' >commands
block c 2 >main.c
commands_of "From C" | sed 's/-O3 -march=native/-O1 -Wall -Wextra -Werror/' >>commands
[ "$(grep -c lstm.c commands)" = 3 ] || { echo "no commands for C"; exit 1; }
sh -eu commands >out 2>err </dev/null || { cat out err; exit 1; }
[ -s liblstm.so ] || { echo "no shared library"; exit 1; }
./main 2>/dev/null >out
[ "$(wc -l <out)" = 3 ] || { cat out; exit 1; }

commands_of "Without C" >commands
[ "$(grep -c 'build/bin/rnn ' commands)" -ge 4 ] || { echo "no commands"; exit 1; }
grep -q -- '--epochs 20 ' commands || { echo "no training of 20 epochs"; exit 1; }
sed 's/--epochs 20 /--epochs 1 /; s/-D n=128/-D n=32/' commands >sooner # nobody reads what these weights write
sh -eu sooner >out 2>err </dev/null || { cat out err; exit 1; }
[ "$(wc -l <h.csv)" = 100 ] || { echo "h.csv has $(wc -l <h.csv) lines"; exit 1; }

commands_of "Smaller weights" >commands
[ "$(grep -c 'build/bin/' commands)" = 3 ] || { echo "no commands for smaller weights"; exit 1; }
sed 's/-D n=128/-D n=32/' commands >sooner
if ! sh -eu sooner >out 2>err </dev/null; then
  grep -q liblapacke err || { cat out err; exit 1; }
  echo "smaller weights skipped: there is no LAPACK here"
fi

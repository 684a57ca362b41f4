#!/bin/sh
# The C of every example, corner case and program of tests/gradient, for training where it has a loss: the same to the byte each
# time, without a warning, by gcc and by clang, in float for this machine and in double for any, and as C++17. (Here most of it is
# only read; code is generated for the examples in the programs of this folder.)
#   emitted.sh RNNC ROOT
set -eu
rnnc=$1
root=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/elsewhere"

compilers=
for compiler in gcc clang; do
  if command -v "$compiler" >/dev/null 2>&1; then compilers="$compilers $compiler"; else echo "no $compiler here"; fi
done

# Each under a prefix of its own, so that one file can hold all of them, and the runtime's headers are read once.
for source in "$root"/examples/*/*.rnn "$root"/tests/end_to_end/corners/*.rnn "$root"/tests/gradient/programs/*.rnn; do
  name=$(basename "$(dirname "$source")")_$(basename "$source" .rnn)
  if grep -q '^ *loss ' "$source"; then train=--train; else train=; fi
  "$rnnc" $train "$source" --prefix="$name" --header="$work/$name.h" -o "$work/$name.c"
  (cd "$work/elsewhere" &&
    env -i LC_ALL=C TZ=UTC-9 "$rnnc" $train "$source" --prefix="$name" --header="$name.h" -o "$name.c")
  cmp "$work/$name.c" "$work/elsewhere/$name.c"
  cmp "$work/$name.h" "$work/elsewhere/$name.h"
  echo "#include \"$name.c\"" >>"$work/all.c"
done
# Variants beside them.
for name in bidirectional char_lm sru; do
  "$rnnc" "$root/examples/$name/$name.rnn" --variants=dense,svd:2+f16,int8 --prefix="several_$name" \
    --header="$work/several_$name.h" -o "$work/several_$name.c"
  echo "#include \"several_$name.c\"" >>"$work/all.c"
done
grep -c include "$work/all.c"

for compiler in $compilers; do
  for flags in -march=native -DRNN_REAL_DOUBLE; do
    "$compiler" -std=gnu11 -fsyntax-only -Wall -Wextra -Werror $flags -I"$root/runtime/include" "$work/all.c" ||
      { echo "$compiler $flags" >&2; exit 1; }
  done
done

# C++, all of it by one compiler, and the examples by the other.
grep -v -e '"corners_' -e '"programs_' "$work/all.c" >"$work/examples.c"
for how in "g++ -march=native all.c" "clang++ -DRNN_REAL_DOUBLE examples.c"; do
  set -- $how
  if command -v "$1" >/dev/null 2>&1; then
    "$1" -x c++ -std=c++17 -fsyntax-only -Wall -Wextra -Werror "$2" -I"$root/runtime/include" "$work/$3" ||
      { echo "$how" >&2; exit 1; }
  fi
done

# Optimised, gcc follows loops whose bounds it knows, and warns of those that seem to go too far.
"$rnnc" "$root/examples/elman/elman.rnn" -D n=16 --prefix=small --header="$work/small.h" -o "$work/small.c"
case "$compilers-$(uname -m)" in *gcc*-x86_64)
  for flags in "-O2 -mavx512f -mavx512dq -mfma" "-O3 -mavx2 -mfma"; do
    gcc -std=gnu11 -Wall -Wextra -Werror $flags -I"$root/runtime/include" -c "$work/small.c" -o "$work/small.o" ||
      { echo "gcc $flags" >&2; exit 1; }
  done
  # So does g++, in headers of its own too, where code is generated.
  if command -v g++ >/dev/null 2>&1; then
    g++ -x c++ -std=c++17 -Wall -Wextra -Werror -O1 -march=x86-64-v4 -I"$root/runtime/include" -c "$work/small.c" -o "$work/small.o" ||
      { echo "g++ -march=x86-64-v4" >&2; exit 1; }
  fi ;;
esac

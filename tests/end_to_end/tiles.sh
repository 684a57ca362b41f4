#!/bin/sh
# The tiles of rnn/tile.h fit the registers of each instruction set: no compiler here goes to the stack in a loop that
# multiplies.
#
#   tiles.sh SOURCE-FOLDER
set -eu
root=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/tiles.c" <<'END'
#include "rnn/outer.h"
#define PASS(rows)                                                                                                     \
    void pass_of_##rows(rnn_vec *sum, int step, const rnn_vec *weights, const rnn_real *x, ptrdiff_t x_step, int k, int n)  \
    {                                                                                                                  \
        rnn_pass_##rows(sum, step, weights, x, x_step, k, n, 0);                                                       \
    }                                                                                                                  \
    void first_pass_of_##rows(rnn_vec *sum, int step, const rnn_vec *weights, const rnn_real *x, ptrdiff_t x_step, int k, int n)  \
    {                                                                                                                  \
        rnn_pass_##rows(sum, step, weights, x, x_step, k, n, 1);                                                       \
    }
PASS(1)
PASS(2)
#if RNN_ACCUMULATORS >= 12
PASS(3)
#endif
#if RNN_ACCUMULATORS >= 16
PASS(4)
#endif
void gradient(rnn_real *to, ptrdiff_t row_step, ptrdiff_t step, int rows, int width, const rnn_real *a, const rnn_vec *b, int columns, int fresh)
{
    rnn_outer_tile(to, row_step, a, b, columns, fresh);
    rnn_outer_edge_tile(to, row_step, step, rows, width, a, b, columns, fresh);
    rnn_outer_narrow_tile(to, row_step, step, rows, width, a, b, columns, fresh);
}
END

# Prints the innermost loops that multiply: function, multiplications, and instructions that read or write the stack.
cat >"$work/loops.awk" <<'END'
function number(hex,  i, n) {
    n = 0
    for (i = 1; i <= length(hex); i++)
        n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
    return n
}
function print_loops(  l, m, i, inner, products, stack) {
    for (l = 0; l < loops; l++) {
        inner = 1
        for (m = 0; m < loops; m++)
            inner = inner && (m == l || from[m] < from[l] || to[m] > to[l] || (from[m] == from[l] && to[m] == to[l] && m > l))
        products = stack = 0
        for (i = 0; i < count; i++)
            if (address[i] >= from[l] && address[i] <= to[l]) {
                products += text[i] ~ /^(v?mulp|vf(n?m)add[0-9]*p|fmla|fmul)/
                stack += text[i] ~ /%rsp|\[sp|\[x29/ || (frame && text[i] ~ /-0x[0-9a-f]+\(%rbp\)/)
            }
        if (inner && products)
            print name, products, stack
    }
    loops = count = frame = 0
}
/^[0-9a-f]+ <.*>:$/ {
    print_loops()
    name = substr($2, 2, length($2) - 3)
}
/^ *[0-9a-f]+:\t/ {
    at = $1
    sub(/:$/, "", at)
    line = $0
    sub(/^[^\t]*\t/, "", line)
    address[count] = number(at)
    text[count++] = line
    frame = frame || line ~ /%rsp,%rbp/
    if (line !~ /^jmp|^b[ \t]/ && line ~ /^(j[a-z]+|b\.[a-z]+|cbn?z|tbn?z)[ \t].*[0-9a-f]+ </) {
        target = line
        sub(/ <.*/, "", target)
        sub(/.*[ \t]/, "", target)
        if (number(target) <= address[count - 1]) {
            from[loops] = number(target)
            to[loops++] = address[count - 1]
        }
    }
}
END { print_loops() }
END

# check COMPILER OBJDUMP OPTION...
check() {
  compiler=$1 objdump=$2
  shift 2
  $compiler -std=gnu11 -O3 -I"$root/runtime/include" "$@" -c "$work/tiles.c" -o "$work/tiles.o"
  $objdump -d --no-show-raw-insn "$work/tiles.o" >"$work/listing"
  (cat "$work/listing"; echo) | awk -f "$work/loops.awk" >"$work/loops"
  sed -n 's/^[0-9a-f]* <\(rnn_tile_[^>]*\|rnn_outer[a-z_]*_tile\)>:$/\1/p' "$work/listing" >"$work/functions"
  [ "$(wc -l <"$work/functions")" -ge 8 ] || { echo "$compiler $*: too few tiles found" && exit 1; }
  while read -r function; do
    grep -q "^$function " "$work/loops" || { echo "$compiler $*: no loop of $function found" && exit 1; }
  done <"$work/functions"
  if awk '$3 > 0' "$work/loops" | grep .; then
    echo "$compiler $*: these loops (function, products) have so many accesses to the stack"
    failed=1
  else
    echo "$compiler $*: $(wc -l <"$work/loops") loops"
  fi
}

failed=0
for compiler in gcc clang; do
  command -v $compiler >/dev/null || { echo "no $compiler here" && continue; }
  [ "$(uname -m)" = x86_64 ] || continue
  for level in x86-64 x86-64-v3 x86-64-v4; do check $compiler objdump -march=$level; done
done
if command -v aarch64-linux-gnu-gcc >/dev/null; then
  check aarch64-linux-gnu-gcc aarch64-linux-gnu-objdump
else
  echo "no gcc for aarch64 here"
fi
exit $failed

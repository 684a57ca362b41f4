#!/bin/sh
# Products are multiply-adds in the object code of gcc and clang, in ISO modes too, and loops over accumulators are written out,
# so that these stay in registers. Code for x86-64 and aarch64 is only read, on whatever machine this is.
#   multiply_adds.sh RNNC ROOT
set -eu
rnnc=$1
root=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# at_least COUNT NAME INSTRUCTION: of these in the assembly on standard input.
at_least() {
  count=$(grep -cE "$3" || true)
  echo "$2: $count"
  [ "$count" -ge "$1" ] || { echo "$2: $count multiply-adds, expected $1 or more" >&2; exit 1; }
}

# A GRU with two kernels for one stream, and for 2 to 4 or 6 streams; the products of its elementwise part.
case $(uname -m) in x86_64 | amd64)
  "$rnnc" "$root/examples/gru/gru_reset_before.rnn" -D n=40 --prefix=net -o "$work/net.c"
  for compiler in gcc clang; do
    command -v "$compiler" >/dev/null 2>&1 || { echo "no $compiler here"; continue; }
    for standard in c11 gnu11; do
      "$compiler" -std=$standard -O3 -mavx2 -mfma -I"$root/runtime/include" -c "$work/net.c" -o "$work/net.o"
      objdump -d --no-show-raw-insn "$work/net.o" | at_least 250 "$compiler -std=$standard" 'vfn?madd[0-9]+ps.*ymm'
    done
  done
  ;;
esac

# aarch64 without its C library: the runtime's kernels need no more than these declarations.
mkdir "$work/libc"
cat >"$work/libc/string.h" <<'END'
void *memcpy(void *, const void *, __SIZE_TYPE__);
void *memset(void *, int, __SIZE_TYPE__);
END
cat >"$work/libc/math.h" <<'END'
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
float sqrtf(float);
double sqrt(double), fabs(double), floor(double), fmod(double, double), pow(double, double), sin(double), cos(double);
END
cat >"$work/kernels.c" <<'END'
#include "rnn/panel.h"
#include "rnn/column.h"
void product(rnn_vec *sum, const rnn_vec *panel, const float *x) { rnn_column_product(sum, panel, x, 40, 3); }
float dot(const float *x, const float *y, int n) { return rnn_column_dot(x, y, n); }
void gate(float *x) { rnn_vec_store(x, rnn_vec_tanh(rnn_vec_load(x))); }
END
if command -v clang >/dev/null 2>&1 && clang --print-targets | grep -q aarch64; then
  clang --target=aarch64-linux-gnu -ffreestanding -nostdlibinc -isystem "$work/libc" -std=c11 -O3 -Wall -Wextra -Werror \
    -I"$root/runtime/include" -S "$work/kernels.c" -o "$work/kernels.s"
  at_least 30 "clang for aarch64" 'fmla' <"$work/kernels.s"
else
  echo "no clang for aarch64 here"
fi

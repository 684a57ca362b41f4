#!/bin/sh
# A network as a part of other programs: compiled as C and as C++, in float and in double, into a program and into a shared library
# that brings along what a host needs of the runtime; and a host of the other precision does not link with it.
#   linking.sh RNNC ROOT RUNTIME
set -eu
rnnc=$1
root=$2
runtime=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() { echo "$*" >&2; exit 1; }

"$rnnc" "$root/examples/char_lm/char_lm.rnn" -D n=8 --train --prefix=net --header=net.h -o net.c
cat >host.c <<'END'
#include <stdio.h>

#include "net.h"

int main(void)
{
    enum { FRAMES = 5 };
    const int32_t x[FRAMES + 1] = {1, 7, 30, 2, 95, 4};
    static net_params params, gradient;
    static rnn_real p[FRAMES * 96];
    double loss = 0;
    rnn_window window = {0};
    window.frames = FRAMES;
    net_packed *packed = rnn_alloc(net_packed_size(), net_alignment());
    net_state *state = rnn_alloc(net_state_size(1), net_alignment());
    net_work *work = rnn_alloc(net_work_size(FRAMES, 1), net_alignment());
    net_train_state *train_state = rnn_alloc(net_train_state_size(1), net_alignment());
    net_train_work *train_work = rnn_alloc(net_train_work_size(FRAMES, 1), net_alignment());
    if (!packed || !state || !work || !train_state || !train_work)
        return 1;
    rnn_status status = net_init(&params, 5);
    if (!status)
        status = net_pack(&params, packed);
    if (!status)
        status = net_state_init(state, 1);
    if (!status)
        status = net_run(packed, state, work, FRAMES, NULL, x, p);
    if (!status)
        status = net_train_state_init(train_state, 1);
    if (!status)
        status = net_grad(&params, train_state, train_work, &window, x, x + 1, &loss, &gradient);
    printf("%s %.4f %.4f %.4f\n", rnn_status_text(status), (double)p[FRAMES * 96 - 1], loss, (double)gradient.b[4]);
    rnn_free(packed);
    rnn_free(state);
    rnn_free(work);
    rnn_free(train_state);
    rnn_free(train_work);
    return 0;
}
END
flags="-O0 -fPIC -Wall -Wextra -Werror -I$root/runtime/include -I."
libraries="$runtime -ljansson -lm"

cc -std=gnu11 $flags -c net.c -o float.o
cc -std=gnu11 $flags -DRNN_REAL_DOUBLE -c net.c -o double.o
cc -std=gnu11 $flags -c host.c -o float_host.o
cc -std=gnu11 $flags -DRNN_REAL_DOUBLE -c host.c -o double_host.o

# One precision.
for real in float double; do
  cc "${real}_host.o" "$real.o" $libraries -o "$real"
  "./$real" >"$real.txt"
done
cmp float.txt double.txt # to these digits
grep -Eq '^[a-z ]+ 0\.[0-9]{4} [0-9.]+ -?0\.[0-9]{4}$' float.txt || fail "unexpected: $(cat float.txt)"

# Two: the linker names the calls.
for pair in "float double" "double float"; do
  set -- $pair
  if LC_ALL=C cc "$1_host.o" "$2.o" $libraries -o mixed 2>errors; then fail "a host in $1 links with a network in $2"; fi
  for call in init pack run grad; do
    grep -q "undefined reference to .net_$call" errors || { cat errors >&2; fail "no word on net_$call"; }
  done
done

# Arithmetic that is only nearly IEEE's gives wrong numbers: sums over time stop growing, sigmoid(-90) is NaN. It does not compile.
for compiler in gcc clang; do
  command -v "$compiler" >/dev/null 2>&1 || { echo "no $compiler here"; continue; }
  for fast in -ffast-math -Ofast -ffinite-math-only; do
    if "$compiler" -std=gnu11 $flags $fast -fsyntax-only net.c 2>errors; then fail "$compiler $fast compiles a network"; fi
    grep -q 'error.*-fno-fast-math' errors || { cat errors >&2; fail "$compiler $fast: no word on -fno-fast-math"; }
    "$compiler" -std=gnu11 $flags $fast -ffp-contract=on -fno-fast-math -fsyntax-only net.c
  done
  "$compiler" -std=gnu11 $flags -ffast-math -fsyntax-only host.c # a host may do as it likes
done

# Neither do vectors of a width that the headers are not written for.
for bytes in 0 8 24; do
  if cc -std=gnu11 $flags -DRNN_VECTOR_BYTES=$bytes -fsyntax-only net.c 2>errors; then fail "vectors of $bytes bytes"; fi
  grep -q 'error.*power of two, 16 or more' errors || { cat errors >&2; fail "no word on $bytes"; }
done

# C++, in a program that is C.
for compiler in g++ clang++; do
  command -v "$compiler" >/dev/null 2>&1 || { echo "no $compiler here"; continue; }
  "$compiler" -x c++ -std=c++17 $flags -c net.c -o plus.o
  "$compiler" -x c++ -std=c++17 $flags -DRNN_REAL_DOUBLE -fsyntax-only net.c
  cc float_host.o plus.o $libraries -o plus # without the C++ library
  ./plus | cmp - float.txt
done

# A shared library, with all that it needs; the host gets the rest of what it calls from there.
cc -shared float.o $libraries -Wl,-z,defs -o libnet.so
cc float_host.o -L. -lnet -Wl,-rpath,"$work" -o shared
./shared | cmp - float.txt

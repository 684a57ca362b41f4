#!/bin/sh
# Networks compute the same with any number of threads, and no two of them touch a number at once.
#   threads.sh RNNC ROOT RUNTIME_LIBRARY CC      compares what 1, 2, 3 and 7 threads compute
#   threads.sh RNNC ROOT RUNTIME_LIBRARY race    the same under clang's ThreadSanitizer; 77 where that or its OpenMP is missing
set -eu
rnnc=$1 root=$2 runtime=$3 cc=$4
here=$root/tests/end_to_end
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

options="-O1 -march=native"
if [ "$cc" = race ]; then
  # It sees loads and stores of up to 16 bytes only, and OpenMP's own waits by way of its tool.
  tool=$(ls /usr/lib/llvm-*/lib/libarcher.so 2>/dev/null | tail -1)
  cc=clang options="-O1 -g -fsanitize=thread -DRNN_VECTOR_BYTES=16"
  echo 'int main(void) { return 0; }' >"$work/nothing.c"
  [ "$tool" ] && clang $options -fopenmp "$work/nothing.c" -o "$work/nothing" 2>/dev/null || exit 77
  OMP_TOOL_LIBRARIES=$tool TSAN_OPTIONS="ignore_noninstrumented_modules=1 halt_on_error=1"
  export OMP_TOOL_LIBRARIES TSAN_OPTIONS
fi

for program in layers directions; do
  "$rnnc" --train -fthreads=wavefront -fblock-frames=20 --no-files --prefix=network "$here/threads/$program.rnn" -o "$work/network.c"
  $cc $options -fopenmp -std=gnu11 -Wall -Wextra -Werror -Wno-psabi -I"$root/runtime/include" "$work/network.c" "$here/threads.c" "$runtime" \
    -lm -o "$work/threads"
  "$work/threads"
done

#!/bin/sh
# Networks compute the same with any number of threads, and no two of them touch a number at once.
#   threads.sh RNNC ROOT RUNTIME_LIBRARY CC      compares what 1, 2, 3 and 7 threads compute
#   threads.sh RNNC ROOT RUNTIME_LIBRARY race    the same under ThreadSanitizer; 77 where that is missing
set -eu
rnnc=$1 root=$2 runtime=$3 cc=$4
here=$root/tests/end_to_end
options="-O1 -march=native -DRNN_PROCESSORS=7"
if [ "$cc" = race ]; then
  . "$root/tests/thread_sanitizer.sh"
  cc=clang options=$sanitize
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for program in layers directions inputs; do
  "$rnnc" --train -fthreads=wavefront -fblock-frames=20 --no-files --prefix=network "$here/threads/$program.rnn" -o "$work/network.c"
  $cc $options -fopenmp -std=gnu11 -Wall -Wextra -Werror -Wno-psabi -I"$root/runtime/include" "$work/network.c" "$here/threads.c" "$runtime" \
    -lm -o "$work/threads"
  "$work/threads"
done

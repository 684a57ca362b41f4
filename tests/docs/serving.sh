#!/bin/sh
# The program in docs/serving.md serves each session, whatever others do, as if it were alone.
#   serving.sh RNNC ROOT RUNTIME_LIBRARY [FLAG...]      flags that the runtime was built with
set -eu
rnnc=$1
root=$2
runtime=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk '/^```/ && inside { exit } inside; /^```c$/ && ++blocks == 2 { inside = 1 }' "$root/docs/serving.md" >"$work/serve.c"
"$rnnc" "$root/examples/elman/elman.rnn" -D n=16 -D m=1 -o "$work/elman.c" --header="$work/elman.h"
cd "$work"
cc "$@" -Wall -Wextra -Werror -O1 -I"$root/runtime/include" serve.c elman.c "$runtime" -ljansson -lm -o serve

# Six sessions for four places: each moment those whose number divides it, or is one less.
awk 'BEGIN {
  split("anna bert cara dora emil fina", name)
  for (moment = 1; moment <= 60; moment++) {
    line = ""
    for (i = 1; i <= 6 && split(line, words) < 8; i++)
      if (moment % i == 0 || moment % 7 == i)
        line = line name[i] " " sin(moment * i) " "
    print line
  }
}' >together
./serve <together >out
for name in anna bert cara dora emil fina; do
  awk -v name=$name '{ for (i = 1; i < NF; i += 2) if ($i == name) print $i, $(i + 1) }' together >alone
  [ -s alone ] || { echo "$name has no frames"; exit 1; }
  ./serve <alone >expected
  grep "^$name " out | diff expected - || { echo "$name is served otherwise than alone"; exit 1; }
done
echo 'anna 1 anna 2' | ./serve | grep -q '^anna: refused$'

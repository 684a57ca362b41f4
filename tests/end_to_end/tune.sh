#!/bin/sh
# `rnn tune` writes a whole machine file, which rnnc reads, or none. Figures are not judged.
#   tune.sh RNN RNNC ROOT
set -eu
rnn=$1
rnnc=$2
root=$3
. "$(dirname "$0")/expect.sh"

expect 0 "$rnn" tune --seconds 0.001
says out "for \`rnnc --machine=machine.json\`"
# More threads than processors are not measured: calls use no more.
(export OMP_NUM_THREADS=100000 && expect 0 timeout 60 "$rnn" tune --seconds 0.001 -o m.json)
[ "$(sed -n 's/.*"cores": *\([0-9]*\).*/\1/p' m.json)" -le "$(nproc)" ] || fail "too many cores: $(cat m.json)"
[ "$(sed 's/:.*//' m.json)" = "$(sed 's/:.*//' machine.json)" ] || fail "two files have different keys: $(cat m.json)"

# Every number that a machine has is there, above 0.
keys=$(sed -n 's/^    \(WHOLE\|REAL\)("\([a-z_]*\)",.*/\2/p' "$root/compiler/base/machine.c")
[ "$(echo "$keys" | wc -l)" -ge 6 ] || fail "machine.c has no table of numbers where it is looked for"
for key in $keys f16_one_column bf16_many_columns int8_sum_operations first_level_bytes third_level_gbs_all memory_cores; do
  grep -q "\"$key\": [0-9.]*[1-9]" m.json || fail "no $key: $(cat m.json)"
done

expect 0 "$rnnc" --machine=m.json --emit=explain "$root/bench/nets/lstm.rnn"
expect 0 "$rnnc" --machine=m.json -o lstm.c "$root/bench/nets/lstm.rnn"

# A process that may run on one core has caches to itself.
expect 0 taskset -c "$(taskset -pc $$ | sed 's/.*: //; s/[,-].*//')" "$rnn" tune --seconds 0.001 -o one.json
[ "$(grep -c 'cores": 1,' one.json)" = 5 ] || fail "not one core at each level: $(cat one.json)"
rm one.json

cp m.json before.json
# What cannot be written is told before ten seconds of measuring, or before --seconds 1000.
expect 1 timeout 60 "$rnn" tune --seconds 1000 -o nowhere/m.json
says err "nowhere/m.json"
expect 2 "$rnn" tune --seconds 0 -o m.json
says err "--seconds"
expect 2 "$rnn" tune lstm.rnn
says err "it takes no arguments, such as 'lstm.rnn'"
cmp -s m.json before.json || fail "a failure changed the file"
[ "$(ls | grep -c json)" = 3 ] || fail "a failure left files: $(ls)"
expect 0 "$rnn" tune --help
says out "machine.json"

#!/bin/sh
# `rnn bench` from the command line: what it counts, the lines that it prints, and what it says to wrong options. Times are not judged.
#   bench.sh RNN ROOT
set -eu
rnn=$1
root=$2
. "$(dirname "$0")/expect.sh"

bench() { expect 0 "$rnn" bench --seconds 0.001 --frames 4 "$@"; }

# line CALL: its line has a median, a rate, a floor and a ratio, all above 0.
line() {
  awk -v call="$1" '$1 == call && NF == 6 && $2 > 0 && $4 > 0 && $5 > 0 && $6 > 0 { found = 1 } END { exit !found }' out ||
    fail "no figures of $1: $(cat out)"
}

# An LSTM with n units and m inputs: products of 8 n m flops and a bias beside the cycle, 8 n n and more within.
printf 'const n = 24, m = 8\n' >lstm.rnn
sed -e '/^const/d' -e 's/x\[n\]$/x[m]/' "$root/bench/nets/lstm.rnn" >>lstm.rnn
sed -i 's/^model/const layers = 1\nmodel/' lstm.rnn
bench lstm.rnn --threads 1
says out "network: 3168 parameters, 1 stream, 4 frames a call, 1 thread"
says out "frame: $((8 * 24 * 8 + 4 * 24)) flops and $((4 * 24 * 8)) weights beside cycles"
says out "and $((4 * 24 * 24)) weights within"
line step
line run
! grep -q gradient out || fail "a gradient without --train"

# Each layer adds its own; the gradient goes back through both products, and sums up that of each weight.
bench lstm.rnn -D layers=2 -D m=24 --streams 3 --train
says out "3 streams"
says out "frame: $((2 * (8 * 24 * 24 + 4 * 24))) flops and $((2 * 4 * 24 * 24)) weights beside cycles"
grep -q "frame of a gradient: .* and $((2 * 2 * 4 * 24 * 24)) weights within" out || fail "the gradient's count: $(cat out)"
line gradient

# Nothing but elementwise work is in a cycle of SRU, and a table of embeddings is not read whole.
bench "$root/bench/nets/sru.rnn" -D n=16
says out "weights beside cycles, 32 flops and 0 weights within"
bench "$root/bench/nets/language.rnn" -D n=16 -D words=50 --double
says out "and $((4 * 16 * 8 + 4 * 16 * 16 + 8 * 16 + 50 * 8)) weights beside cycles"

# No floor without work, and one frame a call.
printf 'model past {\n  input x[3]\n  output h = x[t-1]\n}\n' >past.rnn
bench past.rnn --frames 1
says out "1 stream, 1 frame a call"
grep -q '^step .* 0.00000       -$' out || fail "a floor of no work: $(cat out)"

bench "$root/examples/bidirectional/bidirectional.rnn"
says out "step     the network needs the future"
line run

# Targets may be sequences of labels.
bench "$root/tests/gradient/programs/ctc.rnn" --train
line gradient

# Variants: a line for each, with what is predicted and what is measured.
bench lstm.rnn -D n=32 --variants dense,svd:8+f16,int8 --threads 1
says out "3 variants, 1 stream, 4 frames a call"
for variant in dense svd:8+f16 int8; do
  awk -v name=$variant '$1 == name && NF == 5 && $2 > 0 && $3 > 0 && $4 > 0 && $5 >= 0 { found = 1 } END { exit !found }' out ||
    fail "no figures of $variant: $(cat out)"
done
grep -q "^'[a-z0-9:+]*' is taken on this machine" out || fail "which one is taken? $(cat out)"
bench lstm.rnn -D n=32 --variants int8 --threads 1
says out "1 variant, 1 stream, 4 frames a call"

expect 2 "$rnn" bench lstm.rnn --variants dense,f16 --train
says err "--variants is about inference, --train about one form: leave one of them out"

bench lstm.rnn --threads 2
says out "4 frames a call, 2 threads"
expect 2 "$rnn" bench lstm.rnn --threads 0
says err "--threads"
bench lstm.rnn --threads 100000 # as many as there are processors
(export OMP_NUM_THREADS=100000 && bench lstm.rnn)
expect 2 "$rnn" bench lstm.rnn --streams 0
says err "--streams"
expect 2 "$rnn" bench lstm.rnn --seconds 0
says err "--seconds"
expect 2 "$rnn" bench
says err "which network? Give a .rnn file"
expect 1 "$rnn" bench missing.rnn
says err "cannot read 'missing.rnn'"
expect 1 "$rnn" bench --train "$root/bench/nets/language.rnn"
says err "there is no loss to train with"
expect 0 "$rnn" bench --help
says out "--threads"
for command in run train eval check bench tune; do
  expect 0 "$rnn" $command --help
  says out '$CFLAGS'
  ! grep '^ \{1,\}$' out || fail "rnn $command --help has a line of spaces"
done

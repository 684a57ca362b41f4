#!/bin/sh
# Trainings of several ranks: what one rank learns, to rounding, and from run to run the same bits. A rank that dies ends the run,
# which goes on from its checkpoint with as many ranks or others; ranks that do not do the same training are refused.
#   ranks.sh RNN
set -eu
rnn=$1
. "$(dirname "$0")/training.sh"
OMP_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMP_NUM_THREADS OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM


if "$rnn" train nothing.rnn --data text --out x --ranks 2 2>&1 | grep -q "built without MPI"; then
  echo "ranks: this rnn was built without MPI"
  exit 77
fi
command -v mpirun >/dev/null || { echo "ranks: there is no mpirun"; exit 77; }

# Much of the time goes by in waiting for mpirun: trainings that need nothing of each other run at the same time.
# begin NAME COMMAND...: in the background, with what it prints in NAME.out and NAME.err.
begun=
begin() {
  job=$1
  shift
  { launch=exec; "$@"; } >"$job.out" 2>"$job.err" </dev/null &
  begun="$begun $job:$!"
}
# finish [STATUS]: waits for all that have begun, each of which has to end with this status (0).
finish() {
  for job in $begun; do
    status=0
    wait "${job#*:}" || status=$?
    [ $status = "${1:-0}" ] || { cat "${job%:*}.out" "${job%:*}.err" >&2; fail "exit status $status instead of ${1:-0}: ${job%:*}"; }
  done
  begun=
}
trap '[ -z "$begun$process" ] || kill $process $(echo "$begun" | tr " " "\n" | sed "s/.*://") 2>/dev/null || true; rm -rf "$work"' EXIT

# A model of whole sequences, with two losses, dropout and, as the last piece is shorter, lengths that differ.
cat >both.rnn <<'END'
cell Elman[n](x[m]) -> h[n] {
  param W[n, m + n], b[n]
  h = tanh(W @ concat(x, h[t-1]) + b)
}
cell Back[n](x[m]) -> h[n] {
  param W[n, m + n], b[n]
  h = tanh(W @ concat(x, h[t+1]) + b)
}
model both {
  const V = 24, n = 5
  input x: index[V]
  target y: index[V]
  param E[V, 3] ~ normal(0.3), W[V, 2 * n], U[V, n]
  e = embed(E, x)
  kept = dropout(e, 0.2)
  forth = Elman[n](kept)
  back = Back[n](e)
  loss cross_entropy(W @ concat(forth, back), y)
  loss cross_entropy(U @ forth, y)
  output o = forth
}
END

# numbers FILE: those of a weights file in double precision, one a line.
numbers() {
  size=$(od -An -N 8 -t u8 "$1" | tr -d ' ')
  tail -c +$((size + 9)) "$1" | od -An -v -w8 -t f8
}
# same_weights A B TOLERANCE: two files agree, relative to the largest number.
same_weights() {
  numbers "$1" >a.numbers
  numbers "$2" >b.numbers
  paste a.numbers b.numbers | awk -v tolerance="$3" '
    { d = $1 - $2; d = d < 0 ? -d : d; a = $1 < 0 ? -$1 : $1; error = d > error ? d : error; most = a > most ? a : most }
    END { if (!(NR > 0 && error <= tolerance * most)) { print "error " error " of " most; exit 1 } }' ||
    fail "the weights in $2 are not those in $1"
}

# Two epochs, 20 steps and more, of one rank and of others: with 7 ranks there are more than streams.
both() {
  name=$1
  shift
  $launch "$rnn" train both.rnn --data text --piece 23 --streams 5 --optimizer sgd,momentum=0.9 --rate 0.5 --clip 1 --valid 0.1 --epochs 2 \
    --double --out "$name.safetensors" --log "$name.csv" "$@"
}
lm() { train "$@" --double --epochs 2 --clip 1 --optimizer sgd,momentum=0.9; }
wide() { lm "$@" --compress-after 4 -D n=40; }

# rank_one NAME: the process that is rank 1 of a training.
rank_one() {
  for id in $(pgrep -f -- "--out $1.safetensors"); do
    tr '\0' '\n' <"/proc/$id/environ" 2>/dev/null | grep -qx OMPI_COMM_WORLD_RANK=1 && echo "$id" && return
  done
  fail "rank 1 is not to be found"
}

# A signal ends all ranks with a checkpoint, in the middle of their only epoch. (mpirun loses what they say of it.)
mkdir long
cp lm.rnn long
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do cat text; done >long/text
long() { cd long && train "$@" --double --epochs 1 --ranks 2; }
begin long long whole --quiet
# interrupt NAME: starts it, and returns when it learns, as $process.
interrupt() {
  rm -f long/stopped.csv
  { launch=exec; long stopped --checkpoint stopped.checkpoint --checkpoint-every 100000 --resume; } >$1.out 2>$1.err &
  process=$!
  until [ -s long/stopped.csv ]; do kill -0 $process 2>/dev/null || fail "no log: $(cat $1.err)"; sleep 0.01; done
}
interrupt all_stopped
kill -TERM $process
wait $process && fail "a training that is stopped ends as if it were through"
process=
[ -e long/stopped.checkpoint ] || fail "a training that is stopped leaves no checkpoint: $(cat all_stopped.err)"

# So does one to a rank alone, of which the others hear, and then the exit status says so.
interrupt one_stopped
kill -TERM "$(rank_one stopped)"
status=0
wait $process || status=$?
process=
[ $status = 143 ] || fail "exit status $status behind SIGTERM: $(cat one_stopped.err)"
says one_stopped.err "stopped by a signal in epoch 1 after step"
begin stopped long stopped --quiet --checkpoint stopped.checkpoint --resume
finish
cmp long/whole.safetensors long/stopped.safetensors

cat one_stopped.err one_stopped.out; wc -l long/stopped.csv

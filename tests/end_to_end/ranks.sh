#!/bin/sh
# Trainings of several ranks: what one rank learns, to rounding, and from run to run the same bits. A rank that dies ends the run,
# which goes on from its checkpoint with as many ranks or others; ranks that do not do the same training are refused.
#   ranks.sh RNN
set -eu
rnn=$1
. "$(dirname "$0")/training.sh"
OMP_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMP_NUM_THREADS OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM

if "$rnn" train lm.rnn --data text --out x --ranks 2 --epochs 1 2>&1 | grep -q "built without MPI"; then
  echo "ranks: this rnn was built without MPI"
  exit 77
fi
command -v mpirun >/dev/null || { echo "ranks: there is no mpirun"; exit 77; }

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
  "$rnn" train both.rnn --data text --piece 23 --streams 5 --optimizer sgd,momentum=0.9 --rate 0.5 --clip 1 --valid 0.1 --epochs 2 \
    --double --out "$name.safetensors" --log "$name.csv" "$@"
}
lm() { train "$@" --double --epochs 2 --clip 1 --optimizer sgd,momentum=0.9; }
for model in lm both; do
  expect 0 $model ${model}1
  [ $model = lm ] && counts="2 3 4 7" || counts="3 7"
  for count in $counts; do
    expect 0 $model ${model}$count --ranks $count
    says out "$count ranks: each gave"
    same_weights ${model}1.safetensors ${model}$count.safetensors 1e-11
    [ "$(cut -d, -f1-3 ${model}1.csv)" = "$(cut -d, -f1-3 ${model}$count.csv)" ] || fail "steps of $count ranks are others"
    paste -d, ${model}1.csv ${model}$count.csv | awk -F, 'NR > 1 && ($4 - $11) ^ 2 + ($5 - $12) ^ 2 > 1e-16 { exit 1 }' ||
      fail "losses of $count ranks are others"
  done
  [ "$(wc -l <${model}1.csv)" -gt 20 ] || fail "20 steps are wanted"
done
expect 0 lm again --ranks 3
cmp lm3.safetensors again.safetensors
expect 0 lm again --ranks 3 --no-overlap
cmp lm3.safetensors again.safetensors

# Compressed gradients: factors are those of the sum, however it is shared out; fewer bytes are sent, and it learns.
bytes() { sed -n 's/.* each gave \([0-9]*\) bytes a step.*/\1/p' out; }
expect 0 lm dense --ranks 2 -D n=40
dense=$(bytes)
for how in f16 powersgd:1; do
  expect 0 lm less1 --compress $how --compress-after 4 -D n=40
  expect 0 lm less3 --compress $how --compress-after 4 -D n=40 --ranks 3
  [ "$(bytes)" -lt $((dense / 2 + 200)) ] || fail "$how sends $(bytes) bytes a step, where all are $dense"
  tail -1 less3.csv | awk -F, '$5 > 2.5 { exit 1 }' || fail "nothing is learned with $how"
done

# What is sent is chosen by the link; a checkpoint keeps the choice, whatever is measured where it goes on.
auto() { train "$@" --double --clip 1 --optimizer sgd,momentum=0.9 --compress auto --compress-after 4 -D n=40; }
expect 0 auto slow --epochs 1 --link 1Mb/s,1ms --ranks 3 --checkpoint slow.checkpoint
says out "compression for 3 ranks: a sum takes 4e+03 us and 1 us more for 0.09375 bytes"
says out "as --link says"
[ "$(bytes)" -lt $((dense / 2)) ] || fail "auto sends $(bytes) bytes a step, where all are $dense"
expect 0 auto slow --epochs 2 --ranks 2 --checkpoint slow.checkpoint --resume
says out "compression as it was chosen before: E=powersgd:1 W=powersgd:1 b="
expect 0 auto fast --epochs 2 --link 1Tb/s,0s --ranks 2
cmp dense.safetensors fast.safetensors
expect 0 auto fast --epochs 1 --ranks 2
says out "as measured"
expect 0 auto fast --epochs 1
says out "compression for 1 rank: nothing is sent, so all of a gradient is kept"

# Within some steps: rounding grows as they go on.
short() { lm "$@" --epochs 1 --window 60 --advance 60 --compress powersgd:1 --compress-after 4 -D n=40; }
expect 0 short short1
expect 0 short short3 --ranks 3
same_weights short1.safetensors short3.safetensors 1e-9

# A rank that is killed ends the run within seconds, with a message that names it; the run goes on, with the same bits if as many
# ranks do.
less="--compress powersgd:1 --compress-after 4 -D n=40"
expect 0 train whole --double --epochs 3 --quiet --ranks 3 $less --checkpoint whole.checkpoint --checkpoint-every 5
train killed --double --epochs 3 --quiet --ranks 3 $less --checkpoint killed.checkpoint --checkpoint-every 5 >out 2>err &
process=$!
until [ -e killed.checkpoint ]; do kill -0 $process 2>/dev/null || fail "no checkpoint: $(cat err)"; sleep 0.01; done
victim=
for id in $(pgrep -f -- "--out killed.safetensors"); do
  tr '\0' '\n' <"/proc/$id/environ" 2>/dev/null | grep -qx OMPI_COMM_WORLD_RANK=1 && victim=$id
done
[ -n "$victim" ] || fail "rank 1 is not to be found"
kill -9 "$victim"
status=0
begin=$(date +%s)
wait $process || status=$?
process=
[ $(($(date +%s) - begin)) -lt 30 ] || fail "the ranks wait for a dead one"
[ $status != 0 ] || fail "a training without one of its ranks ends as if all were well"
says err "process rank 1 with PID"
for count in 3 2 1; do
  cp killed.checkpoint $count.checkpoint
  rm -f resumed.safetensors
  expect 0 train resumed --double --epochs 3 --quiet --ranks $count $less --checkpoint $count.checkpoint --checkpoint-every 5 --resume
  [ $count != 3 ] || cmp whole.safetensors resumed.safetensors
done

# A matrix whose gradient is 0 for a step, or of few directions, learns on.
cat >matrix.rnn <<'END'
model lin {
  input x[12]
  target y[12]
  param W[12, 12]
  o = W @ x
  loss mse(o, y)
  output out = o
}
END
awk 'BEGIN {
  for (i = 0; i < 24; i++) printf "%s.%d%s", i < 12 ? "x" : "y", i % 12, i < 23 ? "," : "\n"
  for (t = 0; t < 40; t++) {
    for (i = 0; i < 12; i++) x[i] = t == 3 ? 0 : sin(t * (i + 1) * 0.7 + i)
    for (i = 0; i < 24; i++) printf "%.6f%s", i < 12 ? x[i] : x[23 - i], i < 23 ? "," : "\n"
  }
}' >matrix.csv
expect 0 "$rnn" train matrix.rnn --data matrix.csv --streams 1 --window 1 --double --optimizer sgd --rate 0.2 --epochs 30 \
  --compress powersgd:2 --compress-after 3 --out matrix.safetensors --log matrix.csv.log
tail -1 matrix.csv.log | awk -F, '$4 > 0.01 { exit 1 }' || fail "a matrix whose gradient was 0 has learned no more: $(tail -1 matrix.csv.log)"

# A signal ends all ranks with a checkpoint, in the middle of their only epoch. (mpirun loses what they say of it.)
for i in 1 2 3 4 5 6 7 8; do cat text; done >long
for i in 1 2 3 4 5 6 7 8; do cat long; done >text
expect 0 train whole --double --epochs 1 --quiet --ranks 2
{ launch=exec; train stopped --double --epochs 1 --ranks 2 --checkpoint stopped.checkpoint --checkpoint-every 100000; } \
  >out 2>err &
process=$!
until [ -s stopped.csv ]; do kill -0 $process 2>/dev/null || fail "no log: $(cat err)"; sleep 0.01; done
kill -TERM $process
wait $process && fail "a training that is stopped ends as if it were through"
process=
[ -e stopped.checkpoint ] || fail "a training that is stopped leaves no checkpoint: $(cat err)"
expect 0 train stopped --double --epochs 1 --quiet --ranks 2 --checkpoint stopped.checkpoint --resume
cmp whole.safetensors stopped.safetensors

# Ranks of two minds.
disagree() { # OPTIONS of rank 1
  expect 1 mpirun --oversubscribe -n 1 "$rnn" train lm.rnn --data text --streams 4 --out x.safetensors --epochs 1 : \
    -n 1 "$rnn" train "${2:-lm.rnn}" --data "${3:-text}" --streams 4 --out x.safetensors --epochs 1 $1
}
disagree "--rate 0.5"
says err "rank 1 of 2 has '0.5' for rate, rank 0 has '0.001'"
disagree "--epochs 2"
says err "rank 1 of 2 has '2' for the number of epochs, rank 0 has '1'"
sed 's/the mat/the hat/' text >other
disagree "" lm.rnn other
says err "the data of rank 1 of 2 is not that of rank 0"
sed 's/dropout(h, 0.1)/dropout(h, 0.2)/' lm.rnn >lm2.rnn
disagree "" lm2.rnn
says err "the program of rank 1 of 2 is not that of rank 0"
disagree "" lm.rnn nothing
says err "rank 1 of 2: "
expect 1 train x --ranks 3 --epochs 1 --streams 3 --log /dev/full
says err "rank 0 of 3: cannot write"

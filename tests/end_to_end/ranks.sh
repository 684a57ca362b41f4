#!/bin/sh
# Trainings of several ranks: what one rank learns, to rounding, and from run to run the same bits. A rank that dies ends the run,
# which goes on from its checkpoint with as many ranks or others; ranks that do not do the same training are refused.
#   ranks.sh RNN
set -eu
rnn=$1
. "$(dirname "$0")/training.sh"
OMP_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
OMPI_MCA_orte_tmpdir_base=$PWD
export OMP_NUM_THREADS OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM OMPI_MCA_orte_tmpdir_base

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
  # A launcher that ends removes the folder that all have for their sockets, while another makes it.
  mkdir -p "$job.mpi"
  { launch=exec OMPI_MCA_orte_tmpdir_base=$PWD/$job.mpi; "$@"; } >"$job.out" 2>"$job.err" </dev/null &
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

# bytes NAME: what each rank has given into sums, a step.
bytes() { sed -n 's/.* each gave \([0-9]*\) bytes a step.*/\1/p' "$1.out"; }

# Two epochs, 20 steps and more, of one rank and of others: with 7 ranks there are more than streams.
both() {
  name=$1
  shift
  $launch "$rnn" train both.rnn --data text --piece 23 --streams 5 --optimizer sgd,momentum=0.9 --rate 0.5 --clip 1 --valid 0.1 --epochs 2 \
    --double --out "$name.safetensors" --log "$name.csv" "$@"
}
lm() { train "$@" --double --epochs 2 --clip 1 --optimizer sgd,momentum=0.9; }
wide() { lm "$@" -D n=40; }
# Of these gradients U's is large enough for a sum of its own for the rows of each gate; the others are summed together.
cat >large.rnn <<'END'
cell Light[n](x[m]) -> h[n] {
  param W[2*n, m], U[2*n, n], b[2*n]
  f, g = split(W @ x + U @ h[t-1] + b, 2)
  h = sigmoid(f) * h[t-1] + (1 - sigmoid(f)) * tanh(g)
}
model large {
  const V = 24
  input x: index[V]
  target y: index[V]
  param E[V, 4] ~ normal(0.3), W[V, 256], b[V]
  h = Light[256](embed(E, x))
  logits = W @ dropout(h, 0.1) + b
  output p = softmax(logits)
  loss cross_entropy(logits, y)
}
END
large() {
  name=$1
  shift
  CFLAGS="${CFLAGS:-} -O1" # it is wide
  export CFLAGS
  $launch "$rnn" train large.rnn --data text --streams 4 --window 60 --valid 0.1 --epochs 1 --rate 0.01 --clip 1 --optimizer sgd,momentum=0.9 \
    --double --out "$name.safetensors" --log "$name.csv" "$@"
}

# These compile the networks.
begin lm1 lm lm1
begin both1 both both1
begin f16_1 wide f16_1 --compress f16
begin large1 large large1
finish

# rank_one NAME: the process that is rank 1 of a training.
rank_one() {
  for id in $(pgrep -f -- "--out $1.safetensors"); do
    case $(readlink "/proc/$id/cwd") in "$work" | "$work"/*) ;; *) continue ;; esac # of another test
    tr '\0' '\n' <"/proc/$id/environ" 2>/dev/null | grep -qx OMPI_COMM_WORLD_RANK=1 && echo "$id" && return
  done
  fail "rank 1 is not to be found"
}

# A rank that is killed ends the run within seconds, with a message that names it; what it says is looked at further down.
resumable="--double --epochs 3 --quiet --compress powersgd:1 --compress-after 4 -D n=40 --checkpoint-every 5"
begin whole train whole --ranks 3 $resumable --checkpoint whole.checkpoint
{
  status=0
  train killed --ranks 3 $resumable --checkpoint killed.checkpoint || status=$?
  echo "$status $(date +%s)" >killed.end
} >killed.out 2>killed.err &
process=$!
until [ -e killed.checkpoint ]; do kill -0 $process 2>/dev/null || fail "no checkpoint: $(cat killed.err)"; sleep 0.01; done
kill -9 "$(rank_one killed)"
kill_time=$(date +%s)
killed=$process

# So does a signal to mpirun, which takes its time to hand it on: what it comes to is looked at further down. (What the ranks say of
# it may be lost.)
mkdir long
cp lm.rnn long
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do cat text; done >long/text
for i in 1 2 3 4; do cat long/text; done >longer
cd long
{
  launch="exec mpirun --oversubscribe --mca odls_base_sigkill_timeout 5 -n 2"
  train ended --data ../longer --double --epochs 1 --checkpoint ended.checkpoint --checkpoint-every 100000
} >../ended.out 2>../ended.err &
cd ..
ended=$!
until [ -s long/ended.csv ]; do kill -0 $ended 2>/dev/null || fail "no log: $(cat ended.err)"; sleep 0.01; done
kill -TERM $ended
process="$killed $ended"

# The same steps with any number of ranks, and the same bits from run to run, whether sums overlap with computing or not.
for count in 2 3 4 7; do begin lm$count lm lm$count --ranks $count; done
finish
for count in 3 7; do begin both$count both both$count --ranks $count; done
begin again lm again --ranks 3
begin apart lm apart --ranks 3 --no-overlap
begin large3 large large3 --ranks 3
begin large3apart large large3apart --ranks 3 --no-overlap
finish
for pair in lm:2 lm:3 lm:4 lm:7 both:3 both:7; do
  model=${pair%:*} count=${pair#*:}
  says $model$count.out "$count ranks: each gave"
  same_weights ${model}1.safetensors $model$count.safetensors 1e-11
  [ "$(cut -d, -f1-3 ${model}1.csv)" = "$(cut -d, -f1-3 $model$count.csv)" ] || fail "steps of $count ranks are others"
  paste -d, ${model}1.csv $model$count.csv | awk -F, 'NR > 1 && ($4 - $11) ^ 2 + ($5 - $12) ^ 2 > 1e-16 { exit 1 }' ||
    fail "losses of $count ranks are others"
done
for model in lm both; do [ "$(wc -l <${model}1.csv)" -gt 20 ] || fail "20 steps are wanted"; done
cmp lm3.safetensors again.safetensors
cmp lm3.safetensors apart.safetensors
cmp large3.safetensors large3apart.safetensors
same_weights large1.safetensors large3.safetensors 1e-10
[ "$(bytes large3)" -gt 1000000 ] || fail "large3 has no large gradients"

# Compressed gradients: factors are those of the sum, however it is shared out; fewer bytes are sent, and it learns. Weights are
# compared after some steps: rounding grows as they go on.
auto() { train "$@" --double --clip 1 --optimizer sgd,momentum=0.9 --compress auto --compress-after 4 -D n=40; }
short() { wide "$@" --epochs 1 --window 60 --advance 60 --compress powersgd:1 --compress-after 4; }
begin dense wide dense --ranks 2
begin f16 wide f16 --compress f16 --ranks 3
begin powersgd wide powersgd --compress powersgd:1 --compress-after 4 --ranks 3
begin slow auto slow --epochs 1 --link 1Mb/s,1ms --ranks 3 --checkpoint slow.checkpoint
finish
begin short1 short short1
begin short3 short short3 --ranks 3
begin resumed auto slow --epochs 2 --ranks 2 --checkpoint slow.checkpoint --resume
begin fast auto fast --epochs 2 --link 1Tb/s,0s --ranks 2
begin measured auto measured --epochs 1 --ranks 2
begin alone auto alone --epochs 1
finish
dense=$(bytes dense)
for how in f16 powersgd slow; do
  [ "$(bytes $how)" -lt $((dense / 2 + 200)) ] || fail "$how sends $(bytes $how) bytes a step, where all are $dense"
done
for how in f16 powersgd; do tail -1 $how.csv | awk -F, '$5 > 2.5 { exit 1 }' || fail "nothing is learned with $how"; done
same_weights short1.safetensors short3.safetensors 1e-9

# What is sent is chosen by the link; a checkpoint keeps the choice, whatever is measured where it goes on.
says slow.out "compression for 3 ranks: a sum takes 4e+03 us and 1 us more for 0.09375 bytes"
says slow.out "as --link says"
says resumed.out "compression as it was chosen before: E=powersgd:1 W=powersgd:1 b="
cmp dense.safetensors fast.safetensors
says measured.out "as measured"
[ "$(bytes measured)" -le $((dense + 200)) ] || fail "sums that measure the link count as those of a step: $(bytes measured) bytes"

expect 2 "$rnn" train lm.rnn --data text --ranks 257 --out many.safetensors
says err "--ranks starts processes on this machine, at most 256"

# A gradient that is not finite is seen through half precision.
cat >edge.rnn <<'END'
model edge { input x; target y; param w = 1, z[8]; v = w * x + 0 * z[0]; loss mse(sqrt(v), y); output p = v }
END
printf 'x,y\n4,1\n0,1\n' >edge.csv
status=0
$launch "$rnn" train edge.rnn --data edge.csv --streams 1 --epochs 1 --rate 0.1 --compress f16 --ranks 2 --out edge.safetensors >out 2>err ||
  status=$?
[ $status = 1 ] || fail "exit status $status of a gradient that is not finite: $(cat err)"
says err "the gradient is not finite"
says alone.out "compression for 1 rank: nothing is sent, so all of a gradient is kept"

# The killed run goes on, with the same bits if as many ranks do.
wait $killed
read -r status end <killed.end
[ $((end - kill_time)) -lt 30 ] || fail "the ranks wait for a dead one"
[ "$status" != 0 ] || fail "a training without one of its ranks ends as if all were well"
says killed.err "process rank 1 with PID"
for count in 3 2 1; do
  cp killed.checkpoint $count.checkpoint
  begin resumed$count train resumed$count --ranks $count $resumable --checkpoint $count.checkpoint --resume
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

wait $ended && fail "a training that is stopped ends as if it were through"
process=
[ -e long/ended.checkpoint ] || fail "a training that is stopped leaves no checkpoint: $(cat ended.err)"
[ "$(wc -l <long/ended.csv)" -lt 9000 ] || fail "a training that is to stop learns on for an epoch"

begin matrix "$rnn" train matrix.rnn --data matrix.csv --streams 1 --window 1 --double --optimizer sgd --rate 0.2 --epochs 30 \
  --compress powersgd:2 --compress-after 3 --out matrix.safetensors --log matrix.csv.log
finish
cmp whole.safetensors resumed3.safetensors
tail -1 matrix.csv.log | awk -F, '$4 > 0.01 { exit 1 }' || fail "a matrix whose gradient was 0 has learned no more: $(tail -1 matrix.csv.log)"

# A signal to a rank ends all, after the step and with a checkpoint, from which they go on as if they had not been interrupted.
long() { cd long && train "$@" --double --epochs 1 --ranks 2; }
begin long long whole --quiet
{ launch=exec; long stopped --checkpoint stopped.checkpoint --checkpoint-every 100000; } >stopped.out 2>stopped.err &
process=$!
until [ -s long/stopped.csv ]; do kill -0 $process 2>/dev/null || fail "no log: $(cat stopped.err)"; sleep 0.01; done
kill -TERM "$(rank_one stopped)"
status=0
wait $process || status=$?
process=
[ $status = 143 ] || fail "exit status $status behind SIGTERM: $(cat stopped.err)"
says stopped.err "stopped by a signal in epoch 1 after step"
begin stopped long stopped --quiet --checkpoint stopped.checkpoint --resume
finish
cmp long/whole.safetensors long/stopped.safetensors

# Ranks of two minds.
disagree() { # NAME PROGRAM DATA OPTIONS: those of rank 1; of rank 0: $own
  name=$1 program=$2 data=$3
  shift 3
  begin $name mpirun --oversubscribe -n 1 "$rnn" train lm.rnn --data text --streams 4 --out x.safetensors --epochs 1 --double $own : \
    -n 1 "$rnn" train $program --data $data --streams 4 --out x.safetensors --epochs 1 --double "$@"
}
sed 's/the mat/the hat/' text >other
sed 's/dropout(h, 0.1)/dropout(h, 0.2)/' lm.rnn >lm2.rnn
own=
disagree unread lm.rnn nothing
begin full train x --ranks 3 --epochs 1 --double --streams 3 --log /dev/full
disagree rate lm.rnn text --rate 0.5
disagree epochs lm.rnn text --epochs 2
finish 1
disagree data lm.rnn other
disagree program lm2.rnn text
own="--checkpoint 1.checkpoint --resume"
disagree checkpoint lm.rnn text --checkpoint missing --resume
own=
disagree compress lm.rnn text --compress f16
finish 1
says unread.err "rank 1 of 2: "
says full.err "rank 0 of 3: cannot write"
says rate.err "rank 1 of 2 has '0.5' for rate, rank 0 has '0.001'"
says epochs.err "rank 1 of 2 has '2' for the number of epochs, rank 0 has '1'"
says data.err "the data of rank 1 of 2 is not that of rank 0"
says program.err "the program of rank 1 of 2 is not that of rank 0"
says checkpoint.err "rank 1 of 2 has 'none, as there is no missing' for the checkpoint to go on from, rank 0 has 'a file': it has to be where all"
says compress.err "rank 1 of 2 has 'f16' for compression, rank 0 has 'none'"

# Processes of a launcher that MPI does not join are not trained each for itself.
for variable in OMPI_COMM_WORLD_SIZE=3 PMI_SIZE=3 PMIX_RANK=2 SLURM_STEP_NUM_TASKS=3; do
  expect 1 env $variable "$rnn" train lm.rnn --data text --double --out x.safetensors
  says err "3 processes have been started together (${variable%=*}), but MPI knows of one"
  expect 1 env $variable "$rnn" factor lm.rnn --weights lm1.safetensors
  says err "3 processes have been started together (${variable%=*}), but rnn factor is one process"
done

# Ranks of which one has a checkpoint with factors, and another one without, which a network without factors belongs to.
if train factored --double --quiet --epochs 2 --low-rank-after 1 --form h.U_r=svd:2 --checkpoint factored.checkpoint >out 2>err; then
  low="--low-rank-after 1 --form h.U_r=svd:2 --resume"
  own="--epochs 2 $low --checkpoint factored.checkpoint"
  disagree factors lm.rnn text --epochs 2 $low --checkpoint slow.checkpoint
  finish 1
  says factors.err "rank 1 of 2 has 'no choice yet' for the factors in the checkpoint, rank 0 has 'h.U_r=svd:2"
else
  says err liblapacke
fi

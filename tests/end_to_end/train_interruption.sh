#!/bin/sh
# Trainings that are interrupted: no kill -9 costs more than the steps since the last checkpoint, signals end a training with
# everything written, and what goes on from a checkpoint has to be the same training.
#   train_interruption.sh RNN [KILLS]
set -eu
rnn=$1
kills=${2:-10}
. "$(dirname "$0")/training.sh"

expect 0 train whole --epochs 16 --quiet

# A checkpoint is whole at every moment, and a training that goes on from it ends as one that was never killed. Each run is killed
# at some moment after it has written a checkpoint; trainings that end are compared and begun anew.
identity() { stat -c %i.%Y.%s killed.checkpoint 2>/dev/null || echo none; }
compare() {
  cmp whole.safetensors killed.safetensors
  [ "$(without_seconds whole.csv)" = "$(without_seconds killed.csv)" ] || fail "after a kill the log is another"
  ended=$((ended + 1))
}
done=0 ended=0 random=$$
while [ "$done" -lt "$kills" ] || [ "$ended" = 0 ]; do
  [ "$done" -lt $((50 * kills)) ] || fail "no training comes to its end"
  before=$(identity)
  { launch=exec; train killed --epochs 16 --quiet --checkpoint killed.checkpoint --checkpoint-every 7 --resume; } 2>err &
  process=$!
  while [ "$(identity)" = "$before" ] && kill -0 $process 2>/dev/null; do sleep 0.01; done
  random=$(((random * 1103515245 + 12345) % 2147483648))
  [ "$done" -ge "$kills" ] || { sleep "0.0$((random / 65536 % 40 + 10))"; kill -9 $process 2>/dev/null || true; }
  status=0
  wait $process 2>/dev/null || status=$?
  case $status in
    137) done=$((done + 1)) ;;
    0) compare; rm killed.checkpoint killed.csv ;;
    *) fail "exit status $status after $done kills: $(cat err)" ;;
  esac
done

# Only the same training goes on: what differs is named, and so is damage.
cp killed.checkpoint kept.checkpoint 2>/dev/null || {
  expect 0 train killed --epochs 1 --quiet --checkpoint killed.checkpoint
  cp killed.checkpoint kept.checkpoint
}
resumed() { cp kept.checkpoint r.checkpoint; expect "$1" train resumed --epochs 1 --quiet --checkpoint r.checkpoint --resume ${2:-}; }
cp lm.rnn kept.rnn
sed 's/dropout(h, 0.1)/dropout(h, 0.2)/' kept.rnn >lm.rnn
resumed 1
says err "cannot go on from 'r.checkpoint': the program is not what it was in its training; --weights takes its weights alone"
sed 's/  r = /  # a comment\n    r = /' kept.rnn >lm.rnn
resumed 0
cp kept.rnn lm.rnn
resumed 1 "--optimizer adam,beta2=0.99"
says err "'beta1=0.9,beta2=0.999,epsilon=1e-08,weight_decay=0' for numbers of the optimizer, this one 'beta1=0.9,beta2=0.99,"
sed 's/dog/god/' text >other && cp text kept && cp other text
resumed 1
says err "the data is not what it was in its training"
cp kept text
cp kept.checkpoint r.checkpoint
printf x | dd of=r.checkpoint bs=1 seek=5000 conv=notrunc 2>/dev/null
expect 1 train resumed --epochs 1 --quiet --checkpoint r.checkpoint --resume
says err "cannot go on from 'r.checkpoint': it is damaged, its checksum differs"
rm -f resumed.* r.checkpoint kept.checkpoint

# Files that a kill leaves in the moment before they take their places are gone with the next training; what is in use, or only looks
# like it, is not.
left=.rnnc.0123456789abcdef.partial
used=.rnnc.fedcba9876543210.partial
cp text $left && cp text $used && cp text .rnnc.0123.partial
expect 0 flock $used "$rnn" train lm.rnn --data text --out swept.safetensors --epochs 1 --window 8 --streams 4 --quiet
[ "$(ls -A | grep partial | tr '\n' ' ')" = ".rnnc.0123.partial $used " ] || fail "a sweep left: $(ls -A)"
rm -f $used .rnnc.0123.partial swept.*

[ -z "$(ls -A | grep partial)" ] || fail "kills left behind: $(ls -A)"

# Signals end a training after its step, with everything written.
for signal in HUP INT TERM; do
  { launch=exec; train stopped --epochs 1000000 --quiet --checkpoint stopped.checkpoint; } 2>err &
  process=$!
  until [ -s stopped.safetensors ] || ! kill -0 $process 2>/dev/null; do sleep 0.01; done
  kill -$signal $process
  status=0
  wait $process 2>/dev/null || status=$?
  case $signal in HUP) expected=129 ;; INT) expected=130 ;; TERM) expected=143 ;; esac
  [ $status = $expected ] || fail "exit status $status after SIG$signal: $(cat err)"
  step=$(tail -1 stopped.csv | cut -d, -f1)
  rows=$(($(wc -l <stopped.csv) - 1))
  [ "$step" = $rows ] || fail "step $step is on row $rows of the log"
  expect 0 "$rnn" run lm.rnn --weights stopped.checkpoint --sample 5
  rm stopped.*
done

# What nohup starts goes on when its terminal goes.
{ launch="exec nohup"; train deaf --epochs 1000000 --quiet; } >/dev/null 2>err &
process=$!
until [ -s deaf.safetensors ] || ! kill -0 $process 2>/dev/null; do sleep 0.01; done
kill -HUP $process
rm -f deaf.safetensors
until [ -s deaf.safetensors ] || ! kill -0 $process 2>/dev/null; do sleep 0.01; done
kill -TERM $process || fail "a signal that nohup ignores ends a training: $(cat err)"
wait $process || true
rm deaf.*

# A signal is told, and how to go on.
{ launch=exec; train told --epochs 1000000 --checkpoint told.checkpoint >out; } 2>err &
process=$!
until [ -s told.safetensors ] || ! kill -0 $process 2>/dev/null; do sleep 0.01; done
kill -TERM $process
wait $process || true
grep -q '^rnn: stopped by a signal in epoch [0-9]* after step [0-9]*; --resume goes on from here$' err || fail "after a signal: $(cat err)"
rm told.*

expect 0 train broken --epochs 1 --optimizer sgd --checkpoint broken.checkpoint
cp broken.checkpoint kept
expect 1 train broken --epochs 4 --optimizer sgd --rate 3e38 --checkpoint broken.checkpoint --resume
says err "epoch 2, step "
says err "is not finite"
says err "smaller --rate than 3e+38"
cmp kept broken.checkpoint
expect 1 train broken --epochs 4 --checkpoint broken.checkpoint --resume
says err "has 'sgd' for optimizer, this one 'adam'"
expect 0 train broken --epochs 2 --optimizer sgd --checkpoint broken.checkpoint --resume --weights whole.safetensors
says err "rnn: going on from 'broken.checkpoint', not from the weights in 'whole.safetensors'"

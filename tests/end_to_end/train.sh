#!/bin/sh
# Trainings from the command line: what they learn, say and leave behind, and that no kill -9 costs more than the steps since
# the last checkpoint.
#   train.sh RNN [KILLS]
set -eu
rnn=$1
kills=${2:-10}
. "$(dirname "$0")/expect.sh"
process=
trap '[ -z "$process" ] || kill -9 $process 2>/dev/null || true; rm -rf "$work"' EXIT

cat >lm.rnn <<'END'
cell GRU[n](x[m]) -> h[n] {
  param W_r[n, m], W_z[n, m], W_n[n, m], U_r[n, n], U_z[n, n], U_n[n, n], b_r[n], b_z[n], b_n[n]
  r = sigmoid(W_r @ x + U_r @ h[t-1] + b_r)
  z = sigmoid(W_z @ x + U_z @ h[t-1] + b_z)
  k = tanh(W_n @ x + U_n @ (r * h[t-1]) + b_n)
  h = (1 - z) * h[t-1] + z * k
}
model lm {
  const V = 24, n = 8
  input x: index[V]
  param E[V, 4] ~ normal(0.3), W[V, n], b[V]
  h = GRU[n](embed(E, x))
  logits = W @ dropout(h, 0.1) + b
  output p = softmax(logits)
  target y: index[V]
  loss cross_entropy(logits, y)
}
END
awk 'BEGIN { for (i = 0; i < 120; i++) print "the dog and the cat sat on " (i % 3 ? "the mat" : "a big log") "," }' >text

# train NAME ARGUMENTS...: what all trainings here have in common. In the background it has to be the process itself that gets
# signals, not a shell that waits for it: launch=exec.
launch=
train() {
  name=$1
  shift
  $launch "$rnn" train lm.rnn --data text --streams 4 --window 12 --advance 8 --rate 0.01 --valid 0.1 --out "$name.safetensors" \
    --log "$name.csv" "$@"
}
without_seconds() { cut -d, -f1-6 "$1"; }

# ---- learning ----

expect 0 train whole --epochs 16 --svg whole.svg
says out "epoch 16/16: loss "
says out "accuracy "
grep -q '^<svg' whole.svg || fail "no picture"
first=$(sed -n 2p whole.csv | cut -d, -f4)
last=$(tail -1 whole.csv | cut -d, -f4)
awk "BEGIN { exit !($last < 0.5 * $first) }" || fail "the loss went from $first to $last"
expect 0 train again --epochs 16 --quiet
[ ! -s out ] && [ ! -s err ] || fail "--quiet is not quiet: $(cat out err)"
cmp whole.safetensors again.safetensors
[ "$(without_seconds whole.csv)" = "$(without_seconds again.csv)" ] || fail "the same training has another log"

# Numbers have two ways to be given; the period of a cosine is the whole training, or what is asked for.
for options in "sgd --momentum 0.5" sgd,momentum=0.5 sgd "sgd --schedule cosine" "sgd --schedule cosine,period=5"; do
  expect 0 train sums --epochs 1 --quiet --optimizer $options
  cksum <sums.safetensors
done >sums
[ "$(sed -n 1p sums)" = "$(sed -n 2p sums)" ] && [ "$(sort -u sums | wc -l)" = 4 ] || fail "weights: $(cat sums)"

# On a terminal it shows how far it is.
if command -v script >/dev/null; then
  script -qec "'$rnn' train lm.rnn --data text --streams 4 --epochs 40 --out shown.safetensors" /dev/null </dev/null >shown
  grep -q 'epoch [0-9]*/40 *[0-9]* %  loss [0-9.]* ([0-9.]* bits)  [0-9]* frames/s  [0-9]* s left' shown ||
    fail "on a terminal: $(cat shown)"
fi

# Special files are written to; what cannot be printed is told before the first step.
quick() { "$rnn" train lm.rnn --data text --epochs 1 --streams 30 --out /dev/null --checkpoint quick.checkpoint "$@"; }
expect 0 quick
[ -c /dev/null ] || fail "/dev/null is no device any more"
rm quick.checkpoint
status=0
quick >&- 2>err || status=$?
[ "$status" = 1 ] && [ ! -e quick.checkpoint ] || fail "a training with a closed standard output: exit status $status"
says err "cannot write to standard output: Bad file descriptor; with --quiet nothing is written there"
quick --quiet >&-

# Pieces of 90 characters, each from the start.
expect 0 train pieces --epochs 4 --piece 90
says out "3960 frames in 44 sequences"
says out "epoch 4/4: loss "
expect 0 train many --epochs 1 --streams 3000
says out "3960 frames in 3000 sequences"
says err "rnn: each of the 3000 streams has only 2 frames, less than a window of 12"
expect 2 train pieces --piece none
says err "--piece needs a whole number"

# A network that needs whole sequences has pieces of its own accord, and no windows.
sed 's/dropout(h, 0.1)/h[t+1]/' lm.rnn >ahead.rnn
ahead() { expect "$1" "$rnn" train ahead.rnn --data text --epochs 1 --out ahead.safetensors $2; }
ahead 0 ""
says out "4399 frames in 69 sequences"
ahead 1 "--window 32 --advance 16"
says err "'lm' is trained on whole sequences, as it needs the future or has a loss of all frames: leave --window and --advance out"
says err "a text or series is cut with --piece"

# A constant that is real has its value from the command line.
sed 's/const V = 24, n = 8/const V = 24, n = 8, drop = 0.1/; s/dropout(h, 0.1)/dropout(h, drop)/' lm.rnn >dropped.rnn
for drop in 0 0.2 0.2; do
  expect 0 "$rnn" train dropped.rnn -D drop=$drop --data text --epochs 1 --streams 4 --out drop.safetensors
  cmp -s drop.safetensors drop.$drop.safetensors && same=yes || same=
  mv drop.safetensors drop.$drop.safetensors
done
[ "$same" ] || fail "-D drop=0.2 is not the same twice"
! cmp -s drop.0.safetensors drop.0.2.safetensors || fail "-D drop=0.2 drops nothing"
expect 2 "$rnn" train dropped.rnn -D drop=0.2x --data text --out drop.safetensors

# What a trained network says about a text: probabilities for each character.
printf 'the cat%%' >short
expect 0 "$rnn" run lm.rnn --weights whole.safetensors --input short --output short.csv
says err "rnn: characters of the text that are not in the vocabulary, which count as none: 1"
[ "$(wc -l <short.csv)" = 8 ] && [ "$(tail -1 short.csv | tr , '\n' | wc -l)" = 24 ] || fail "short.csv holds $(cat short.csv)"
expect 1 "$rnn" run lm.rnn --seed 1 --input short --output short.csv
says err "'short' is taken for text, which needs --weights that rnn train has found on a text"

# ---- evaluation ----

# eval NETWORK ARGUMENTS...; the numbers are those of the validation in training.
evaluate() { network=$1; shift; expect 0 "$rnn" eval "$network" "$@"; }
head -c 3000 text >learn
tail -c 1500 text >held
expect 0 "$rnn" train lm.rnn --data learn --valid-data held --streams 4 --window 12 --epochs 3 --rate 0.01 --out eval.safetensors
sed -n 's/epoch 3.*validation \(.* bits)\), accuracy \([0-9.]* %\).*/loss \1\naccuracy of y: \2/p' out >expected
evaluate lm.rnn --weights eval.safetensors --data held --streams 4 --window 5
says out "lm: 624 parameters; 1499 frames in 4 sequences"
sed 's/ %, .*/ %/' out >numbers
grep -qxF "$(sed -n 1p expected)" numbers && grep -qxF "$(sed -n 2p expected)" numbers ||
  fail "rnn eval says $(cat out) where rnn train said $(cat expected)"
expect 1 "$rnn" eval lm.rnn --data held
says err "give --weights FILE"
expect 2 "$rnn" eval lm.rnn --weights eval.safetensors
says err "Give --data FILE"
expect 1 "$rnn" eval lm.rnn --weights eval.safetensors --data held --top nothing
refused() { words=$1; expected=$2; shift 2; expect "$expected" "$rnn" eval "$@"; says err "$words"; }
refused "--strict is about --weights FILE" 2 lm.rnn --data held --strict
refused "--frames-first is for arrays, but --data has a text" 1 lm.rnn --weights eval.safetensors --data held --frames-first
printf '%%%%%%%%' >strange
refused "--data: no character of the text is in the vocabulary" 1 lm.rnn --weights eval.safetensors --data strange
sed 's/the cat/the %/' held >mixed
evaluate lm.rnn --weights eval.safetensors --data mixed --piece 100
says out "which count as none: "
says out " frames in 1"
refused "the network needs whole sequences: leave --window out" 1 ahead.rnn --weights eval.safetensors --data held --window 9
# Each loss and target by itself, of sequences with labels; rows of one file, by the names of its columns.
cat >two.rnn <<'END'
model two {
  input x
  target y: index[2], z
  param w = 1, V[2, 1] = 1
  output logits = V @ concat(x) * concat(-1, 1)
  output p = w * x
  loss cross_entropy(logits, y)
  loss mse(p, z)
}
END
printf 'x,y,z\n1,1,1\n-1,0,0\n2,0,2\n3,-1,3\n' >two.csv
expect 0 "$rnn" train two.rnn --data two.csv --streams 1 --epochs 1 --rate 0 --optimizer sgd --out two.safetensors
evaluate two.rnn --weights two.safetensors --data two.csv
says out "loss 2 of the program: 0.25, the mean of 4"
says out "accuracy of y: 66.67 %, 2 of 3"
refused "no data for target 'y'" 1 two.rnn --weights two.safetensors --data x=two.csv
printf 'x,y,z\n1,-1,1\n-1,-1,0\n' >none.csv
evaluate two.rnn --weights two.safetensors --data none.csv
says out "loss 1 of the program: nothing counts, as all its ids are -1"
# Two sequences that spell 1 2 and 2, the first labelled so, the other 1 2.
cat >spell.rnn <<'END'
model spell {
  input x[3]
  target y: labels[3]
  param w = 1
  output logits = w * x
  loss ctc(logits, y)
}
END
printf '0,9,0\n0,0,9\n9,0,0\n0,0,9\n0,0,9\n9,0,0\n' >spell.x.csv
printf '3\n3\n' >spell.lengths.csv
printf '1,2\n1,2\n' >spell.y.csv
spell="--data x=spell.x.csv --data lengths=spell.lengths.csv --data y=spell.y.csv"
expect 0 "$rnn" train spell.rnn $spell --epochs 1 --rate 0 --optimizer sgd --out spell.safetensors
evaluate spell.rnn --weights spell.safetensors $spell
says out "6 frames in 2 sequences"
says out "label errors of y: 25.00 %, 1 of 4"
refused "--piece cuts a text or series, but the data are whole sequences" 1 spell.rnn --weights spell.safetensors $spell --piece 2
expect 0 "$rnn" train spell.rnn $spell --valid 0.5 --epochs 1 --rate 0 --optimizer sgd --out spell.safetensors
says out "label errors 50.00 %"

# Files may have either axis first: the same numbers come out.
cat >axes.rnn <<'END'
model axes {
  input x[2], y
  output a = x
  output b = y
}
END
cat >sums.rnn <<'END'
model sums {
  input a[2]
  target b
  param V[2] = 1, u = 0.5
  s = u * s[t-1] + sum(V * a)
  output s
  loss mse(s, b)
}
END
awk 'BEGIN { for (b = 0; b < 3; b++) for (t = 0; t < 4; t++) { print sin(9 * b + t) "," cos(b - t) >"after.x.csv"; print b - t % 3 >"after.y.csv" } }'
awk 'BEGIN { for (t = 0; t < 4; t++) for (b = 0; b < 3; b++) {
  printf "%s,%s%s", sin(9 * b + t), cos(b - t), b < 2 ? "," : "\n" >"beside.x.csv"
  printf "%s%s", b - t % 3, b < 2 ? "," : "\n" >"beside.y.csv" } }'
axes() { expect 0 "$rnn" run axes.rnn --input x=$1.x.csv --input y=$1.y.csv --streams 3 --output $1.safetensors ${2-}; }
sums() { expect 0 "$rnn" train sums.rnn --data $1.safetensors --epochs 3 --out sums.safetensors ${2-}; sed -n '/^epoch/s/, [0-9]* frames.s//p' out; }
axes after
axes beside --frames-first
sums after >numbers
says err "rnn: 'after.safetensors' is [3, 4, 2], read as sequences, then frames: 3 sequences of 4 frames"
sums beside --frames-first >others
says err "rnn: 'beside.safetensors' is [4, 3, 2], read as frames, then sequences: 3 sequences of 4 frames"
cmp numbers others
[ "$(wc -l <numbers)" = 3 ] || fail "the numbers are $(cat numbers)"

# ---- the best ----

# A rate that rises makes the validation worse again: the best weights are kept, and patience ends the training.
best() { expect 0 "$rnn" train lm.rnn --data learn --valid-data held --streams 4 --window 12 --rate 0.3 --out best.safetensors "$@"; }
best --epochs 12 --patience 2
epochs=$(grep -c '^epoch' out)
[ "$epochs" -lt 12 ] || fail "patience did not end it: $(cat out)"
says out "no better validation in 2 epochs: stopped"
says out "in epoch $((epochs - 2)), weights in 'best.best.safetensors'"
least=$(sed -n 's/.*validation \([0-9.]*\).*/\1/p' out | sort -g | head -1)
says out "best validation: $least"
evaluate lm.rnn --weights best.best.safetensors --data held --streams 4
says out "loss $least"
cp best.best.safetensors kept
# The same where it goes on from a checkpoint; and one that has ended does not begin again.
for epochs in 1 3 12 12; do best --epochs $epochs --patience 2 --checkpoint best.checkpoint --resume; done
cmp kept best.best.safetensors
says out "no better validation in 2 epochs: stopped"
! grep -q '^epoch' out || fail "what had ended went on: $(cat out)"
# Where they are not there any more, nobody is sent to look for them.
mv best.best.safetensors gone
best --epochs 12 --patience 2 --checkpoint best.checkpoint --resume
says out "whose weights are not in 'best.best.safetensors'"
expect 2 "$rnn" train lm.rnn --data learn --out best.safetensors --patience 2
says err "--patience needs a validation"
expect 2 "$rnn" train lm.rnn --data best.best.safetensors --valid 0.1 --out best.safetensors
says err "the best weights of --out 'best.best.safetensors' would overwrite --data"

# ---- writing ----

expect 0 "$rnn" run lm.rnn --weights whole.safetensors --sample 60 --prime "the " --seed 7
[ "$(head -c 4 out)" = "the " ] && [ "$(wc -c <out)" = 65 ] || fail "60 characters after a prime of 4: $(cat out)"
cp out first
expect 0 "$rnn" run lm.rnn --weights whole.safetensors --sample 60 --prime "the " --seed 7
cmp first out
sed 's/output p = softmax(logits)/output l = logits/' lm.rnn >logits.rnn
expect 0 "$rnn" run logits.rnn --weights whole.safetensors --sample 60 --prime "the " --seed 7
cmp first out
sed 's/output p = softmax(logits)/output wrong = -logits\n  output l = logits/' lm.rnn >choice.rnn
expect 1 "$rnn" run choice.rnn --weights whole.safetensors --sample 60
says err "several outputs have a unit for each of"
expect 1 "$rnn" run choice.rnn --weights whole.safetensors --sample 60 --from q
says err "--from: 'q' is no output"
expect 0 "$rnn" run choice.rnn --weights whole.safetensors --sample 60 --prime "the " --seed 7 --from l
cmp first out
expect 0 "$rnn" run lm.rnn --weights whole.safetensors --sample 200 --temperature 0
says out "the "
expect 1 "$rnn" run lm.rnn --weights whole.safetensors --sample 5 --prime "qx"
says err "--prime: 'q' does not occur"
[ ! -s out ] || fail "before an error, standard output gets: $(od -c out)"
expect 1 "$rnn" run lm.rnn -D V=15 --weights whole.safetensors --sample 5
says err "has a vocabulary of"
expect 2 "$rnn" run lm.rnn --sample 5
sed 's/output p = softmax(logits)/output h/' lm.rnn >mute.rnn
expect 1 "$rnn" run mute.rnn --weights whole.safetensors --sample 5
says err "'lm' cannot write: that needs one input, an id, an output with a unit for each id"
expect 0 train bytes --epochs 1 --quiet --bytes
for prime in q "$(printf '\001')"; do
  expect 1 "$rnn" run lm.rnn --weights bytes.safetensors --sample 5 --prime "$prime"
  says err "--prime: byte 0x$(printf %s "$prime" | od -An -tx1 | tr -d ' ') does not occur"
done
expect 1 "$rnn" run lm.rnn --weights whole.safetensors --sample 5 --prime "$(printf '\001')"
says err "--prime: U+0001 does not occur"

# ---- interruption ----

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

# What a kill leaves in the moment before a file takes its place is gone with the next training; what is in use, or only looks
# like it, is not.
left=.rnnc.0123456789abcdef.partial
used=.rnnc.fedcba9876543210.partial
cp text $left && cp text $used && cp text .rnnc.0123.partial
expect 0 flock $used "$rnn" train lm.rnn --data text --out swept.safetensors --epochs 1 --window 8 --streams 4 --quiet
[ "$(ls -A | grep partial | tr '\n' ' ')" = ".rnnc.0123.partial $used " ] || fail "a sweep left: $(ls -A)"
rm -f $used .rnnc.0123.partial swept.*

[ -z "$(ls -A | grep partial)" ] || fail "kills left behind: $(ls -A)"

# Signals end a training after its step, with everything written.
for signal in INT TERM; do
  { launch=exec; train stopped --epochs 1000000 --quiet --checkpoint stopped.checkpoint; } 2>err &
  process=$!
  until [ -s stopped.safetensors ] || ! kill -0 $process 2>/dev/null; do sleep 0.01; done
  kill -$signal $process
  status=0
  wait $process 2>/dev/null || status=$?
  [ $signal = INT ] && expected=130 || expected=143
  [ $status = $expected ] || fail "exit status $status after SIG$signal: $(cat err)"
  step=$(tail -1 stopped.csv | cut -d, -f1)
  rows=$(($(wc -l <stopped.csv) - 1))
  [ "$step" = $rows ] || fail "step $step is on row $rows of the log"
  expect 0 "$rnn" run lm.rnn --weights stopped.checkpoint --sample 5
  rm stopped.*
done

# ---- what is fixed ----

cat >fixed.rnn <<'END'
model filtered {
  const V = 24
  input x: index[V]
  param E[V, 8] ~ normal(0.3), K[8] fixed ~ normal(1), W[V, 8]
  target y: index[V]
  output k = K
  logits = W @ (K * embed(E, x))
  output p = softmax(logits)
  loss cross_entropy(logits, y)
}
END
decayed() { "$rnn" train fixed.rnn --data text --streams 4 --optimizer adamw,weight_decay=0.5 --rate 0.01 "$@"; }
numbers() { "$rnn" run fixed.rnn "$@" --input x.csv --output k=k.csv >/dev/null && cat k.csv; }
echo 1 >x.csv
expect 0 decayed --epochs 2 --checkpoint fixed.checkpoint --out half.safetensors
expect 0 decayed --epochs 4 --checkpoint fixed.checkpoint --resume --out fixed.safetensors
numbers --seed 1 >drawn
for weights in half fixed; do
  numbers --weights $weights.safetensors >trained
  cmp drawn trained || fail "training moved what is fixed"
done
sed 's/ ~ normal(0.3)/ fixed&/; s/W\[V, 8\]/& fixed/' fixed.rnn >still.rnn
expect 1 "$rnn" train still.rnn --data text --out still.safetensors
says err "nothing to learn: no data, or a network without parameters that are not fixed"

# ---- failure ----

# What is not finite is found where it begins: in a value of the network, or in a loss alone.
cat >faults.rnn <<'END'
cell Elman[n](x[n]) -> h[n] {
  param W[n, n] = 0.5, U[n, n]
  h = tanh(W @ x + U @ h[t-1])
}
model value {
  input x[2]
  target z[1]
  h = Elman[2](x)
  output bad = exp(h * x[0] * 1000)
  loss mse(sum(bad), z[0])
}
model only_loss {
  input x[2]
  target z[1]
  h = Elman[2](x)
  output h
  loss log(h[0] + 2 - x[0]) + z[0]
}
END
awk 'BEGIN { for (t = 0; t < 60; t++) print (t == 40 || t == 50 ? "5,5" : "0.001,0.001") }' >x.csv
awk 'BEGIN { for (t = 0; t < 60; t++) print 1 }' >z.csv
faulty() { status=$1; shift; expect "$status" "$rnn" train faults.rnn --data x=x.csv --data z=z.csv --streams 1 --epochs 1 "$@"; }
faulty 1 --out w.safetensors --top value
says err "the loss is not finite (loss inf); it begins with bad in region "
says err "at frame 40 of stream 0"
faulty 1 --out w.safetensors --top only_loss
says err "the loss is not finite (loss nan); it begins with loss"
says err "at frame 40 of stream 0"
says err "No step has been taken yet"

# The side of a \`where\` that is not taken has no gradient, though sqrt(-1) has none either; an infinite one is blamed on
# the slope, not on a value that has no part in the loss.
cat >edges.rnn <<'END'
model masked { input x; target y; param w = 1; v = w * x; loss mse(where(v > 0, sqrt(v), 0), y); output p = v }
model edge { input x; target y; param w = 1; v = w * x + 0 * where(x < 0, log(w * x), 0); loss mse(sqrt(v), y); output p = v }
END
printf '4\n-1\n' >x.csv
printf '1\n0\n' >y.csv
rooted() { status=$1; shift; expect "$status" "$rnn" train edges.rnn --data x=x.csv --data y=y.csv --streams 1 --epochs 1 \
  --optimizer sgd --rate 0.1 --out edges.safetensors "$@"; }
rooted 0 --top masked
echo 1 >one.csv
expect 0 "$rnn" run edges.rnn --top masked --weights edges.safetensors --input x=one.csv --output p.csv
says p.csv 0.8999999
printf '4\n0\n' >x.csv
printf '1\n1\n' >y.csv
rooted 1 --top edge
says err "the gradient is not finite (loss"
says err "all values that are kept of the window are finite"
says err "The loss is finite, so a slope is not"
awk 'BEGIN { for (t = 0; t < 60; t++) print (t == 40 ? "5,5" : "0.001,0.001") }' >x.csv

# Before the first step: places that cannot be written, and data that is for nothing.
wrong() { faulty "$@" --top value; }
wrong 1 --out nowhere/w.safetensors --seed 1
says err "'nowhere/w.safetensors' cannot be written: No such file"
wrong 1 --out w.safetensors --checkpoint "$work"
says err "cannot be written: Is a directory"
mkfifo pipe
for option in --out --checkpoint --log --svg; do
  wrong 1 --out w.safetensors $option pipe
  says err "'pipe' cannot be written: it is a pipe or socket"
done
rm pipe
wrong 2 --out w.safetensors --checkpoint ./w.safetensors
says err "--checkpoint './w.safetensors' would overwrite --out 'w.safetensors'"
cp faults.rnn kept
mkdir below
wrong 2 --out w.safetensors --log below/../faults.rnn
says err "--log 'below/../faults.rnn' would overwrite the program 'faults.rnn': a result needs a file of its own"
wrong 2 --out w.safetensors --svg x.csv
says err "would overwrite --data 'x.csv'"
wrong 2 --out w.safetensors --valid-data x=valid.csv --checkpoint valid.csv
says err "would overwrite --valid-data 'valid.csv'"
wrong 2 --out w.safetensors --weights start.safetensors --log start.safetensors
says err "would overwrite --weights 'start.safetensors'"
cmp faults.rnn kept
wrong 1 --out w.safetensors --data length=x.csv
says err "no input or target of that name; did you mean 'lengths'?"
wrong 1 --out w.safetensors --data z=x.csv
says err "'z' is given twice"
printf '1.O\n2\n' >typo.csv
expect 1 "$rnn" train faults.rnn --top value --data x=x.csv --data z=typo.csv --streams 1 --out w.safetensors
says err "'typo.csv', line 1, field 1: '1.O' is not a number"
expect 1 "$rnn" train faults.rnn --top value --data x=x.csv --data z=x.csv --streams 1 --out w.safetensors
says err "it has to be [60, 1], as 'x' is [60, 2]"
# Arrays that are for nothing are named; one with nearly the name of something ends it.
cat >arrays.rnn <<'END'
model arrays {
  input a[2], b
  output x = a
  output z = b
  output weather = sum(a)
  output lenght = last(b)
}
END
expect 0 "$rnn" run arrays.rnn --input a=x.csv --input b=z.csv --output arrays.safetensors
arrays() { expect "$1" "$rnn" train faults.rnn --top only_loss --data arrays.safetensors --epochs 1 --streams 1 --out w.safetensors $2; }
arrays 1 ""
says err "'arrays.safetensors': 'only_loss' has no input or target 'lenght'; did you mean 'lengths'?"
sed '/lenght/d' arrays.rnn >fewer.rnn
expect 0 "$rnn" run fewer.rnn --input a=x.csv --input b=z.csv --output arrays.safetensors
arrays 1 ""
says err "rnn: not used, as no input or target has the name: 'weather' in 'arrays.safetensors'"
# That it could not be read if it were asked for is no matter.
{ printf '\110\0\0\0\0\0\0\0{"deep":{"dtype":"F32","shape":[1,1,1,1,1],"data_offsets":[0,4]}}       '; printf '\0\0\0\0'; } >deep.safetensors
arrays 1 "--data deep.safetensors"
says err "'deep' in 'deep.safetensors'"
faulty 1 --out w.safetensors --top value --data z=deep.safetensors
says err "tensor 'deep' has rank 5; at most 4 are read"
arrays 1 --quiet
! grep -q weather err || fail "--quiet is not quiet: $(cat err)"
faulty 1 --out w.safetensors --top value --bytes
says err "--bytes is for text"
echo 60 >lengths.csv
faulty 1 --out w.safetensors --top value --data lengths=lengths.csv --piece 20
says err "--piece cuts a text or series, but the data are whole sequences"
expect 1 train none --weights whole.safetensors --bytes
says err "the vocabulary in 'whole.safetensors' is of characters"
printf '%%%%%%' >strange
expect 1 "$rnn" train lm.rnn --weights whole.safetensors --data strange --out w.safetensors
says err "--data: no character of the text is in the vocabulary"
[ ! -e w.safetensors ] || fail "a training that failed wrote weights"

# What counts is each loss's own: without any id the second still does, and is learned; alone the first cannot be.
cat >losses.rnn <<'END'
model both {
  input x[2]
  target y: index[3], z
  param W[2, 2], V[3, 2]
  h = tanh(W @ x + h[t-1])
  loss cross_entropy(V @ h, y)
  loss mse(sum(h), z)
}
model first {
  input x[2]
  target y: index[3]
  param W[2, 2], V[3, 2]
  loss cross_entropy(V @ tanh(W @ x), y)
}
END
awk 'BEGIN { for (t = 0; t < 60; t++) print -1 }' >ids.csv
both() { expect 0 "$rnn" train losses.rnn --top both --data x=x.csv --data y=ids.csv --data z=z.csv --epochs 3 --log log.csv "$@"; }
both --streams 1 --window 10 --out both.safetensors
[ "$(awk -F, 'NR > 1 && $4 == ""' log.csv | wc -l)" = 0 ] || fail "some steps had no loss: $(cat log.csv)"
expect 1 "$rnn" train losses.rnn --top first --data x=x.csv --data y=ids.csv --streams 1 --out w.safetensors
says err "no loss counts, as all ids that losses are computed from are -1"

# A loss that is NaN counts, in a validation and in rnn eval too; weights that are not finite are refused at once.
cat >nan.rnn <<'END'
model nan { input x; target y; param w = 1; output p = w * x; loss mse(sqrt(p), y) }
END
printf 'x,y\n1,2\n1,2\n' >good.csv
printf 'x,y\n1,2\n-1,2\n' >bad.csv
expect 0 "$rnn" train nan.rnn --data good.csv --valid-data bad.csv --streams 1 --epochs 1 --out nan.safetensors
says out "validation nan, "
expect 1 "$rnn" eval nan.rnn --data bad.csv --streams 1 --weights nan.safetensors
says out "loss nan"
says err "the loss is not finite"
{ printf '\070\0\0\0\0\0\0\0{"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   '; printf '\0\0\300\177'; } >broken.safetensors
for command in eval 'train --out w.safetensors'; do
  expect 1 "$rnn" $command nan.rnn --data good.csv --streams 1 --weights broken.safetensors
  says err "rnn: error: 'broken.safetensors': parameter 'w' is not finite"
done

# The mean of an epoch does not depend on how it is cut.
sed 's/-1/2/; 1,7d; 50,55s/2/-1/' ids.csv >some.csv
sed 1,7d x.csv >x53.csv
sed 1,7d z.csv >z53.csv
for cut in '--window 53' '--window 5' '--window 9 --advance 4'; do
  expect 0 "$rnn" train losses.rnn --top both --data x=x53.csv --data y=some.csv --data z=z53.csv --epochs 1 --rate 0 --streams 1 \
    $cut --out both.safetensors
  sed -n 's/.*: loss \([0-9.]*\).*/\1/p' out >>means
done
[ "$(sort -u means | wc -l)" = 1 ] || fail "losses of epochs: $(cat means)"

# Labels that cannot be aligned are left out on request, and counted.
cat >spell.rnn <<'END'
model spell { input x[2]; target y: labels[4]; param W[4, 2]; l = W @ x; output p = softmax(l); loss ctc(l, y) }
END
printf '1,0\n0,1\n1,0\n0,1\n1,0\n' >frames.csv
printf '2\n3\n' >lengths.csv
printf '1,1\n2,3\n' >labels.csv
spell() { status=$1; shift; expect "$status" "$rnn" train spell.rnn --data x=frames.csv --data lengths=lengths.csv \
  --data y=labels.csv --epochs 1 --out spell.safetensors "$@"; }
spell 1
says err "it is with 1 of 2 sequences. --skip-unalignable leaves them out"
spell 0 --skip-unalignable
says err "left out 1 of 2 sequences"
says out "3 frames in 1 sequence"
expect 0 "$rnn" eval spell.rnn --weights spell.safetensors --data x=frames.csv --data lengths=lengths.csv --data y=labels.csv \
  --skip-unalignable
says err "left out 1 of 2 sequences"
says out "3 frames in 1 sequence"
# What a training goes on with are its own labels.
aligned() { spell "$1" --skip-unalignable --epochs 2 --checkpoint spell.checkpoint --resume; }
aligned 0
aligned 0
sed 's/2,3/3,2/' labels.csv >other && mv other labels.csv
aligned 1
says err "the data is not what it was in its training"

# A loss that has grown beyond all bounds is a failure, even where it is finite; one that has grown is worth a word.
cat >grow.rnn <<'END'
model grow {
  input x
  target y
  param w = 0.5
  output p = w * x
  loss mse(p, y)
}
END
awk 'BEGIN { print "x,y"; for (t = 0; t < 200; t++) print sin(t) "," sin(t) / 3 }' >grow.csv
grow() { status=$1; shift; expect "$status" "$rnn" train grow.rnn --data grow.csv --streams 2 --window 10 --out grow.safetensors "$@"; }
# The columns of a file by their names, one by one or all; and numbers that are no longer what they were.
for data in "--data grow.csv" "--data x=grow.csv --data y=grow.csv"; do
  expect 0 "$rnn" train grow.rnn $data --streams 2 --epochs 1 --out grow.safetensors --checkpoint grow.checkpoint --resume
  cksum <grow.safetensors
  cp grow.csv kept.csv
  sed '$s/,.*/,1/' kept.csv >grow.csv
  expect 1 "$rnn" train grow.rnn $data --streams 2 --epochs 2 --out other.safetensors --checkpoint grow.checkpoint --resume
  says err "the data is not what it was in its training"
  mv kept.csv grow.csv
  rm grow.checkpoint grow.safetensors
done >sums
[ "$(sort -u sums | wc -l)" = 1 ] || fail "weights: $(cat sums)"
grow 1 --rate 1e15 --epochs 3
says err "epoch 1: the loss has grown from "
says err "Try a smaller --rate than 1e+15, or --clip 1"
[ ! -e grow.safetensors ] || fail "a training that failed wrote weights"
grow 1 --rate 1e15 --epochs 1 --streams 1 --window 200 # in its only step
says err "epoch 1: the loss has grown from "
[ ! -e grow.safetensors ] || fail "a training that failed at its end wrote weights"
grow 0 --rate 3 --epochs 1
says err "rnn: the loss has grown from "
grow 0 --rate 0.01 --epochs 2
[ ! -s err ] || fail "a training that learns complains: $(cat err)"

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
expect 1 train none -D V=3
says err "-D V="
printf 'abc\nd\377' >binary
expect 1 "$rnn" train lm.rnn --data binary --out none.safetensors
says err "'binary', line 2"
expect 1 "$rnn" train lm.rnn --data nothing --out none.safetensors
says err "nothing"
expect 2 "$rnn" train lm.rnn --data text
expect 2 train none --advance 13
expect 2 train none --optimizer sgd,beta1=0.5
expect 1 train none --frames-first
says err "--frames-first is for arrays"
expect 2 train none --strict
expect 2 train none --optimizer adagrad
says err "there is no optimizer 'adagrad'; there are sgd, "
expect 2 train none --schedule linear
says err "there is no schedule 'linear'; there are constant, "
refused() { words=$1; expected=$2; shift 2; expect "$expected" "$@"; says err "$words"; }
refused "--valid needs a number between 0 and 1, not '2'" 2 train none --valid 2
refused "'momentum' should be NAME=NUMBER" 2 train none --optimizer sgd,momentum
refused "--optimizer sets 'momentum', and so does an option of its own" 2 \
  train none --optimizer sgd,momentum=0.5 --momentum 0.9
refused "--optimizer sets 'weight_decay', and so does" 2 train none --weight-decay 0.1 --optimizer adam,weight_decay=0.1
ln -s missing/target link
refused "'link' cannot be written: it is a link to 'missing/target', which is not there" 1 "$rnn" train lm.rnn --data text --out link
refused "--advance needs --window" 2 "$rnn" train lm.rnn --data text --advance 4 --out none.safetensors
refused "--resume needs --checkpoint FILE" 2 train none --resume
refused "--valid takes a part of --data, --valid-data other files" 2 train none --valid-data text
refused "what should it learn from? Give --data FILE" 2 "$rnn" train lm.rnn --out none.safetensors
refused "needs its program in a file, not from standard input" 1 sh -c '"$0" train - --data text --checkpoint c --out none.safetensors <lm.rnn' "$rnn"
refused "1 frame cannot be divided into some to learn from and some to validate with" 1 \
  "$rnn" train grow.rnn --data x=one.csv --data y=one.csv --valid 0.5 --out none.safetensors
refused "'whole.safetensors' has no array 'x'" 1 "$rnn" train grow.rnn --data x=whole.safetensors --out none.safetensors
refused "[2], a number for each sequence" 1 "$rnn" train spell.rnn --data x=frames.csv --data lengths=lengths.csv --data y=labels.csv \
  --data y.lengths=z53.csv --out none.safetensors
printf 'model of_sequences { input x once; target y once; param w; output p = w * x; loss mse(p, y) }\n' >once.rnn
refused "'of_sequences' has no input or target with frames" 1 "$rnn" train once.rnn --data x=z.csv --data y=z.csv --out none.safetensors
printf 'model lossless { input x; param w; output p = w * x }\n' >lossless.rnn
refused "there is no loss to train with" 1 "$rnn" train lossless.rnn --data x=z.csv --out none.safetensors
[ ! -e none.safetensors ] || fail "a training that failed has left weights"

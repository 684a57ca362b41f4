#!/bin/sh
# Trainings from the command line: what they learn and say, how good it is on other data, and what it writes.
#   train_learning.sh RNN
set -eu
rnn=$1
. "$(dirname "$0")/training.sh"

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

# A trained network gives probabilities for each character of a text.
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
for again in "" --resume; do best --epochs 2 --checkpoint two.checkpoint $again; done
says out "all 2 epochs are done"
cp kept best.best.safetensors
# Nobody is sent to look for them once they have gone.
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

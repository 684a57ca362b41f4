#!/bin/sh
# Data of trainings: which files are taken for what, and what is said of those that are not, of losses that are not finite and of
# command lines that make no sense.
#   train_data.sh RNN
set -eu
rnn=$1
. "$(dirname "$0")/training.sh"

expect 0 train whole --epochs 1 --quiet

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
# What stands behind the end of a sequence may be anything; within, numbers are finite.
printf '4\n2\n4\n' >lengths.csv
sums after "--data lengths=lengths.csv" >numbers
for order in after beside; do
  awk -F, -v order=$order '{ for (i = 1; i <= NF; i++) {
    sequence = order == "after" ? int((NR - 1) / 4) : int((i - 1) * 3 / NF); frame = order == "after" ? (NR - 1) % 4 : NR - 1
    printf "%s%s", (sequence == 1 && frame > 1 ? "nan" : $i), (i < NF ? "," : "\n") } }' $order.x.csv >$order.nan.x.csv
  cp $order.y.csv $order.nan.y.csv
  first=
  [ $order = after ] || first=--frames-first
  axes $order.nan "$first"
  sums $order.nan "$first --data lengths=lengths.csv" | cmp numbers -
  expect 1 "$rnn" train sums.rnn --data $order.nan.safetensors --epochs 3 --out sums.safetensors $first
done
says err "'beside.nan.safetensors': element [2, 1, 0] of 'a' is nan; a network learns from finite numbers only"
cat >ids.rnn <<'END'
model ids { input x: index[3]; param E[3, 2] = 1; output y = sum(embed(E, x)) }
END
printf '0,2\n1,-100\n' >ids.csv
printf '2\n1\n' >two.csv
run_ids() { expect "$1" "$rnn" run ids.rnn --seed 1 --input x=ids.csv --streams 2 --frames-first --output y.csv $2; }
run_ids 0 "--input lengths=two.csv"
[ "$(cat y.csv)" = "$(printf '2,2\n2,0')" ] || fail "ids and padding: $(cat y.csv)"
run_ids 1 ""
says err "'ids.csv', element [1, 1]: -100 is no id of 'x', which are -1 (none) and 0 to 2"

# A loss of probabilities takes no other numbers; one that leaves some out may.
cat >coins.rnn <<'END'
model coins {
  input x
  target b[2], c
  param W[2]
  loss mse(sum(W) * x, c) + 0.5 * binary_cross_entropy(W * x, b)
}
model masked {
  input x
  target b
  param w
  loss where(b < 0, 0, binary_cross_entropy(w * x, b))
}
END
coins() { expect "$1" "$rnn" train coins.rnn --data x=two.csv --data b=$2 --epochs 1 --streams 1 --out coins.safetensors --top $3 $4; }
printf '0,0.5\n1,1\n' >good.csv
printf '0,0.5\n1,2\n' >bad.csv
coins 0 good.csv coins "--data c=two.csv"
coins 1 bad.csv coins "--data c=two.csv"
says err "'bad.csv': element [1, 1] of 'b' is 2; a loss takes it for a probability, 0 to 1: scale the data, or compare with mse"
printf '1\n-1\n' >bad.csv
coins 0 bad.csv masked ""

# ---- failure ----

# Infinity and NaN are found where they begin: in a value of the network, or in a loss alone.
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
says err "the loss is not finite (loss inf); it begins with bad (line 9: 'output bad = exp(h * x[0] * 1000)') in region "
says err "at frame 40 of stream 0"
faulty 1 --out w.safetensors --top only_loss
says err "the loss is not finite (loss nan); it begins with loss (line 17: 'log(h[0] + 2 - x[0]) + z[0]') in region "
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

# Counts are each loss's own: without any id the second still does, and is learned; alone the first cannot be.
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
# A training goes on with its own labels.
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
for way in "" "--compress none" "--compress f16"; do
  refused "--compress-after is about --compress powersgd:R or auto, neither of which is given" 2 train none $way --compress-after 5
done
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

#!/bin/sh
# Programs that import files, for `rnn`: -I, compiled networks that follow the imported text, checkpoints that know it, and
# forms for parameters of imported cells.
#   imports.sh RNN
set -eu
rnn=$1 rnnc=$(dirname "$1")/rnnc
. "$(dirname "$0")/expect.sh"

mkdir cells more
cat >more/scale.rnn <<'END'
const factor = 2
END
cat >cells/cell.rnn <<'END'
import "scale.rnn"
cell Scaled[n](x[m]) -> h[n] {
  param W[n, m] = 1
  h = scale.factor * (W @ x)
}
END
cat >net.rnn <<'END'
import "cell.rnn" as ours
model net {
  input x[2]
  output y = ours.Scaled[4](x)
  target z[4]
  loss mse(y, z)
}
END
echo '1,2' >x.csv

# ---- the text of an imported file counts, wherever it is found ----

expect 1 "$rnn" run net.rnn --seed 1 --input x.csv --output y.csv
says err "there is no file 'cell.rnn'"
expect 1 "$rnn" run -I cells net.rnn --seed 1 --input x.csv --output y.csv
says err "cells/cell.rnn:1:8: error: there is no file 'cells/scale.rnn'"
expect 0 "$rnn" run -I cells -I more net.rnn --seed 1 --input x.csv --output y.csv
[ "$(cat y.csv)" = 6,6,6,6 ] || fail "y is $(cat y.csv)"
echo 'const factor = 10' >more/scale.rnn
expect 0 "$rnn" run -I cells -I more net.rnn --seed 1 --input x.csv --output y.csv
[ "$(cat y.csv)" = 30,30,30,30 ] || fail "y is $(cat y.csv), with another file imported"
echo 'const factor = 3' >cells/scale.rnn # which comes before those of -I
expect 0 "$rnn" run -I cells -I more net.rnn --seed 1 --input x.csv --output y.csv
[ "$(cat y.csv)" = 9,9,9,9 ] || fail "y is $(cat y.csv), with a file beside the one that imports it"
expect 0 "$rnn" check -I cells net.rnn
says out "1 of 1 outputs agree"

# ---- checkpoints ----

printf '1,2\n3,4\n' >x.csv
printf '1,2,3,4\n5,6,7,8\n' >z.csv
train() {
  status=$1
  shift
  expect "$status" "$rnn" train -I cells net.rnn --data x=x.csv --data z=z.csv --streams 1 --checkpoint state --out w.safetensors "$@"
}
train 0 --epochs 1
echo '# a comment' >>cells/scale.rnn
train 0 --epochs 2 --resume
says out "epoch 2/2"
echo 'const factor = 4' >cells/scale.rnn
train 1 --epochs 3 --resume
says err "program"

# ---- results ----

cp cells/scale.rnn kept
for result in "-o cells/scale.rnn" "-o net.c --header=cells/scale.rnn" "-o net.c -MD -MF cells/scale.rnn" \
  "--emit=source -o cells/scale.rnn"; do
  expect 2 "$rnnc" -I cells net.rnn $result
  says err "a result would overwrite 'cells/scale.rnn', which the program imports"
  cmp kept cells/scale.rnn
done
for option in --out --checkpoint --log --svg; do
  train 2 --epochs 1 $option cells/scale.rnn
  says err "$option 'cells/scale.rnn' would overwrite the imported 'cells/scale.rnn': a result needs a file of its own"
done
expect 2 "$rnn" run -I cells net.rnn --seed 1 --input x.csv --output y=cells/scale.rnn
says err "--output 'cells/scale.rnn' would overwrite the imported 'cells/scale.rnn'"
cmp kept cells/scale.rnn
echo 'y.W=f16' >plan
expect 2 "$rnnc" -I cells net.rnn --forms=plan -o plan
says err "-o would overwrite the forms 'plan'"

# ---- gates that are too small for float ----

cat >small.rnn <<'END'
import std.cells
model small { input x[2]; y = cells.MinLSTM[16](x); output out = y }
END
printf '1e5,1e5\n-1e5,1e5\n1,1\n' >small.csv
expect 0 "$rnn" run small.rnn --seed 1 --input x=small.csv --output out=out.csv
! grep -qi nan out.csv || fail "gates of which both are 0: $(cat out.csv)"

# ---- forms ----

# A program that goes to another folder imports the same files, though others have their names there.
mkdir program new
echo 'fn twice(v) = 2 * v' >program/twice.rnn
echo 'fn twice(v) = 3 * v' >new/twice.rnn
cat >program/own.rnn <<'END'
import "twice.rnn" as other # a comment
model own {
  input x[4]
  target z[4]
  param W[4, 4]
  output y = other.twice(W @ x)
  loss mse(y, z)
}
END
seq -s, 4 >own.csv
seq -s, 5 8 >z4.csv
if "$rnn" train program/own.rnn --data x=own.csv --data z=z4.csv --streams 1 --epochs 3 --optimizer sgd --rate 0 --out new/low.safetensors \
  --low-rank-after 1 --form W=svd:1 >out 2>err; then
  grep -q 'import "../program/twice.rnn" as other # a comment' new/low.low_rank.rnn || fail "$(cat new/low.low_rank.rnn)"
  expect 0 "$rnn" check new/low.low_rank.rnn
  mkdir -p moved/deep
  mv program new moved/deep # together
  expect 0 "$rnn" check moved/deep/new/low.low_rank.rnn
else
  grep -qi lapack err || fail "rnn train says: $(cat err)"
fi
if "$rnn" factor -I cells net.rnn --weights w.safetensors >out 2>err; then
  says out "y.W stays dense: it is declared in 'cells/cell.rnn', which the program imports"
  expect 1 "$rnn" factor -I cells net.rnn --weights w.safetensors --form 'y.W=svd:1' --out small
  says err "'y.W' is declared in 'cells/cell.rnn', which the program imports"
  expect 1 "$rnn" factor -I cells net.rnn --weights w.safetensors --form 'y.V=svd:1' --out small
  says err "imported, so that their cells have to be copied first: 'y.W'"
else
  grep -qi lapack err || fail "rnn factor says: $(cat err)"
fi

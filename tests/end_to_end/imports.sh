#!/bin/sh
# Programs that import files, for `rnn`: -I, compiled networks that follow the imported text, checkpoints that know it, and
# forms for parameters of imported cells.
#   imports.sh RNN
set -eu
rnn=$1
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

# ---- forms ----

if "$rnn" factor -I cells net.rnn --weights w.safetensors >out 2>err; then
  expect 1 "$rnn" factor -I cells net.rnn --weights w.safetensors --form 'y.W=svd:1' --out small
  says err "'y.W' is declared in 'cells/cell.rnn', which the program imports"
else
  grep -qi lapack err || fail "rnn factor says: $(cat err)"
fi

#!/bin/sh
# `rnn run` from the command line: the files that it takes and writes, and what it says to wrong ones.
#   run.sh RNN
set -eu
rnn=$1
. "$(dirname "$0")/expect.sh"

# holds FILE LINES
holds() { [ "$(cat "$1")" = "$2" ] || fail "$1 holds: $(cat "$1")"; }

# What comes in goes out: scores of a blank and two labels, and something else.
cat >scores.rnn <<'END'
model scores {
  input x[3]
  output y = x
  output last = sum(last(x))
}
END

# ---- numbers ----

printf '1,2,3\n4,5,6\n' >x.csv
expect 0 "$rnn" run scores.rnn --input x.csv --output y=y.csv --output last=last.csv
holds y.csv '1,2,3
4,5,6'
holds last.csv 15
expect 1 "$rnn" run scores.rnn --input x.csv --output y.csv
says err "write NAME=y.csv"
expect 2 "$rnn" run scores.rnn --input x.csv
says err "where should the outputs go?"

# A file with all of them, where names are what counts.
expect 0 "$rnn" run scores.rnn --input x.csv --output all.safetensors
cat >named.rnn <<'END'
model named {
  input y[3]
  input lasts
  output z = y * lasts
}
END
expect 1 "$rnn" run named.rnn --input all.safetensors --output z.csv
says err "'all.safetensors': the network has no input 'last'; did you mean 'lasts'?"
printf '1\n2\n' >lasts.csv
expect 0 "$rnn" run named.rnn --input all.safetensors --input lasts=lasts.csv --output z.csv
holds z.csv '1,2,3
8,10,12'

# Nothing that is read is overwritten, and no result by another.
cp x.csv kept.csv
mkdir below
expect 2 "$rnn" run scores.rnn --input x.csv --output y=below/../x.csv
says err "--output 'below/../x.csv' would overwrite --input 'x.csv'"
expect 2 "$rnn" run scores.rnn --input x=kept.csv --lengths x.csv --output y=x.csv
says err "would overwrite --lengths 'x.csv'"
expect 2 "$rnn" run scores.rnn --input x.csv --output y=new.csv --decode y=./new.csv
says err "--decode './new.csv' would overwrite --output 'new.csv': a result needs a file of its own"
expect 2 "$rnn" run scores.rnn --input x.csv --output y=scores.rnn
says err "would overwrite the program"
cmp x.csv kept.csv
[ ! -e new.csv ] || fail "what was refused was written"

printf '1e39,2,3\n' >big.csv
expect 1 "$rnn" run scores.rnn --input big.csv --output y=y.csv --output last=last.csv
says err "'big.csv', element 0: 1e+39 is more than float can hold"
expect 0 "$rnn" run scores.rnn --double --input big.csv --output y=y.csv --output last=last.csv

# A network's name may begin with a dash; what is printed and lost is an error, and so is a kind of file that is only read.
cp scores.rnn ./-dash.rnn
expect 0 "$rnn" run --input x.csv --output y=y.csv --output last=last.csv -- -dash.rnn
holds last.csv 15
expect 0 "$rnn" check -- -dash.rnn
for arguments in "check scores.rnn" "check --help"; do
  status=0
  "$rnn" $arguments >/dev/full 2>err || status=$?
  [ "$status" = 1 ] || fail "rnn $arguments >/dev/full: exit status $status"
  says err "cannot write to standard output: No space left on device"
  status=0
  "$rnn" $arguments >&- 2>err || status=$?
  [ "$status" = 1 ] || fail "rnn $arguments >&-: exit status $status"
done
expect 1 "$rnn" run scores.rnn --input x.csv --output y=y.npz
says err "'y.npz': .npz files are only read; write a .safetensors file"
expect 1 "$rnn" run scores.rnn --input x.csv --output y=y.txt
says err "must end in .npy, .csv or .safetensors"
expect 1 env CC=no_compiler "$rnn" run scores.rnn --input x.csv --output y=y.csv
says err "cannot run 'no_compiler': No such file or directory"
says err "set CC"

# ---- labels ----

# One stream of two frames, whose likeliest path is two blanks (0.36); but 0.64 is what the paths add up to that spell 1. The other
# repeats 2, with and without a blank between.
printf '0.6,0.4,0,0.1,0,0.9\n0.6,0.4,0,0.1,0,0.9\n1,0,0,0.8,0.1,0.1\n1,0,0,0,0.1,0.9\n' >probabilities.csv
spell() { expect 0 "$rnn" run scores.rnn --input probabilities.csv --streams 2 --decode y=labels.csv "$@"; }
spell
holds labels.csv '0,0
2,2'
spell --beam 8
holds labels.csv '1,0
2,2'
printf '2,3\n' >lengths.csv
spell --beam 8 --lengths lengths.csv
holds labels.csv '1
2'
# Streams that spell nothing have a line or row too; in other files than .csv they can be read back.
printf '1,0,0,1,0,0\n' >blanks.csv
expect 0 "$rnn" run scores.rnn --input blanks.csv --streams 2 --decode y=none.csv --decode y=none.npy
[ "$(od -An -c none.csv | tr -d ' ')" = '\n\n' ] || fail "none.csv holds: $(od -c none.csv)"
head -c 128 none.npy | grep -q "'shape': (2, 0)" || fail "none.npy has the header $(head -c 128 none.npy)"
expect 1 "$rnn" run scores.rnn --input none.csv --decode y=labels.csv
says err "'none.csv' holds no numbers; a .npy or .safetensors file can hold rows that have none"
# Logits of the same.
awk -F, '{ for (i = 1; i <= NF; i++) printf "%s%.6f", (i > 1 ? "," : ""), log($i + 1e-9) + NR; print "" }' probabilities.csv >logits.csv
expect 0 "$rnn" run scores.rnn --input logits.csv --streams 2 --decode y=labels.csv --beam 8 --output y=y.csv
holds labels.csv '1,0
2,2'
[ "$(wc -l <y.csv)" = 4 ] || fail "y.csv holds: $(cat y.csv)"
expect 1 "$rnn" run scores.rnn --input x.csv --decode last=labels.csv
says err "output 'last' spells no labels"
expect 1 "$rnn" run scores.rnn --input x.csv --decode labels.safetensors
says err "write NAME=labels.safetensors"
expect 2 "$rnn" run scores.rnn --input x.csv --output y=y.csv --beam 8
says err "--beam needs --decode"
expect 2 "$rnn" run scores.rnn --input x.csv --decode y=y.csv --beam none
says err "--beam needs a whole number of 1 or more, not 'none'"

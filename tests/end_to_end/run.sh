#!/bin/sh
# `rnn run` from the command line: the files that it takes and writes, and what it says to wrong ones.
#   run.sh RNN
set -eu
rnn=$1
. "$(dirname "$0")/expect.sh"

# holds FILE LINES
holds() { [ "$(cat "$1")" = "$2" ] || fail "$1 holds: $(cat "$1")"; }

# Inputs go straight out: scores of a blank and two labels, and something else.
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
printf 'model whole { input x[3]; output whole = last(x) }\n' >whole.rnn
expect 0 "$rnn" run whole.rnn --input x.csv --output whole.csv
holds whole.csv '4,5,6'
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
says err "'all.safetensors': 'named' has no input 'last'; did you mean 'lasts'?"
printf '1\n2\n' >lasts.csv
expect 0 "$rnn" run named.rnn --input all.safetensors --input lasts=lasts.csv --output z.csv
holds z.csv '1,2,3
8,10,12'

# Variants: those whose arrays the weights have, of which one is taken.
cat >forms.rnn <<'END'
model forms {
  input x[3]
  param y[2, 3]
  output z = y @ x
}
END
forms() { "$rnn" run forms.rnn --weights all.safetensors --input x.csv --output z.csv "$@"; }
expect 0 forms --variants dense,svd:1,f16
grep -qx "rnn: variant '[a-z0-9]*' is taken, of 'dense', 'f16'" err || fail "which variant is taken? $(cat err)"
says err "rnn: variant 'svd:1' is left out: the weights have no 'y.A'"
holds z.csv '14,32
32,77'
rm z.csv
expect 0 forms --variants dense,svd:1,f16 --variant f16
! grep variant err || fail "a variant that was asked for is said"
holds z.csv '14,32
32,77'
expect 1 forms --variants dense,svd:1,f16 --variant svd:1
says err "the weights lack arrays of variant 'svd:1'; they are for 'dense', 'f16'"
expect 1 forms --variants dense,svd:1,f16 --variant bf16
says err "there is no variant 'bf16'; --variants has 'dense', 'svd:1', 'f16'"
expect 1 forms --variants svd:1
says err "no variant has its arrays: svd:1: all.safetensors: no tensor 'y.A', 'y.B'"
expect 2 forms --variants dense,half
says err "--variants half: unknown form 'half'"
head='{"y":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"y.A":{"dtype":"F32","shape":[2,2],"data_offsets":[24,40]},"y.B":{"dtype":"F32","shape":[2,3],"data_offsets":[40,64]}}'
{
  printf "\\$(printf %o ${#head})\0\0\0\0\0\0\0%s" "$head"
  head -c 64 /dev/zero
} >factors.safetensors
expect 0 "$rnn" run forms.rnn --weights factors.safetensors --input x.csv --output z.csv --variants dense,svd:1
says err "rnn: variant 'svd:1' is left out: it needs 'y.A' as [2, 1], the weights have [2, 2]"
says err "rnn: variant 'dense' is taken, of 'dense'"
expect 2 forms --variant f16
says err "--variant takes one of several forms: give these with --variants, or one alone with --form"

# Weights of other sizes: a constant was forgotten.
cat >sized.rnn <<'END'
const n = 4
model sized {
  input x
  param y[2, n]
  output z = sum(y[1]) * x
}
END
expect 1 "$rnn" run sized.rnn --weights all.safetensors --input lasts.csv --output z.csv
says err "tensor 'y' is [2, 3] but 'sized' needs [2, 4]"
says err "given with -D NAME=VALUE"
expect 0 "$rnn" run sized.rnn -D n=3 --weights all.safetensors --input lasts.csv --output z.csv
holds z.csv '15
30'

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
says err "'big.csv': element [0, 0] of 'x' is 1e+39; more than float can hold"
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
  # Of what does not fit into a buffer, as help does not, the reason is lost with the first part.
  [ "$arguments" = "check --help" ] && says err "cannot write to standard output: " ||
    says err "cannot write to standard output: No space left on device"
  status=0
  "$rnn" $arguments >&- 2>err || status=$?
  [ "$status" = 1 ] || fail "rnn $arguments >&-: exit status $status"
done
expect 1 "$rnn" run scores.rnn --input x.csv --output y=y.npz
says err "'y.npz': .npz files are only read; what is written ends in .npy, .csv or .safetensors"
expect 1 "$rnn" run scores.rnn --input x.csv --output y=y.txt
says err "must end in .npy, .csv or .safetensors"
expect 1 env CC=no_compiler "$rnn" run scores.rnn --input x.csv --output y=y.csv
says err "cannot run 'no_compiler': No such file or directory"
says err "set CC"

# Missing inputs are named, and so are files that go with none.
refused() { words=$1; expected=$2; shift 2; expect "$expected" "$rnn" "$@"; says err "$words"; }
printf 'model pair { input a, b; param w; output y = w * a + b; output z = last(a) }\n' >pair.rnn
printf '1\n2\n' >a.csv
refused "the network has weights: give --weights FILE, or --seed N" 1 run pair.rnn --input a=a.csv --output y=y.csv
refused "--weights FILE reads the weights, --seed N draws them" 2 run pair.rnn --seed 1 --weights w --input a=a.csv --output y=y.csv
refused "no data for input 'b': give --input b=FILE" 1 run pair.rnn --seed 1 --input a=a.csv --output y=y.csv
refused "'pair' has no input of that name" 1 run pair.rnn --seed 1 --input c=a.csv --output y=y.csv
refused "'a' is given twice, in 'a.csv' and 'x.csv'" 1 run pair.rnn --seed 1 --input a=a.csv --input a=x.csv --output y=y.csv
refused "it has to be of 3 frames, as --frames says" 1 run pair.rnn --seed 1 --input a=a.csv --input b=a.csv --frames 3 --output y=y.csv
printf 'model constant { param w; output y = w }\nmodel clock { n = n[t-1] + 1; output n }\n' >still.rnn
expect 0 "$rnn" run still.rnn --top constant --seed 1 --output y.csv
holds y.csv 0
refused "no input says how many frames there are: give --frames" 1 run still.rnn --top clock --output n.csv
expect 0 "$rnn" run still.rnn --top clock --frames 3 --output n.csv
holds n.csv '1
2
3'
refused "which network? Give a .rnn file" 2 run --output y.csv
refused "one network at a time, not 'pair.rnn' and 'still.rnn'" 2 run pair.rnn still.rnn --output y.csv
for seed in one -1 99999999999999999999; do
  refused "--seed needs a whole number from 0 to 18446744073709551615, not '$seed'" 2 run pair.rnn --seed $seed --output y.csv
done
refused "--frames needs a whole number of at most 2147483647, not '2147483648'" 2 run pair.rnn --frames 2147483648
for number in -1 inf nan 0x1 1e999; do
  refused "--tolerance needs a finite decimal number of 0 or more, not '$number'" 2 check scores.rnn --tolerance $number
done
refused "--float goes with --gradients" 2 check scores.rnn --float
refused "--sample takes no data" 2 run pair.rnn --sample 5 --input a=a.csv
refused "--sample needs --weights FILE" 2 run pair.rnn --sample 5
refused "--prime needs --sample N" 2 run pair.rnn --output y.csv --prime the
refused "--from needs --sample N" 2 run pair.rnn --output y.csv --from y
refused "--temperature needs --sample N" 2 run pair.rnn --output y.csv --temperature 1
printf 'model wrong { output y = z }\n' >wrong.rnn
refused "wrong.rnn:1:26: error: " 1 run wrong.rnn --output y.csv
expect 0 "$rnn" run scores.rnn -f no-factor -f block-frames=1 --input x.csv --output y=y.csv
holds y.csv '1,2,3
4,5,6'
ln -s missing.csv link.csv
expect 1 "$rnn" run scores.rnn --input x.csv --output y=link.csv
says err "cannot write 'link.csv': it is a link to 'missing.csv', which is not there"

# ---- axes ----

# A file of data for rnn train holds two sequences, of 3 and of 1 frame: all commands read it as such.
cat >make.rnn <<'END'
model make {
  input a[3], b
  output x = a
  output lengths = b
  output comment = sum(a)
}
END
cat >grow.rnn <<'END'
model grow {
  input x[3]
  param w = 2
  s = s[t-1] + w * x
  output y = s
  output total = sum(last(s))
}
END
printf '1,0,0\n2,0,0\n3,0,0\n4,1,0\n5,1,0\n6,1,0\n' >six.csv
printf '3\n1\n' >two.csv
printf '1\n1\n1\n1\n1\n1\n' >ones.csv
expect 0 "$rnn" run make.rnn --input a=six.csv --input b=ones.csv --streams 2 --output x=padded.npy --output comment=comment.npy
head -c 128 padded.npy | grep -q "'shape': (2, 3, 3)" || fail "padded.npy has the header $(head -c 128 padded.npy)"
grow() { expect 0 "$rnn" run grow.rnn --seed 1 --output y=y.csv --output total=total.csv "$@"; }
grow --input x=padded.npy
says err "rnn: 'padded.npy' is [2, 3, 3], read as sequences, then frames: 2 sequences of 3 frames; with --frames-first it is the other way round"
holds y.csv '2,0,0
6,0,0
12,0,0
8,2,0
18,4,0
30,6,0'
holds total.csv '12
36'
grow --input x=padded.npy --frames-first
says err "read as frames, then sequences: 3 sequences of 2 frames"
holds total.csv '12
16
20'
holds y.csv '2,0,0,4,0,0,6,0,0
10,2,0,14,2,0,18,2,0'
grow --input x=padded.npy --lengths two.csv
holds y.csv '2,0,0
6,0,0
12,0,0
8,2,0
0,0,0
0,0,0'
holds total.csv '12
10'
# One sequence after the other.
head -4 six.csv >four.csv
grow --input x=four.csv --input lengths=two.csv
holds y.csv '2,0,0
6,0,0
12,0,0
8,2,0'
holds total.csv '12
10'
expect 1 "$rnn" run grow.rnn --seed 1 --output y=y.csv --input x=six.csv --input lengths=two.csv
says err "'two.csv': the lengths add up to 4 frames, but 'x' has 6"
expect 1 "$rnn" run grow.rnn --seed 1 --output y=y.csv --input x=padded.npy --streams 3
says err "it has to be of 3 sequences, as --streams says"
expect 1 "$rnn" run grow.rnn --seed 1 --output y=y.csv --input x=two.csv
says err "'two.csv': 'x' is [2, 1]; it has to be [sequences, frames, 3] or [rows, 3]; -D gives the network other sizes"
expect 0 "$rnn" check grow.rnn --input x=padded.npy
says err "2 sequences of 3 frames"
# Frame by frame the same comes out; every sequence then has all frames.
grow --input x=padded.npy --step
holds y.csv '2,0,0
6,0,0
12,0,0
8,2,0
18,4,0
30,6,0'
holds total.csv '12
36'
stepped() { expect "$1" "$rnn" run "$2" --seed 1 --output y.csv --input x=padded.npy --step ${3:-}; }
stepped 2 grow.rnn "--lengths two.csv"
says err "--step gives every stream all frames, --lengths does not"
expect 1 "$rnn" run grow.rnn --seed 1 --output y.csv --input x=padded.npy --input lengths=two.csv --frames 2
says err "it has to be of 2 frames, as --frames says"
expect 1 "$rnn" run grow.rnn --seed 1 --output y.csv --input x=nothere
says err "cannot open 'nothere': No such file or directory"
stepped 1 grow.rnn "--input lengths=two.csv"
says err "--step gives every stream all frames, but the data has sequences of different lengths"
printf 'model ahead { input x[3]; output y = x[t+1] }\n' >ahead.rnn
stepped 1 ahead.rnn
says err "the network needs whole sequences: it cannot run with --step"
# A file of named arrays: lengths count, and what is not used is named.
cat >arrays.rnn <<'END'
model arrays {
  input a[3], b
  output x = a
  output weather = sum(a)
  output lengths = last(b)
}
END
printf '0,0,3\n0,0,1\n' >ends.csv
expect 0 "$rnn" run arrays.rnn --input a=padded.npy --input b=ends.csv --output all.safetensors
grow --input all.safetensors
says err "rnn: not used, as no input has the name: 'weather' in 'all.safetensors'"
holds total.csv '12
10'

# ---- names of columns ----

cat >columns.rnn <<'END'
model columns {
  input x, v[2]
  output sums = x + sum(v)
}
END
printf 'time,"x",v.0,v.1\n7,1,10,100\n8,2,20,200\n' >table.csv
expect 0 "$rnn" run columns.rnn --input table.csv --output sums.csv
says err "rnn: not used, as no input has the name: 'time' in 'table.csv'"
holds sums.csv '111
222'
printf 'v[1],v[0],x\n100,10,1\n' >table.csv
expect 0 "$rnn" run columns.rnn --input table.csv --output sums.csv
holds sums.csv 111
expect 0 "$rnn" run columns.rnn --input x=table.csv --input v=table.csv --output sums.csv
holds sums.csv 111
columns() { printf "$1" >table.csv; expect 1 "$rnn" run columns.rnn --input table.csv --output sums.csv; says err "$2"; }
columns 'x,v.0,v.2\n1,2,3\n' "'table.csv' has a column 'v.2', but not all those before it"
columns 'x,v.0,v.1,x\n1,2,3,4\n' "'table.csv' has two columns 'x'"
columns 'x,v.0\n1,2\n' "'v' is [1, 1]; it has to be [sequences, frames, 2] or [rows, 2]"
columns 'x,v.0,v.1\n1,2\n' "'table.csv', line 2: 2 fields, but the first line has 3 names"
columns 'a,b\n1,2\n' "'table.csv' has the columns 'a', 'b', none of which is an input of 'columns': write --input NAME=table.csv, or a first line with the names of the columns, such as x,v.0,v.1"
columns '1,2,3\n' "which input is 'table.csv' for? 'columns' has 'x', 'v': write --input NAME=table.csv, or a first line with the names"
columns 'x;v.0;v.1\n1;2;3\n' "'1;2;3' is not a number; fields are separated by commas"
# Columns may have any names if the whole file is for one input.
printf 'a,x,c\n1,2,3\n' >x.named.csv
expect 0 "$rnn" run scores.rnn --input x=x.named.csv --output y=y.csv
holds y.csv 1,2,3
printf 'a,b,c\n1,2,3\n' >x.named.csv
expect 0 "$rnn" run scores.rnn --input x.named.csv --output y=y.csv
holds y.csv 1,2,3

# ---- weights ----

cat >weights.rnn <<'END'
model weights {
  input a
  output w = last(a) * 3
  output moment = last(a)
}
END
printf '1\n' >one.csv
expect 0 "$rnn" run weights.rnn --input one.csv --output weights.safetensors
cat >scale.rnn <<'END'
model scale {
  input a
  param w
  output y = w * a
}
END
expect 0 "$rnn" run scale.rnn --weights weights.safetensors --input one.csv --output y.csv
holds y.csv 3
says err "rnn: not used, as 'scale' has no parameter of the name: 'moment' in 'weights.safetensors'"
expect 1 "$rnn" run scale.rnn --weights weights.safetensors --input one.csv --output y.csv --strict
says err "'weights.safetensors' holds tensors that 'scale' does not have: 'moment'"
expect 1 "$rnn" check scale.rnn --weights weights.safetensors --strict
expect 2 "$rnn" check scale.rnn --strict
says err "--strict is about --weights FILE"

# ---- labels ----

# One stream of two frames, whose likeliest path is two blanks (0.36); but 0.64 is what the paths add up to that spell 1. The other
# repeats 2, with and without a blank between.
printf '0.6,0.4,0,0.1,0,0.9\n0.6,0.4,0,0.1,0,0.9\n1,0,0,0.8,0.1,0.1\n1,0,0,0,0.1,0.9\n' >probabilities.csv
spell() { expect 0 "$rnn" run scores.rnn --input probabilities.csv --frames-first --streams 2 --decode y=labels.csv "$@"; }
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
expect 0 "$rnn" run scores.rnn --input blanks.csv --frames-first --streams 2 --decode y=none.csv --decode y=none.npy
[ "$(od -An -c none.csv | tr -d ' ')" = '\n\n' ] || fail "none.csv holds: $(od -c none.csv)"
head -c 128 none.npy | grep -q "'shape': (2, 0)" || fail "none.npy has the header $(head -c 128 none.npy)"
expect 1 "$rnn" run scores.rnn --input none.csv --decode y=labels.csv
says err "'none.csv' holds no numbers; a .npy or .safetensors file can hold rows that have none"
# Logits of the same.
awk -F, '{ for (i = 1; i <= NF; i++) printf "%s%.6f", (i > 1 ? "," : ""), log($i + 1e-9) + NR; print "" }' probabilities.csv >logits.csv
expect 0 "$rnn" run scores.rnn --input logits.csv --frames-first --streams 2 --decode y=labels.csv --beam 8 --output y=y.csv
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

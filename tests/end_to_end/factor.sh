#!/bin/sh
# `rnn factor`: a trained network with factors in place of matrices, all of it or nothing.
#   factor.sh RNN
set -eu
rnn=$1
. "$(dirname "$0")/training.sh"

cat >stack.rnn <<'END'
cell Layer[n](x[m]) -> h[n] { # one weight each
  param W[n, m], U[n, n # the past
    ] ~ orthogonal, b[n]
  h = tanh(W @ x + U @ h[t-1] + b)
}
model stack {
  const V = 24, n = 24
  input x: index[V]
  param E[V, 4] ~ normal(0.3), Z[3, V, n]
  h1 = Layer[n](embed(E, x))
  h2 = Layer[n](h1)
  logits = Z[0] @ h1 + Z[1] @ h2 + Z[2] @ h2
  output p = softmax(logits)
  target y: index[V]
  loss cross_entropy(logits, y)
}
END
sed 's/n = 24/n = 12/' stack.rnn >low.rnn
cat >whole.rnn <<'END'
model whole { # which reads all of Z
  input x[8]
  param Z[2, 8, 8]
  output y = (Z + 1) @ x
}
END
head='{"Z":{"dtype":"F32","shape":[2,8,8],"data_offsets":[0,512]}}'
{
  printf "\\$(printf %o ${#head})\0\0\0\0\0\0\0%s" "$head"
  head -c 512 /dev/zero
} >whole.safetensors
sed 's/whole {.*/whole {/; s/(Z + 1) @ x/Z[0] @ x/' whole.rnn >part.rnn
{ # with a NaN
  printf "\\$(printf %o ${#head})\0\0\0\0\0\0\0%s" "$head"
  head -c 20 /dev/zero
  printf '\0\0\300\177'
  head -c 488 /dev/zero
} >nan.safetensors
factor() { "$rnn" factor stack.rnn --weights stack.safetensors "$@"; }
loss() { # of a program and its weights
  expect 0 "$rnn" eval "$1" --data text --weights "$2"
  sed -n 's/.*loss \([0-9.]*\).*/\1/p' out | head -1
}
near() { awk "BEGIN { d = $1 - $2; exit !((d < 0 ? -d : d) <= $3) }" || fail "$1 is not $2"; }

expect 0 "$rnn" train stack.rnn --data text --streams 4 --window 12 --rate 0.01 --epochs 8 --quiet --out stack.safetensors
needs_lapack factor

# Spectra, from which ranks are taken; nothing is written.
before=$(ls | wc -l)
expect 0 factor
says out "h1.U"
says out "stable rank"
[ "$(ls | wc -l)" = "$before" ] || fail "files have been written: $(ls)"

# Both layers' U, which one line declares, and Z; all other text stays as it is.
dense=$(loss stack.rnn stack.safetensors)
expect 0 factor --form '*.U=svd:11' --form Z=cp:24 --out factors
says out "svd(11)"
says out "cp(24)"
cmp -s out factors/report.txt || fail "the report in the folder is another one"
sed 's/ : svd(11)//; s/ : cp(24)//' factors/stack.rnn | cmp - stack.rnn || fail "the program has changed: $(cat factors/stack.rnn)"
grep -q '\] : svd(11) ~ orthogonal, b\[n\]' factors/stack.rnn && grep -q 'Z\[3, V, n\] : cp(24)$' factors/stack.rnn ||
  fail "the forms are not where they belong: $(cat factors/stack.rnn)"
expect 0 "$rnn" check factors/stack.rnn --weights factors/weights.safetensors
near "$(loss factors/stack.rnn factors/weights.safetensors)" "$dense" 0.3

# With the matrices beside them the file is one for both networks.
expect 0 factor --form '*.U=svd:11' --form Z=cp:24 --keep-dense --out both
[ "$(loss stack.rnn both/weights.safetensors)" = "$dense" ] || fail "the dense weights are others"
[ "$(loss factors/stack.rnn both/weights.safetensors)" = "$(loss factors/stack.rnn factors/weights.safetensors)" ] ||
  fail "the factors are others"
expect 2 factor --keep-dense
says err "--keep-dense is about what --out writes"

# The factors go on learning.
expect 0 "$rnn" train factors/stack.rnn --data text --streams 4 --window 12 --rate 0.01 --epochs 2 --quiet --weights factors/weights.safetensors \
  --out more.safetensors
near "$(loss factors/stack.rnn more.safetensors)" "$dense" 0.1

# Storages, of factors and of dense parameters: the weights file has the full numbers, and what is judged is rounded.
expect 0 factor --form '*.U=svd:11,f16' --form 'Z=int8' --form '*.W=bf16' --out stored
says out "svd(11) f16"
says out "int8"
sed 's/ : svd(11) f16//; s/ : int8//; s/ : bf16//' stored/stack.rnn | cmp - stack.rnn || fail "the program has changed: $(cat stored/stack.rnn)"
grep -q '\] : svd(11) f16 ~ orthogonal, b\[n\]' stored/stack.rnn && grep -q 'Z\[3, V, n\] : int8$' stored/stack.rnn ||
  fail "the forms are not where they belong: $(cat stored/stack.rnn)"
expect 0 "$rnn" check stored/stack.rnn --weights stored/weights.safetensors
stored=$(loss stored/stack.rnn stored/weights.safetensors)
expect 0 factor --form '*.U=svd:11' --out full
full=$(loss full/stack.rnn full/weights.safetensors)
[ "$stored" != "$full" ] || fail "storages do not change the loss, $full"
near "$stored" "$full" 0.05

# A preview of the output, which may have all columns: losses have them anyway.
expect 0 factor --form '*.U=svd:24:preview=16:refine=8' --out previewed
grep -q '\] : svd(24, preview = 16, refine = 8) ~ orthogonal, b\[n\]' previewed/stack.rnn ||
  fail "the forms are not where they belong: $(cat previewed/stack.rnn)"
expect 0 "$rnn" check previewed/stack.rnn --weights previewed/weights.safetensors
near "$(loss previewed/stack.rnn previewed/weights.safetensors)" "$dense" 0.0005

# The other commands take the same forms.
expect 0 "$rnn" eval full/stack.rnn --data text --weights stored/weights.safetensors --form '*.U=f16' --form 'Z=int8' --form '*.W=bf16'
says out "loss $stored"
expect 2 "$rnn" check stack.rnn --form '*.U=auto'
says err "--form *.U=auto: rnnc chooses a storage, here it has to be given, as in 'auto,f32'"
# Factors of so few numbers are multiplied when weights are packed.
cat >small.rnn <<'END'
cell Tanh[n = 16](x[n]) -> h[n] {
  param W[n, n], U[n, n] : svd(7)
  h = tanh(W @ x + U @ h[t-1])
}
END
expect 0 "$rnn" check small.rnn --form 'U=auto,f32' --machine=avx512
expect 0 "$(dirname "$rnn")/rnnc" small.rnn --form 'U=auto,f32' --machine=avx512 -o small.c
grep -q 'rnn_matrix' small.c || fail "the factors are not multiplied"
printf '*.U=svd:11,f16 # of the cycles\n\nZ=int8\n*.W=bf16\n' >plan
expect 0 "$rnn" eval stack.rnn --data text --weights stored/weights.safetensors --forms plan
says out "loss $stored"
expect 0 "$rnn" check stack.rnn --forms plan --form 'E=int8'
printf '1\n2\n3\n' >ids.csv
expect 0 "$rnn" run stack.rnn --weights stored/weights.safetensors --forms plan --input x=ids.csv --output p.csv
expect 0 "$rnn" run stack.rnn --weights stack.safetensors --variants dense,f16 --sample 5
grep -q "variant '[a-z0-9]*' is taken, of 'dense', 'f16'" err || fail "which variant writes? $(cat err)"
[ "$(wc -c <out)" -ge 6 ] || fail "a network with variants writes nothing"
expect 0 factor --forms plan --out planned
cmp planned/stack.rnn stored/stack.rnn || fail "a plan gives another program"
expect 2 "$rnn" run stack.rnn --forms missing.plan --input x=ids.csv --output p.csv
says err "--forms missing.plan: No such file"
printf 'Z=int8\n*.U=\0f16\n' >nul.plan
expect 2 "$rnn" run stack.rnn --forms nul.plan --input x=ids.csv --output p.csv
says err "--forms nul.plan:2: a NUL byte is no text"
expect 1 "$rnn" run stack.rnn --form 'nothing=f16' --seed 1 --input x=ids.csv --output p.csv
says err "'nothing' fits no parameter"

# ---- errors, which leave nothing behind ----

refuses() { # WORDS ARGUMENT...
  words=$1
  shift
  expect 1 "$@"
  says err "$words"
  [ ! -e new ] && [ "$(ls -d new.* 2>/dev/null | wc -l)" = 0 ] || fail "files are left: $(ls -d new*)"
}
refuses "'h1.U' and 'h2.U' are declared together, in line 2" factor --form h1.U=svd:8 --out new
refuses "no matrix without a form has that name; there are: 'E', 'Z', 'h1.W', 'h1.U', 'h2.W', 'h2.U'" factor --form '*.b=svd:4' --out new
refuses "factors would have 576 numbers, and 'h1.U' has 576: take a smaller rank" factor --form '*.U=svd:12' --out new
refuses "'Z' is [3, 24, 24]; svd is for matrices" factor --form Z=svd:4 --out new
refuses "'h1.U' is [24, 24]: take a rank that is no larger than both" factor --form '*.U=svd:25:preview=1:refine=1' --out new
refuses "a preview no larger than the rank" factor --form '*.U=svd:8:preview=9:refine=1' --out new
refuses "no more units to refine than rows" factor --form '*.U=svd:8:preview=2:refine=25' --out new
refuses "'h1.U' is [24, 24]; cp is for what has three dimensions" factor --form '*.U=cp:4' --out new
refuses "give a new or an empty folder" factor --form '*.U=svd:4' --out factors
refuses "nowhere/new" factor --form '*.U=svd:4' --out nowhere/new
refuses "a -D may have been forgotten" "$rnn" factor low.rnn --weights stack.safetensors
refuses "has no parameter" "$rnn" factor lm.rnn --weights stack.safetensors
refuses "missing.safetensors" "$rnn" factor stack.rnn --weights missing.safetensors
refuses "number 5 of 'Z' is not finite, so that it can have no form" "$rnn" factor part.rnn --weights nan.safetensors --form Z=int8 --out new
large() { # TYPE BYTES: whole.rnn's weights, in which number 5 is large
  head=$(printf '{"Z":{"dtype":"%s","shape":[2,8,8],"data_offsets":[0,%d]}}' "$1" $((128 * $2)))
  printf "\\$(printf %o ${#head})\0\0\0\0\0\0\0%s" "$head"
  head -c $((5 * $2)) /dev/zero
  printf "$3"
  head -c $((122 * $2)) /dev/zero
}
large F64 8 '\234\165\0\210\074\344\067\176' >1e300.safetensors
large F64 8 '\175\303\224\045\255\111\262\124' >1e100.safetensors
large F32 4 '\377\377\177\177' >largest.safetensors
refuses "number 5 of 'Z' is more than float can hold: compute in double (--double)" "$rnn" factor part.rnn --weights 1e300.safetensors \
  --form Z=int8 --out new
refuses "'Z' has numbers that are too large for int8: give it another storage" "$rnn" factor part.rnn --weights 1e100.safetensors \
  --double --form Z=int8 --out new
refuses "number 5 of 'Z' is too large for a form, as double cannot hold sums of squares of it" "$rnn" factor part.rnn \
  --weights 1e300.safetensors --double --form Z=cp:2 --out new
expect 0 "$rnn" factor part.rnn --weights largest.safetensors --form Z=int8 --out rounded
echo 1,2,3,4,5,6,7,8 >x.csv
expect 0 "$rnn" run part.rnn --weights nan.safetensors --form Z=f16 --input x=x.csv --output y.csv
refuses "parameter 'Z' has numbers that are not finite, which a storage of int8 cannot hold: give it another storage" "$rnn" run part.rnn \
  --weights nan.safetensors --form Z=int8 --input x=x.csv --output new.csv
refuses "can only be multiplied with a vector" "$rnn" factor whole.rnn --weights whole.safetensors --form Z=cp:2 --out new
misread() { # WORDS FORM
  expect 2 factor --form "$2" --out new
  says err "$1"
}
misread "unknown form 'svd': expected svd:RANK" '*.U=svd'
misread "a rank is a whole number from 1 on, not '0'" '*.U=svd:0'
misread "a rank is a whole number from 1 on, not '-3'" '*.U=svd:-3'
misread "unknown form 'pca:4': expected svd:RANK" '*.U=pca:4'
misread "unknown form 'f64': expected svd:RANK, cp:RANK, dense, f32, f16, bf16, int8 or auto" '*.U=svd:4,f64'
misread "one storage, not two" '*.U=f16,int8'
expect 2 "$rnn" factor stack.rnn
says err "--weights is missing"
expect 2 factor --form Z=cp:4
says err "--form needs --out"
expect 2 factor --out new
says err "say which with --form"
if [ -w /dev/full ] && [ "$(id -u)" = 0 ] && mkdir disk && mount -t tmpfs -o size=8k none disk 2>/dev/null; then
  refuses "disk/new" factor --form Z=cp:24 --out disk/new
  left=$(ls disk)
  umount disk
  [ ! "$left" ] || fail "files are left on a full disk: $left"
fi

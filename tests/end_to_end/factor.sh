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
factor() { "$rnn" factor stack.rnn --weights stack.safetensors "$@"; }
loss() { # of a program and its weights
  expect 0 "$rnn" eval "$1" --data text --weights "$2"
  sed -n 's/.*loss \([0-9.]*\).*/\1/p' out | head -1
}
near() { awk "BEGIN { d = $1 - $2; exit !((d < 0 ? -d : d) <= $3) }" || fail "$1 is not $2"; }

expect 0 "$rnn" train stack.rnn --data text --streams 4 --window 12 --rate 0.01 --epochs 8 --quiet --out stack.safetensors
if ! factor >out 2>err && grep -q liblapacke err; then
  cat err
  echo "skipped: there is no LAPACK here"
  exit 77
fi

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

# The factors go on learning.
expect 0 "$rnn" train factors/stack.rnn --data text --streams 4 --window 12 --rate 0.01 --epochs 2 --quiet --weights factors/weights.safetensors \
  --out more.safetensors
near "$(loss factors/stack.rnn more.safetensors)" "$dense" 0.1

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
refuses "needs NAME=svd:RANK" factor --form '*.U=svd' --out new
refuses "needs NAME=svd:RANK" factor --form '*.U=svd:0' --out new
refuses "needs NAME=svd:RANK" factor --form '*.U=pca:4' --out new
refuses "factors would have 576 numbers, and 'h1.U' has 576: take a smaller rank" factor --form '*.U=svd:12' --out new
refuses "'Z' is [3, 24, 24]; svd is for matrices" factor --form Z=svd:4 --out new
refuses "'h1.U' is [24, 24]; cp is for what has three dimensions" factor --form '*.U=cp:4' --out new
refuses "give a new or an empty folder" factor --form '*.U=svd:4' --out factors
refuses "nowhere/new" factor --form '*.U=svd:4' --out nowhere/new
refuses "a -D may have been forgotten" "$rnn" factor low.rnn --weights stack.safetensors
refuses "has no parameter" "$rnn" factor lm.rnn --weights stack.safetensors
refuses "missing.safetensors" "$rnn" factor stack.rnn --weights missing.safetensors
refuses "can only be multiplied with a vector" "$rnn" factor whole.rnn --weights whole.safetensors --form Z=cp:2 --out new
expect 2 "$rnn" factor stack.rnn
says err "--weights is missing"
expect 2 factor --form Z=cp:4
says err "--form needs --out"
expect 2 factor --out new
says err "say which with --form"
if [ -w /dev/full ] && [ "$(id -u)" = 0 ] && mkdir full && mount -t tmpfs -o size=8k none full 2>/dev/null; then
  refuses "full/new" factor --form Z=cp:24 --out full/new
  left=$(ls full)
  umount full
  [ ! "$left" ] || fail "files are left on a full disk: $left"
fi

#!/bin/sh
# `rnn factor --data`: forms found by predicted time and a metric of the result.
#   factor_search.sh RNN
set -eu
rnn=$1
. "$(dirname "$0")/training.sh"

cat >net.rnn <<'END'
cell Layer[n](x[m]) -> h[n] {
  param W[n, m], U[n, n], b[n] # the past
  h = tanh(W @ x + U @ h[t-1] + b)
}
model net {
  const V = 24, n = 96
  input x: index[V]
  param E[V, 4] ~ normal(0.3), Z[2, V, n], b[V]
  h1 = Layer[n](embed(E, x))
  h2 = Layer[n](h1)
  logits = Z[0] @ h1 + Z[1] @ h2 + b
  output p = softmax(logits)
  target y: index[V]
  loss cross_entropy(logits, y)
}
END
cat >curve.rnn <<'END'
model curve {
  input x
  target y
  param W[64], U[64, 64], V[64]
  h = tanh(W * x + U @ h[t-1])
  output z = V @ h
  loss mse(z, y)
}
END
cat >words.rnn <<'END'
model words {
  const V = 1500, n = 48
  input x: index[V]
  param E[V, 4] ~ normal(0.3), W[n, 4], U[n, n], O[V, n] # scores
  param b[V]
  h = tanh(W @ embed(E, x) + U @ h[t-1])
  scores = O @ h + b
  output p = softmax(scores)
  target y: index[V]
  loss cross_entropy(scores, y)
}
END
sed 's/model curve/model distance/; s/loss mse(z, y)/loss abs(z - y)/' curve.rnn >distance.rnn
{ echo x,y; awk 'BEGIN { for (i = 0; i < 200; i++) print sin(i / 5) "," sin(i / 5 + 1) }'; } >wave.csv
head -n 40 text >learned
head -n 20 text >held
data=held # by which each network of a search is judged
factor() { "$rnn" factor net.rnn --weights net.safetensors --data $data --threads 1 "$@"; }
loss() { # of a program and its weights
  expect 0 "$rnn" eval "$1" --data $data --weights "$2"
  sed -n 's/^loss \([0-9.]*\).*/\1/p' out
}

expect 0 "$rnn" train net.rnn --data text --streams 4 --window 12 --rate 0.01 --epochs 4 --quiet --out net.safetensors
needs_lapack "$rnn" factor net.rnn --weights net.safetensors
dense=$(loss net.rnn net.safetensors)

# Lower ranks within the tolerance, by the predicted time; the result is as good as it says.
expect 0 factor --metric loss --tolerance 0.05 --out found
cmp -s out found/report.txt || fail "the report in the folder is another one"
says out "taken"
[ "$(grep -c '<circle class="taken"' found/report.html)" -ge 2 ] || fail "the page does not show what was taken"
! grep -q http found/report.html || fail "the page needs others"
says out "measured:"
says out "h1.U is declared together with h2.U, and has the same form"
says out "E stays dense: it is too small"
grep -qE 'U\[n, n\] : svd\([0-9]*\)( [a-z]+[0-9]+)?, b\[n\] # the past' found/net.rnn || fail "U has no form: $(cat found/net.rnn)"
sed -E 's/ : (svd|cp)\([0-9]+\)//g; s/( :)? (f16|bf16|int8)//g' found/net.rnn | cmp - net.rnn || fail "the program has changed"
found=$(loss found/net.rnn found/weights.safetensors)
within "$found" "$dense" 0.0501
tried=$(sed -n 's/^ *[0-9.]* *\([0-9.]*\)  taken.*/\1/p' found/report.txt)
within "$found" "$tried" 0.0005
within "$tried" "$found" 0.0005

# With a tolerance that allows everything the smallest ranks are taken, of cp too.
expect 0 factor --metric bpc --tolerance 100 --out least
grep -q 'U\[n, n\] : svd(8)' least/net.rnn || fail "a larger rank was taken: $(cat least/net.rnn)"
grep -q 'Z\[2, V, n\] : cp(8)' least/net.rnn || fail "Z has no cp: $(cat least/net.rnn)"
expect 0 "$rnn" check least/net.rnn --weights least/weights.safetensors

# Where no rank is good enough, a storage is: next to nothing is lost, and a cycle reads fewer bytes.
data=text
dense=$(loss net.rnn net.safetensors)
expect 0 factor --metric loss --tolerance 0.0001 --out stored
grep -qE 'U\[n, n\] : (f16|bf16|int8), b\[n\]' stored/net.rnn || fail "U is not stored: $(cat stored/net.rnn stored/report.txt)"
grep -qE 'taken  h1.U (f16|bf16|int8)' stored/report.txt || fail "the report is of another one: $(cat stored/report.txt)"
[ "$(loss net.rnn stored/weights.safetensors)" = "$dense" ] || fail "the weights file does not have the full numbers"
within "$(loss stored/net.rnn stored/weights.safetensors)" "$dense" 0.0002
data=held

# Those that are read in every frame of a cycle come first.
sed -n '/Tried/,$p' least/report.txt | sed -n '5p' | grep -q 'h1.U svd' || fail "another one came first: $(cat least/report.txt)"

# Accuracy is better where it is larger; a tolerance of nothing at all.
accuracy() { expect 0 "$rnn" eval "$1" --data held --weights "$2"; sed -n 's/^accuracy of y: \([0-9.]*\) .*/\1/p' out; }
before=$(accuracy net.rnn net.safetensors)
expect 0 factor --metric accuracy --tolerance 0 --streams 4 --frames 10 --out same
grep -q "us a frame of 4 streams, 10 frames a call, 1 thread\|stays dense" out || fail "not a word about the call: $(cat out)"
within "$before" "$(accuracy same/net.rnn same/weights.safetensors)" 0.006

# The output of a large vocabulary: a preview, as accuracy is that of the inference network.
expect 0 "$rnn" train words.rnn --data learned --streams 4 --window 12 --rate 0.02 --epochs 2 --quiet --out words.safetensors
expect 0 "$rnn" factor words.rnn --weights words.safetensors --data held --threads 1 --metric accuracy --tolerance 3 --frames 1 --out previewed
preview=$(grep -oE '(taken|slower) .*O svd\([0-9]+, preview = [0-9]+, refine = [0-9]+\)' previewed/report.txt) ||
  fail "no preview was good: $(cat previewed/report.txt)"
case $preview in # as it is measured
  taken*) grep -qE 'O\[V, n\] : svd\([0-9]+, preview = .* # scores' previewed/words.rnn || fail "another one was written: $(cat previewed/words.rnn)" ;;
  *) ! grep -q preview previewed/words.rnn || fail "a preview was written that is slower: $(cat previewed/words.rnn)" ;;
esac
expect 0 "$rnn" eval words.rnn --data held --weights words.safetensors
before=$(sed -n 's/^accuracy of y: \([0-9.]*\) .*/\1/p' out)
expect 0 "$rnn" eval previewed/words.rnn --data held --weights previewed/weights.safetensors
after=$(sed -n 's/^accuracy of y: \([0-9.]*\) .*/\1/p' out)
within "$before" "$after" 3.006
tried=$(sed -n 's/^ *[0-9.]* *\([0-9.]*\)  taken.*/\1/p' previewed/report.txt)
within "$after" "$tried" 0.006
within "$tried" "$after" 0.006

# Where there is nothing to gain the network stays dense, and is written all the same.
expect 0 "$rnn" train lm.rnn --data text --streams 4 --window 12 --rate 0.01 --epochs 1 --quiet --out lm.safetensors
expect 0 "$rnn" factor lm.rnn --weights lm.safetensors --data text --metric loss --tolerance 1 --out dense
says out "the network stays dense"
cmp -s lm.rnn dense/lm.rnn || fail "the program has changed: $(cat dense/lm.rnn)"
expect 0 "$rnn" eval lm.rnn --data text --weights dense/weights.safetensors

# Series of numbers.
expect 0 "$rnn" train curve.rnn --data wave.csv --streams 1 --epochs 2 --quiet --out curve.safetensors
expect 0 "$rnn" factor curve.rnn --weights curve.safetensors --data wave.csv --metric mse --tolerance 10 --threads 1 --out wave
grep -q 'U\[64, 64\] : svd(8)' wave/curve.rnn || fail "U has no form: $(cat wave/curve.rnn)"

# In double, predictions are of double, and storages, which save nothing there, are not taken.
expect 0 "$rnn" factor curve.rnn --double --weights curve.safetensors --data wave.csv --metric mse --tolerance 10 --threads 1 --out double
predicted() { sed -n 's/.*predicted: dense \([0-9.]*\),.*/\1/p' "$1/report.txt"; }
awk "BEGIN { exit !($(predicted double) > $(predicted wave)) }" || fail "predicted are times of float: $(cat double/report.txt)"
! grep -qE 'f16|int8' double/curve.rnn || fail "a storage was taken: $(cat double/curve.rnn)"

# ---- errors, which leave nothing behind ----

mkdir temporary
export TMPDIR=$PWD/temporary
left() { ls temporary | grep -v '^cc' || true; } # but for what a C compiler leaves that has been killed
clean() { [ ! -e new ] && [ -z "$(ls -d new.* 2>/dev/null)" ] && [ -z "$(left)" ] || fail "files are left: $(ls -d new* temporary/* 2>/dev/null)"; }
refuses() { # STATUS WORDS ARGUMENT...
  status=$1 words=$2
  shift 2
  expect "$status" "$@"
  says err "$words"
  clean
}
curve() { "$rnn" factor curve.rnn --weights curve.safetensors --data wave.csv --tolerance 1 --out new "$@"; }
distance() { "$rnn" factor distance.rnn --weights curve.safetensors --data wave.csv --tolerance 1 --out new "$@"; }
refuses 1 "no target of this network is an id that an output predicts; take --metric loss" curve --metric accuracy
refuses 1 "bits are of networks whose targets are all ids; take --metric loss" curve --metric bpc
refuses 1 "a loss of this network is not mse(...); take --metric loss" distance --metric mse
refuses 1 "a loss of this network is not mse(...); take --metric loss" factor --metric mse --tolerance 1 --out new
refuses 1 "missing.csv" "$rnn" factor curve.rnn --weights curve.safetensors --data missing.csv --metric loss --tolerance 1 --out new
CC=false refuses 1 "give a new or an empty folder" factor --metric loss --tolerance 100 --out found
sed '/target/d; /loss/d' net.rnn >lossless.rnn
refuses 1 "there is no loss" "$rnn" factor lossless.rnn --weights net.safetensors --data text --metric loss --tolerance 1 --out new
refuses 2 "say by what, --metric loss, accuracy, bpc or mse" factor --tolerance 1 --out new
refuses 2 "--metric wants loss, accuracy, bpc or mse, not 'f1'" factor --metric f1 --tolerance 1 --out new
refuses 2 "say by how much the metric may be worse, as --tolerance 0.01" factor --metric loss --out new
refuses 2 "--data needs --out" factor --metric loss --tolerance 1
refuses 2 "--form gives the forms that --data would search for: leave one of them out" factor --form '*.U=svd:16' --metric loss --tolerance 1 --out new
refuses 2 "are for a search, which needs --data FILE" "$rnn" factor net.rnn --weights net.safetensors --tolerance 1
refuses 2 "are for a search, which needs --data FILE" "$rnn" factor net.rnn --weights net.safetensors --streams 4
TMPDIR=nowhere refuses 1 "TMPDIR names another place" factor --metric loss --tolerance 1 --out new

# A signal ends it, and nothing is left. The compiler sends it, as soon as there is something to compile.
printf '#!/bin/sh\nkill -TERM $PPID\nexec cc "$@"\n' >stopping
chmod +x stopping
status=0
CC=$PWD/stopping "$rnn" factor net.rnn --weights net.safetensors --data text --metric loss --tolerance 1 --out new >out 2>err || status=$?
[ $status = 143 ] || fail "the status is $status: $(cat err)"
says err "stopped by a signal; nothing has been written"
clean

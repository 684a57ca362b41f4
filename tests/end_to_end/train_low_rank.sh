#!/bin/sh
# `rnn train --low-rank-after`: factors in place of matrices in the middle of a training, which is the same training wherever it was
# interrupted.
#   train_low_rank.sh RNN [KILLS]
set -eu
rnn=$1
kills=${2:-4}
. "$(dirname "$0")/training.sh"

cat >low.rnn <<'END'
cell Layer[n](x[m]) -> h[n] {
  param W[n, m], U[n, n] ~ orthogonal, b[n]
  h = tanh(W @ x + U @ h[t-1] + b)
}
model low {
  const V = 24, n = 48
  input x: index[V]
  param E[V, 40] ~ normal(0.3), O[V, n], c[V]
  h1 = Layer[n](embed(E, x))
  h2 = Layer[n](dropout(h1, 0.1))
  logits = O @ h2 + c
  output p = softmax(logits)
  target y: index[V]
  loss cross_entropy(logits, y)
}
END
# low NAME ARGUMENTS...
low() {
  name=$1
  shift
  $launch "$rnn" train low.rnn --data text --streams 4 --window 12 --rate 0.01 --valid 0.1 --threads 1 --out "$name.safetensors" \
    --log "$name.csv" --checkpoint "$name.checkpoint" "$@"
}
set -f # patterns are for rnn
factors="--low-rank-after 2 --form *.U=svd:16"
if ! low whole $factors --epochs 5 >out 2>err; then
  grep -q liblapacke err || fail "$(cat err)"
  echo "skipped: there is no LAPACK here"
  exit 77
fi
cp out told

# ---- what it says and writes ----

says told "After epoch 2. "
says told "svd(16)"
says told "The program with forms is in 'whole.low_rank.rnn', the dense weights are in 'whole.dense.safetensors'"
sed 's/ : svd(16)//' whole.low_rank.rnn | cmp - low.rnn || fail "the program has changed: $(cat whole.low_rank.rnn)"
grep -q 'U\[n, n\] : svd(16) ~ orthogonal' whole.low_rank.rnn || fail "no form: $(cat whole.low_rank.rnn)"
[ "$(grep -c '^# after epoch 2, step [0-9]*: h[12].U svd(16), stable rank [0-9.]*, error 0\.[0-9]*$' whole.csv)" = 2 ] ||
  fail "the log: $(cat whole.csv)"

# Factors learn on: both losses end below those of the epoch before the conversion, and that of the factors as they are.
loss() { sed -n "s/^epoch $1.*: loss \([0-9.]*\).*/\1/p" told; }
validation() { sed -n "s/^epoch $1.*, validation \([0-9.]*\).*/\1/p" told; }
falls() { awk "BEGIN { exit !($2 < $1) }" || fail "the loss goes from $1 to $2: $(cat told)"; }
falls "$(loss 2)" "$(loss 5)"
falls "$(validation 2)" "$(validation 5)"
falls "$(sed -n 's/^validation: now \([0-9.]*\).*/\1/p' told)" "$(validation 5)"
grep -q '^best validation: .* in epoch [2-5], ' told || fail "the best of the factors: $(cat told)"
[ "$(tail -1 whole.csv | cut -d, -f6)" = 0.01 ] || fail "the rate has changed: $(tail -1 whole.csv)"

# Each program with its weights.
evaluate() { expect 0 "$rnn" eval "$1" --weights "$2" --data text --streams 4; }
evaluate low.rnn whole.dense.safetensors
says out "low: 11064 parameters; "
evaluate whole.low_rank.rnn whole.best.safetensors
evaluate whole.low_rank.rnn whole.safetensors
says out "low: 9528 parameters; "
says told "network: 9528 parameters instead of 11064"
expect 1 "$rnn" eval low.rnn --weights whole.safetensors --data text
says err "no tensor 'h1.U', 'h2.U', which 'low' needs; the file has factors of 'h1.U' of rank 16, for a program that declares them"
expect 1 "$rnn" eval whole.low_rank.rnn --weights whole.dense.safetensors --data text
says err "; the file has 'h1.U' itself, for the program without its factors"
expect 0 low again $factors --epochs 5 --quiet
[ ! -s out ] && [ ! -s err ] || fail "--quiet is not quiet: $(cat out err)"
same() { # as the one that was never interrupted
  for file in safetensors best.safetensors dense.safetensors low_rank.rnn; do
    cmp whole.$file "$1.$file"
  done
  [ "$(without_seconds whole.csv)" = "$(without_seconds "$1.csv")" ] || fail "$1: the log is another: $(cat "$1.csv")"
}
same again

# The program and the errors are those of `rnn factor`, of the dense weights.
expect 0 "$rnn" factor low.rnn --weights whole.dense.safetensors --form '*.U=svd:16' --out factors
cmp factors/low.rnn whole.low_rank.rnn
grep 'h[12].U .*svd(16)' out >expected
grep 'h[12].U .*svd(16)' told | cmp - expected

# ---- going on ----

# Within the dense epochs, between the last of them and the factors, and among these.
for epochs in 1 2; do
  expect 0 low early --epochs $epochs --quiet
  expect 0 low early $factors --epochs 5 --resume
  says err "going on with 'after epoch 2 *.U=svd:16' for factors, which was 'never' before"
  same early
  rm early.csv early.checkpoint early.safetensors
done
expect 0 low late $factors --epochs 3 --quiet
cp late.checkpoint kept
rm late.low_rank.rnn
expect 0 low late $factors --epochs 5 --resume --quiet
same late
refused() { words=$1; shift; cp kept late.checkpoint; expect 1 low late --resume --quiet "$@"; says err "$words"; }
refused "factors have taken the place of its matrices: give --low-rank-after" --epochs 5
refused "'after epoch 2 *.U=svd:16' for factors, this one 'after epoch 3 *.U=svd:16'" --epochs 5 --low-rank-after 3 --form '*.U=svd:16'
refused "for factors, this one 'after epoch 2'" --epochs 5 --low-rank-after 2
expect 0 low dense --epochs 3 --quiet
expect 1 low dense --epochs 9 --low-rank-after 2 --resume
says err "--low-rank-after 2: the training is in epoch 4 already, and dense"

# Kills at any moment.
done=0 random=$$
while [ "$done" -lt "$kills" ]; do
  { launch=exec; low killed $factors --epochs 5 --quiet --checkpoint-every 3 --resume; } >out 2>err &
  process=$!
  random=$(((random * 1103515245 + 12345) % 2147483648))
  sleep "0.$((random / 65536 % 80 + 10))"
  kill -9 $process 2>/dev/null || true
  status=0
  wait $process 2>/dev/null || status=$?
  [ $status = 137 ] || [ $status = 0 ] || fail "exit status $status: $(cat err)"
  done=$((done + 1))
done
expect 0 low killed $factors --epochs 5 --quiet --checkpoint-every 3 --resume
same killed

# A signal while it converts leaves the files of the dense network, whose checkpoint goes on: the C compiler takes its time.
cat >slow <<'END'
#!/bin/sh
case " $* " in
*" -E "* | *" --version "*) ;;
*) : >compiling && sleep 1 ;;
esac
exec cc "$@"
END
chmod +x slow
export XDG_CACHE_HOME=$work/cache
CC=$work/slow
export CC
expect 0 low stopped --epochs 2 --quiet
rm compiling
{ launch=exec; low stopped $factors --epochs 5 --quiet --resume; } >out 2>err &
process=$!
until [ -e compiling ] || ! kill -0 $process 2>/dev/null; do sleep 0.01; done
kill -TERM $process
status=0
wait $process || status=$?
[ $status = 143 ] && [ -e compiling ] || fail "exit status $status after SIGTERM: $(cat err)"
[ ! -e stopped.dense.safetensors ] || cmp stopped.dense.safetensors stopped.safetensors
unset XDG_CACHE_HOME CC
expect 0 "$rnn" eval low.rnn --weights stopped.safetensors --data text
expect 0 low stopped $factors --epochs 5 --quiet --resume
same stopped

# ---- ranks from stable ranks ----

# O learns few directions; E is looked up; what is square and orthogonal at first has no small rank yet.
expect 0 low ranks --low-rank-after 1 --epochs 2 --double
says out "stable rank"
says out "E stays dense: its rows are looked up, not multiplied"
says out "stays dense: factors of rank "
# Where none becomes smaller, the training is what it is without.
plain() { "$rnn" train lm.rnn --data text --streams 4 --window 12 --threads 1 --epochs 3 --out "$1.safetensors" --log "$1.csv" ${2:-}; }
expect 0 plain dense
expect 0 plain none "--low-rank-after 1 --checkpoint none.checkpoint"
says out "No matrix would become smaller: the network stays dense."
cmp dense.safetensors none.safetensors
[ ! -e none.low_rank.rnn ] && [ ! -e none.dense.safetensors ] || fail "files of no use: $(ls)"
says none.csv "no matrix would become smaller, the network stays dense"
expect 0 plain none "--low-rank-after 1 --checkpoint none.checkpoint --resume"
cmp dense.safetensors none.safetensors

# Storages alone are no factors: the training is what it is without them, interrupted or not.
stored="--low-rank-after 1 --form *=int8 --checkpoint stored.checkpoint --valid 0.1"
expect 0 plain stored "$stored"
says out "No matrix has factors: storages are for inference, and training goes on with full numbers, as it was."
says out "The program with storages is in 'stored.low_rank.rnn'; its weights are those of the program without."
silent() { ! grep -q "$2" "$1" || fail "$2: $(cat "$1")"; }
silent out "in place of matrices"
silent out "begin anew"
silent out "validation: now"
[ ! -e stored.dense.safetensors ] || fail "weights of no use: $(ls)"
grep -q ': int8' stored.low_rank.rnn || fail "no storage: $(cat stored.low_rank.rnn)"
expect 0 plain dense "--valid 0.1"
for part in "" .best; do
  cmp dense$part.safetensors stored$part.safetensors
  expect 0 "$rnn" eval stored.low_rank.rnn --weights stored$part.safetensors --data text
done
rm stored.checkpoint
expect 0 plain stored "$stored --epochs 2"
expect 0 plain stored "$stored --resume"
cmp dense.safetensors stored.safetensors

# ---- errors, before anything is trained ----

wrong() { # STATUS WORDS ARGUMENTS...
  status=$1 words=$2
  shift 2
  expect "$status" low bad "$@"
  says err "$words"
  [ ! -e bad.safetensors ] && [ ! -e bad.low_rank.rnn ] || fail "something was written: $(ls)"
}
wrong 2 "--low-rank-after 5 leaves none of 5 epochs for the factors" --epochs 5 --low-rank-after 5
wrong 2 "--low-rank-after needs a whole number" --low-rank-after 0
wrong 2 "which has to be a file" --low-rank-after 2 --out /dev/null
wrong 1 "no matrix without a form has that name; there are: 'E', 'O', 'h1.W'" --low-rank-after 2 --form '*.V=svd:16'
wrong 1 "take a smaller rank" --low-rank-after 2 --form '*.U=svd:24'
wrong 2 "unknown form 'svd'" --low-rank-after 2 --form '*.U=svd'
cp low.rnn other.low_rank.rnn
expect 2 "$rnn" train other.low_rank.rnn --data text --low-rank-after 1 --epochs 2 --out other.safetensors
says err "the program beside --out 'other.low_rank.rnn' would overwrite the program"
mkdir no_lapack
: >no_lapack/liblapacke.so.3
LD_LIBRARY_PATH=$work/no_lapack
export LD_LIBRARY_PATH
wrong 1 "apt-get install liblapacke" --low-rank-after 2

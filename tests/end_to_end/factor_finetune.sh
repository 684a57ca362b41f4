#!/bin/sh
# `rnn factor --finetune`: factors that are trained on before they are judged; and searches that go on from a checkpoint.
#   factor_finetune.sh RNN
set -eu
rnn=$1
. "$(dirname "$0")/training.sh"

cat >net.rnn <<'END'
model net {
  const V = 24, n = 96
  input x: index[V]
  param E[V, 4] ~ normal(0.3), W[n, 4], U[n, n], b[n], O[V, n], c[V]
  h = tanh(W @ embed(E, x) + U @ h[t-1] + b)
  logits = O @ h + c
  output p = softmax(logits)
  target y: index[V]
  loss cross_entropy(logits, y)
}
END
head -n 60 text >held
train="--train-data text --rate 0.002 --train-streams 4 --train-window 12"
factor() { $launch "$rnn" factor net.rnn --weights net.safetensors --data held --metric loss --threads 1 $train "$@"; }
loss() { # of a program and its weights
  expect 0 "$rnn" eval "$1" --data held --weights "$2"
  sed -n 's/^loss \([0-9.]*\).*/\1/p' out
}

expect 0 "$rnn" train net.rnn --data text --streams 4 --window 12 --rate 0.004 --epochs 1 --quiet --out net.safetensors
needs_lapack "$rnn" factor net.rnn --weights net.safetensors
dense=$(loss net.rnn net.safetensors)

# Nothing at all may be lost: without training no rank is good, with it the lowest is.
expect 0 "$rnn" factor net.rnn --weights net.safetensors --data held --metric loss --threads 1 --tolerance 0 --out without
! grep -q svd without/net.rnn || fail "a rank was taken: $(cat without/net.rnn)"
expect 0 factor --tolerance 0 --finetune 3 --checkpoint kept --out found
grep -q 'taken  U svd(8).*; after 3 epochs$' out || fail "another one was taken: $(cat out)"
says out "trained for 3 epochs, best after epoch"
grep -q "U\[n, n\] : svd(8)" found/net.rnn || fail "U has no form: $(cat found/net.rnn)"
found=$(loss found/net.rnn found/weights.safetensors)
within "$found" "$dense" 0
says found/report.txt "loss: dense $(printf %.3g "$dense")"
taken=$(sed -n 's/^ *[0-9.]* *\([0-9.]*\)  taken.*/\1/p' found/report.txt)
within "$taken" "$found" 0.0001
within "$found" "$taken" 0.0001

# It goes on as if it had never been interrupted, whatever had been done, and judges nothing again.
expect 0 factor --tolerance 0 --finetune 1 --checkpoint other --out first
cp other/tried.json before.json
# Under a launcher too: its trainings do not take part in what that has started.
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM
mpirun -n 1 true >out 2>err && launch="mpirun -n 1"
expect 0 factor --tolerance 0 --finetune 3 --checkpoint other --resume --out second
launch=
cmp found/net.rnn second/net.rnn || fail "the program is another one"
cmp found/weights.safetensors second/weights.safetensors || fail "weights are others than without an interruption"
cp kept/tried.json before.json
expect 0 factor --tolerance 0 --finetune 3 --checkpoint kept --resume --out third
cmp kept/tried.json before.json || fail "something was judged again"
cmp found/weights.safetensors third/weights.safetensors || fail "weights have changed"

# A signal ends it while it trains; everything is whole, and it goes on from there.
mkdir temporary
left() { ls temporary | grep -v '^cc' || true; } # but for what a C compiler leaves that has been killed
export TMPDIR=$PWD/temporary
launch=exec
factor --tolerance 0 --finetune 100000 --checkpoint stopped --out new >out 2>err &
process=$!
launch=
for i in $(seq 2000); do
  [ -z "$(ls stopped/*/last.safetensors 2>/dev/null)" ] || break
  sleep 0.05
done
kill -TERM $process
status=0
wait $process || status=$?
process=
[ $status = 143 ] || fail "the status is $status: $(cat err)"
says err "stopped by a signal; --resume goes on from here"
[ ! -e new ] && [ -z "$(left)" ] || fail "files are left: $(ls -d new temporary/*)"
expect 0 factor --tolerance 0 --finetune 3 --checkpoint stopped --resume --out new
within "$(loss new/net.rnn new/weights.safetensors)" "$dense" 0
[ -z "$(left)" ] || fail "files are left: $(ls temporary)"

# Without a checkpoint nothing is kept.
expect 0 factor --tolerance 0 --finetune 1 --out plain
[ -z "$(left)" ] || fail "files are left: $(ls temporary)"

# ---- errors ----

refuses() { # STATUS WORDS ARGUMENT...
  status=$1 words=$2
  shift 2
  expect "$status" "$@"
  says err "$words"
  [ ! -e never ] && [ -z "$(left)" ] || fail "files are left: $(ls -d never temporary/*)"
}
refuses 1 "there is something in it: give --resume, or a new folder" factor --tolerance 0 --finetune 1 --checkpoint kept --out never
refuses 1 "--checkpoint kept: it is of another search (metric)" factor --metric accuracy --tolerance 0 --finetune 1 \
  --checkpoint kept --resume --out never
refuses 1 "--checkpoint kept: it is of another search (data)" "$rnn" factor net.rnn --weights net.safetensors --data text --metric loss \
  --tolerance 0 --checkpoint kept --resume --out never
refuses 1 "there is no search in it, but something else" factor --tolerance 0 --finetune 1 --checkpoint temporary/.. --resume --out never
refuses 1 "--checkpoint nowhere/kept: No such file" factor --tolerance 0 --finetune 1 --checkpoint nowhere/kept --out never
sed '0,/"metric": [0-9][0-9.e-]*/s//"metric": "abc"/' kept/tried.json >stopped/tried.json
grep -q abc stopped/tried.json || fail "no metric to spoil: $(cat kept/tried.json)"
refuses 1 "wants a number or null as its \"metric\"" factor --tolerance 0 --finetune 1 --checkpoint stopped --resume --out never
printf '{"tried": 3}' >stopped/tried.json
refuses 1 "tried.json is not what rnn factor has written" factor --tolerance 0 --finetune 1 --checkpoint stopped --resume --out never
refuses 1 "missing.txt" factor --tolerance 0 --finetune 1 --train-data missing.txt --out never
refuses 2 "--resume needs --checkpoint FOLDER" factor --tolerance 0 --finetune 1 --resume --out never
train=
refuses 2 "--finetune learns: say from what, with --train-data FILE" factor --tolerance 0 --finetune 1 --out never
refuses 2 "are for --finetune EPOCHS" factor --tolerance 0 --rate 0.1 --out never
refuses 2 "which needs --data FILE" "$rnn" factor net.rnn --weights net.safetensors --checkpoint kept

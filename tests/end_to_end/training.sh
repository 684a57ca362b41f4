# For tests of trainings: `. training.sh` brings expect.sh along, a network lm.rnn, a text and `train`.
. "$(dirname "$0")/expect.sh"
process=
trap '[ -z "$process" ] || kill -9 $process 2>/dev/null || true; rm -rf "$work"' EXIT

cat >lm.rnn <<'END'
cell GRU[n](x[m]) -> h[n] {
  param W_r[n, m], W_z[n, m], W_n[n, m], U_r[n, n], U_z[n, n], U_n[n, n], b_r[n], b_z[n], b_n[n]
  r = sigmoid(W_r @ x + U_r @ h[t-1] + b_r)
  z = sigmoid(W_z @ x + U_z @ h[t-1] + b_z)
  k = tanh(W_n @ x + U_n @ (r * h[t-1]) + b_n)
  h = (1 - z) * h[t-1] + z * k
}
model lm {
  const V = 24, n = 8
  input x: index[V]
  param E[V, 4] ~ normal(0.3), W[V, n], b[V]
  h = GRU[n](embed(E, x))
  logits = W @ dropout(h, 0.1) + b
  output p = softmax(logits)
  target y: index[V]
  loss cross_entropy(logits, y)
}
END
awk 'BEGIN { for (i = 0; i < 120; i++) print "the dog and the cat sat on " (i % 3 ? "the mat" : "a big log") "," }' >text

# train NAME ARGUMENTS...: what all trainings here have in common. In the background it has to be the process itself that gets
# signals, not a shell that waits for it: launch=exec.
launch=
train() {
  name=$1
  shift
  $launch "$rnn" train lm.rnn --data text --streams 4 --window 12 --advance 8 --rate 0.01 --valid 0.1 --out "$name.safetensors" \
    --log "$name.csv" "$@"
}

# needs_lapack COMMAND...: skips the test where a command of rnn factor finds no LAPACK.
needs_lapack() {
  if ! "$@" >out 2>err && grep -q liblapacke err; then
    cat err
    echo "skipped: there is no LAPACK here"
    exit 77
  fi
}
within() { awk "BEGIN { exit !($1 <= $2 + $3) }" || fail "$1 is more than $2 + $3"; }
without_seconds() { cut -d, -f1-6 "$1"; }

#!/bin/sh
# How many bytes a step ranks send: a language model of two LSTMs with 650 units over 10,000 words, as W. Zaremba, I. Sutskever,
# O. Vinyals, Recurrent neural network regularization, 2014, train it.
#   ranks_bytes.sh RNN
set -eu
rnn=$1
. "$(dirname "$0")/expect.sh"
. "$(dirname "$0")/mpi.sh"

cat >words.rnn <<'END'
cell LSTM[n](x[m]) -> h[n] {
  param W[4*n, m], U[4*n, n], b[4*n]

  i, f, g, o = split(W @ x + U @ h[t-1] + b, 4)
  c = sigmoid(f) * c[t-1] + sigmoid(i) * tanh(g)
  h = sigmoid(o) * tanh(c)
}
model words {
  const V = 10000, n = 650
  input x: index[V]
  target y: index[V]
  param E[V, n] ~ uniform(0.05), W[V, n] ~ uniform(0.05), b[V]
  h1 = LSTM[n](embed(E, x))
  h2 = LSTM[n](h1)
  loss cross_entropy(W @ h2 + b, y)
}
END
echo x,y >words.csv
awk 'BEGIN { for (i = 0; i < 4; i++) print i * 977 "," (i + 1) * 977 }' >>words.csv

# bytes ARGUMENTS...: what a rank gives in a step, in $bytes; the mean of two steps.
bytes() {
  expect 0 ranks 2 "$rnn" train words.rnn --data words.csv --streams 2 --window 2 --epochs 2 --optimizer sgd --out words.safetensors "$@"
  bytes=$(sed -n 's/^2 ranks: each gave \([0-9]*\) bytes a step.*/\1/p' out)
  [ -n "$bytes" ] || fail "no bytes: $(cat out)"
}
# Four matrices of 2600 x 650 and two of 10,000 x 650, and biases; PowerSGD of rank 4 sends (n + m) * 4 numbers of each matrix.
matrices=$((4 * (4 * 2600 * 650 + 2 * 10000 * 650)))
rest=$((4 * (2 * 2600 + 10000)))

bytes
dense=$bytes
[ "$dense" -ge $((matrices + rest)) ] && [ "$dense" -le $((matrices + rest + 1000)) ] ||
  fail "dense gradients are $dense bytes a step, where the parameters have $((matrices + rest))"
bytes --compress powersgd:4 --compress-after 1
power=$((2 * bytes - dense))
[ $((matrices / (power - rest))) -ge 50 ] || fail "PowerSGD of rank 4 sends $((power - rest)) of $matrices bytes of matrices"
bytes --form '*.W=svd:64' --form '*.U=svd:64' --form 'E=svd:64' --form 'W=svd:64'
factors=$bytes
for less in $power $factors; do
  [ $((4 * less)) -le "$dense" ] || fail "$less bytes a step are not a quarter of $dense"
done
echo "bytes a step: dense $dense, factors of rank 64 $factors, PowerSGD of rank 4 $power"
echo "of matrices: dense $matrices, factors of rank 64 $((factors - rest)), PowerSGD of rank 4 $((power - rest))"

# shell: rnnc --train told.rnn | grep -o 'rnn_tell_part.*\|train_finished.*'
# shell: rnnc --train told.rnn -f threads=wavefront | grep -o 'rnn_tell_part.*\|train_finished.*'
# Gradients of large matrices are told of within regions of sums: of U in parts, since each gate has rows of its own; of V as a whole,
# since two sums add to it; and of W, whose halves lie beside each other. Sums that read nothing of their stage come before all else of it.
cat <<'END'
cell LSTM[n](x[m]) -> h[n] {
  param W[m, 4*n], U[4*n, n], b[4*n]
  i, f, g, o = split(transpose(W) @ x + U @ h[t-1] + b, 4)
  c = sigmoid(f) * c[t-1] + sigmoid(i) * tanh(g)
  h = sigmoid(o) * tanh(c)
}
model told {
  const n = 256
  input x[n]
  target y[n]
  param V[n, n]
  h1 = LSTM[n](x)
  h2 = LSTM[n](dropout(h1, 0.1))
  h3 = reversed[n](h2)
  output p = V @ tanh(V @ h3)
  loss mse(p, y)
}
cell reversed[n](x[m]) -> h[n] {
  param W[2*n, m]
  f, z = split(W @ x, 2)
  h = sigmoid(f) * h[t+1] + tanh(z)
}
END

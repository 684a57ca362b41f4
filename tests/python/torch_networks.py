"""Networks for the tests of rnnc.torch, and the same equations in PyTorch."""

import torch

# Initial states in, final states out, ids, layers with names, a value for the sequence.
TWO = """
cell Gated[n](x[m]) -> h[n] {
  param W[2*n, m] ~ normal(0.5), U[2*n, n] ~ normal(0.5), b[2*n]
  a = W @ x + U @ h[t-1] + b
  f = sigmoid(a[0:n])
  h = f * h[t-1] + (1 - f) * tanh(a[n:2*n])
}
model two {
  input x[3], word: index[5], h0[4] once
  param E[5, 2] ~ normal(1)
  first = Gated[4](concat(x, embed(E, word)))
  init first.h = h0
  second = Gated[3](first)
  output y = second
  output end = last(first)
}
"""
ELMAN = """
cell Elman[n = 5](x[m = 3]) -> h[n] {
  param W[n, m] ~ normal(0.5), U[n, n] ~ normal(0.5), b[n]
  h = tanh(W @ x + U @ h[t-1] + b)
}
"""
# The past of a state and of an input, of one frame and of two.
LATE = """
cell Late[n = 4](x[m = 3]) -> h[n] {
  param W[n, m] ~ normal(0.5), U[n, n] ~ normal(0.5), V[n, n] ~ normal(0.5), h0[n] = 0.25
  h = tanh(W @ (x - x[t-1]) + U @ h[t-1] + V @ h[t-2])
  init h = h0
}
"""
FRAMES, STREAMS = 6, 3


def gated(w, u, b, xs, h):
    n, hs = h.shape[1], []
    for x in xs:
        a = x @ w.T + h @ u.T + b
        f = torch.sigmoid(a[:, :n])
        h = f * h + (1 - f) * torch.tanh(a[:, n:])
        hs.append(h)
    return torch.stack(hs)


def two(p, x, word, h0):
    v = torch.cat([x, p["E"][word]], 2)
    first = gated(p["first.W"], p["first.U"], p["first.b"], v, h0)
    second = gated(p["second.W"], p["second.U"], p["second.b"], first, torch.zeros(x.shape[1], 3, dtype=x.dtype))
    return second, first[-1]

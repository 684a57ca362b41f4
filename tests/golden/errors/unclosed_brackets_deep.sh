# rnnc: -fsyntax-only
# 200000 brackets that are never closed, of both kinds, and an error behind them.
awk 'BEGIN {
  printf "cell A[n = 4](x[n]) -> h[n] {\n  a = "
  for (i = 0; i < 100000; i++) printf "(x["
  printf "\n  h = x + + y\n}\n"
}'

# rnnc: -fsyntax-only
# 200000 brackets, and an error behind them.
awk 'BEGIN {
  printf "cell A[n = 4](x[n]) -> h[n] {\n  a = "
  for (i = 0; i < 200000; i++) printf "("
  printf "x"
  for (i = 0; i < 200000; i++) printf ")"
  printf "\n  h = x + + y\n}\n"
}'

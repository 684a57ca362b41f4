# rnnc: -fsyntax-only
# Brackets of calls, signs and members without end.
awk 'BEGIN {
  printf "cell A[n = 4](x[n]) -> h[n] {\n  b = "
  for (i = 0; i < 5000; i++) printf "-"
  printf "x\n  c = x"
  for (i = 0; i < 5000; i++) printf ".y"
  printf "\n  h = tanh(\n}\n"
}'

# rnnc: -fsyntax-only
# A sum of too many terms, signs and members without end.
awk 'BEGIN {
  printf "cell A[n = 4](x[n]) -> h[n] {\n  a = x"
  for (i = 0; i < 5000; i++) printf " + x"
  printf "\n  b = "
  for (i = 0; i < 5000; i++) printf "-"
  printf "x\n  c = x"
  for (i = 0; i < 5000; i++) printf ".y"
  printf "\n  h = tanh(\n}\n"
}'

# rnnc: -fsyntax-only
# Of a long line only what stands around the caret is shown.
awk 'BEGIN {
  printf "cell A[n = 4](x[n]) -> h[n] {\n  h = x"
  for (i = 0; i < 100; i++) printf " + x"
  printf " + y"
  for (i = 0; i < 100; i++) printf " + x"
  printf "\n}\n"
}'

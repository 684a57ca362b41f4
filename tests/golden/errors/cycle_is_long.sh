# rnnc: -fsyntax-only
# Of a path of 60 names the first 20 are printed.
awk 'BEGIN {
  print "cell A[n = 4](x[n]) -> h[n] {"
  for (i = 0; i < 60; i++) printf "  v%d = v%d + x\n", i, (i + 1) % 60
  print "  h = v0\n}"
}'

# rnnc: -fsyntax-only
awk 'BEGIN {
  print "cell C0[n](x[n]) -> h[n] {\n  h = tanh(x)\n}"
  for (i = 1; i <= 300; i++)
    printf "cell C%d[n](x[n]) -> h[n] {\n  h = C%d[n](x)\n}\n", i, i - 1
  print "model m {\n  input x[4]\n  output y = C300[4](x)\n}"
}'

# rnnc: -fsyntax-only
# Instances of instances, each twice: 2^20 values.
awk 'BEGIN {
  print "cell C0[n](x[n]) -> h[n] {\n  h = tanh(x)\n}"
  for (i = 1; i <= 20; i++)
    printf "cell C%d[n](x[n]) -> h[n] {\n  a = C%d[n](x)\n  h = C%d[n](a)\n}\n", i, i - 1, i - 1
  print "model m {\n  input x[4]\n  output y = C20[4](x)\n}"
}'

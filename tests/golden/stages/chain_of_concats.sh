# shell: ulimit -t 10; rnnc chain_of_concats.rnn -o net.c && echo compiled
# Parts of concats of parts: every one is read where it came from, in time that grows with the program and not with its square.
awk 'BEGIN {
  n = 3000
  printf "model m {\n  input x[%d]\n  v0 = tanh(x)\n", n
  for (i = 1; i <= n; i++)
    printf "  v%d = concat(v%d[1:], v%d[0])\n", i, i - 1, i - 1
  printf "  output y = v%d\n}\n", n
}'

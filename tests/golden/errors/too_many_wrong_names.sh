# shell: ulimit -t 10; rnnc -fsyntax-only --error-limit=2 too_many_wrong_names.rnn
# Twelve thousand names that are not there, beside as many that are: hints are looked for as long as that takes no time.
awk 'BEGIN {
  print "model m {\n  input x[4]"
  for (i = 0; i < 12000; i++)
    printf "  value%d = x + valve%d\n", i, i
  print "  output y = x\n}"
}'

# rnnc: -fsyntax-only
# rnnc: -fsyntax-only --error-limit=1
# shell: rnnc -fsyntax-only --error-limit=0 many_errors.rnn 2>&1 | grep -c error:
echo 'cell A[n = 4](x[n]) -> h[n] {'
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
  echo "  a$i = unknown_$i"
done
echo '  h = x'
echo '}'

# rnnc: -fsyntax-only
# rnnc: -fsyntax-only -fdiagnostics-format=json
# Control characters, a byte of no character, characters of other alphabets; in a comment all of them are allowed.
printf '# \001 \377 \303\251\n'
printf 'cell A[n = 4](x[n]) -> h[n] {\n'
printf '  a = x \001 1\n'
printf '  b = x + \377\n'
printf '  c = \317\203(x)\n'
printf '  d = x \000 y\n'
printf '  h = tanh(x) \342\200\224 1\n'
printf '}\n'

# rnnc: -fsyntax-only
# rnnc: -fsyntax-only -fdiagnostics-format=json
printf ''

# rnnc: -fsyntax-only
printf '{{'

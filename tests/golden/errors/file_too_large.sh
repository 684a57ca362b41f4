# rnnc: -fsyntax-only
# 17 MiB of comments.
head -c 17825792 /dev/zero | tr '\0' '#'

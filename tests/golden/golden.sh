#!/bin/sh
# One golden test: NAME.rnn is given to rnnc with the arguments of its first lines, and what comes out must be what stands in
# NAME.expected.
#   golden.sh RNNC NAME.rnn             compares; exit 1 and a diff where they differ
#   golden.sh --update RNNC NAME.rnn    writes NAME.expected
#
# The arguments are comments at the top of the file, one run for each: `# rnnc: --dump-after=parse -fsyntax-only`. Expected are
# the command, standard output, standard error and the exit status of each run, in this order.
set -eu

update=
if [ "$1" = --update ]; then
  update=yes
  shift
fi
PATH=$(dirname "$1"):$PATH   # so that messages name the program `rnnc`, wherever it was built
file=$2
name=$(basename "$file" .rnn)
cd "$(dirname "$file")"

actual=$(mktemp)
errors=$(mktemp)
trap 'rm -f "$actual" "$errors"' EXIT

runs=$(sed -n '/^# rnnc:/!q; s/^# rnnc: *//p' "$name.rnn")
[ -n "$runs" ] || { echo "$file: the first line is not \`# rnnc: ARGUMENTS\`" >&2; exit 2; }

printf '%s\n' "$runs" | while IFS= read -r arguments; do
  status=0
  echo "\$ rnnc $arguments $name.rnn"
  # The arguments are words without blanks or quotes.
  rnnc $arguments "$name.rnn" 2>"$errors" </dev/null || status=$?
  cat "$errors"
  echo "exit $status"
done >"$actual"

if [ -n "$update" ]; then
  cmp -s "$actual" "$name.expected" || { cp "$actual" "$name.expected"; echo "updated $name.expected"; }
else
  diff -u "$name.expected" "$actual" || {
    echo "$file: differs from what is expected; if that is right, run scripts/update-golden.sh" >&2
    exit 1
  }
fi

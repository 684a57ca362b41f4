#!/bin/sh
# One golden test: a program, NAME.rnn, and what rnnc says to it, NAME.expected.
#   golden.sh RNNC FILE             compares; exit 1 and a diff where they differ
#   golden.sh --update RNNC FILE    writes NAME.expected
#
# FILE is NAME.rnn, or NAME.sh, which prints the program: one too long to keep, or with bytes that editors do not like.
# Comments at the top of FILE say what is run, in a folder that holds nothing but the program, and what is in the folder
# NAME.files beside it where there is one, as files to import:
#   # rnnc: --dump-after=parse -fsyntax-only       rnnc with these arguments and NAME.rnn behind them
#   # shell: rnnc - <NAME.rnn | head -1            any command
# Expected are the command, standard output, standard error and the exit status of each, in this order.
set -eu

update=
if [ "$1" = --update ]; then
  update=yes
  shift
fi
PATH=$(cd "$(dirname "$1")" && pwd):$PATH   # so that messages name the program `rnnc`, wherever it was built
folder=$(cd "$(dirname "$2")" && pwd)
file=$folder/$(basename "$2")
name=$(basename "$file" .sh)
name=$(basename "$name" .rnn)
expected=$folder/$name.expected

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir "$work/here"
cd "$work/here"
case $file in
  *.sh) sh "$file" >"$name.rnn" ;;
  *) cp "$file" "$name.rnn" ;;
esac

[ ! -d "$folder/$name.files" ] || cp -R "$folder/$name.files/." .

sed -n -e "s/^# rnnc: *\(.*\)/rnnc \1 $name.rnn/p; t" -e 's/^# shell: *//p; t' -e q "$file" >../runs
[ -s ../runs ] || { echo "$file: the first line is not \`# rnnc: ARGUMENTS\`" >&2; exit 2; }

while IFS= read -r run; do
  status=0
  echo "\$ $run"
  (eval "$run") >../output 2>../errors </dev/null || status=$?
  cat ../output ../errors
  echo "exit $status"
done <../runs >../actual

if [ -n "$update" ]; then
  cmp -s ../actual "$expected" || { cp ../actual "$expected"; echo "updated $name.expected"; }
else
  diff -u "$expected" ../actual || {
    echo "$file: differs from what is expected; if that is right, run scripts/update-golden.sh" >&2
    exit 1
  }
fi

#!/bin/sh
# rnnc's manners: exit statuses, standard input and output, and no file where there was an error.
#   command_line.sh RNNC ROOT
set -eu
rnnc=$1
root=$2
. "$(dirname "$0")/expect.sh"

# nothing_but NAMES: the folder holds these files and no other.
nothing_but() {
  rm -f out err
  [ "$(ls -A | tr '\n' ' ')" = "$*" ] || fail "the folder holds: $(ls -A | tr '\n' ' ')"
}

lstm=$root/examples/lstm/lstm.rnn
expect 0 "$rnnc" "$lstm" -o lstm.c
[ ! -s err ] || fail "rnnc is not quiet: $(cat err)"
nothing_but "lstm.c "

expect 0 "$rnnc" "$lstm" -o -
cmp out lstm.c
expect 0 "$rnnc" -fsyntax-only "$lstm"
[ ! -s out ] || fail "-fsyntax-only writes: $(cat out)"
"$rnnc" -fsyntax-only - <"$lstm"
expect 0 "$rnnc" --help
expect 0 "$rnnc" --version

cp "$lstm" kept.rnn
expect 2 "$rnnc" kept.rnn -o ./kept.rnn
grep -q "would overwrite the program 'kept.rnn'" err || fail "unexpected message: $(cat err)"
cmp "$lstm" kept.rnn
expect 0 "$rnnc" --emit=source kept.rnn -o kept.rnn
rm kept.rnn

printf 'cell A[n = 4](x[n]) -> h[n] {\n  h = tanh(x + y)\n}\n' >wrong.rnn
expect 1 "$rnnc" wrong.rnn -o wrong.c --header=wrong.h
grep -q '^wrong.rnn:2:16: error: ' err || fail "unexpected message: $(cat err)"
cp lstm.c before.c
expect 1 "$rnnc" wrong.rnn -o lstm.c
cmp before.c lstm.c
expect 2 "$rnnc"
expect 2 "$rnnc" --no-such-option "$lstm"
expect 2 "$rnnc" "$lstm" -D n=x -o x.c
[ -s err ] || fail "a wrong command line is refused without a word"
nothing_but "before.c lstm.c wrong.rnn "

# An output that cannot be written is an error that leaves nothing behind.
status=0
"$rnnc" "$lstm" -o no_such_folder/lstm.c 2>err || status=$?
[ "$status" != 0 ] && [ -s err ] || fail "writing into a folder that is not there: exit status $status"
status=0
"$rnnc" "$lstm" -o - >/dev/full 2>err || status=$?
[ "$status" != 0 ] && [ -s err ] || fail "writing to a full disk: exit status $status"
nothing_but "before.c lstm.c wrong.rnn "

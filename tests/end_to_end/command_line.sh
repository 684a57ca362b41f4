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
expect 0 "$rnnc" --time-stages -fsyntax-only "$lstm"
grep -qx 'resolve-names  *[0-9]*\.[0-9]* ms' err || fail "--time-stages says: $(cat err)"
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
# Two results, or a result and the program, are never one file, whatever its name looks like.
expect 2 "$rnnc" "$lstm" -o both.c --header=./both.c
says err "-o and --header name the same file"
expect 2 "$rnnc" "$lstm" -o both.c -MD -MF ./both.c
says err "-o and -MF name the same file"
expect 2 "$rnnc" "$lstm" -o x.c --header='a"b.h'
says err "'a\"b.h' cannot be included"
expect 2 "$rnnc" "$lstm" -o x.c --header='a\b.h'
expect 2 "$rnnc" "$lstm" -o x.c --header='a
b.h'
expect 2 "$rnnc" "$lstm" -o x.c --header=-
expect 2 "$rnnc"
expect 2 "$rnnc" --no-such-option "$lstm"
expect 2 "$rnnc" "$lstm" -D n=1x -o x.c
[ -s err ] || fail "a wrong command line is refused without a word"
nothing_but "before.c lstm.c wrong.rnn "

# An output that cannot be written is an error that leaves nothing behind.
status=0
"$rnnc" "$lstm" -o no_such_folder/lstm.c 2>err || status=$?
[ "$status" != 0 ] && [ -s err ] || fail "writing into a folder that is not there: exit status $status"
status=0
"$rnnc" "$lstm" -o - >/dev/full 2>err || status=$?
[ "$status" != 0 ] && [ -s err ] || fail "writing to a full disk: exit status $status"
[ "$(wc -l <err)" = 1 ] || fail "a full disk is told twice: $(cat err)"
for arguments in "--help" "--emit=explain $lstm"; do
  status=0
  "$rnnc" $arguments >/dev/full 2>err || status=$?
  [ "$status" = 1 ] || fail "rnnc $arguments >/dev/full: exit status $status"
  says err "cannot write to standard output: No space left on device"
done
status=0
"$rnnc" "$lstm" >&- 2>err || status=$?
[ "$status" = 1 ] || fail "rnnc with a closed standard output: exit status $status"
says err "cannot write to standard output: Bad file descriptor"
# Files do not take the place of standard streams that are closed.
"$rnnc" "$lstm" -o closed.c <&- >&- 2>&-
cmp lstm.c closed.c

# Results are whole or not at all: where there is no room for one of them, in a folder that may not be written, after a signal.
cp lstm.c kept.c
status=0
(trap '' XFSZ; ulimit -f 8; exec "$rnnc" "$lstm" -o lstm.c --header=lstm.h) 2>err || status=$?
[ "$status" = 1 ] || fail "no room for a result: exit status $status"
says err "cannot write 'lstm.c': File too large"
cmp lstm.c kept.c
mkdir closed
cp lstm.c closed
chmod 555 closed
nobody=
[ "$(id -u)" != 0 ] || nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
chmod 755 .
if $nobody "$rnnc" --version >/dev/null 2>&1; then
  expect 1 $nobody "$rnnc" "$lstm" -D n=8 -o closed/lstm.c --header=closed/lstm.h
  says err "cannot write 'closed/lstm.c': Permission denied"
  cmp closed/lstm.c kept.c
  [ "$(ls -A closed)" = lstm.c ] || fail "a folder that may not be written holds: $(ls -A closed)"
else
  echo "command_line.sh: nobody may run $rnnc here: folders that may not be written are not tried"
fi
chmod 755 closed
rm -r closed
if strace -o /dev/null true 2>/dev/null; then
  for signal in INT TERM KILL; do # while the second result is made
    status=0
    strace -o /dev/null -e trace=fsync -e inject=fsync:signal=$signal:when=2 "$rnnc" "$lstm" -D n=8 -o lstm.c --header=lstm.h 2>err || status=$?
    [ "$status" -gt 128 ] || fail "SIG$signal does not end rnnc: exit status $status"
    cmp lstm.c kept.c
  done
else
  echo "command_line.sh: strace cannot trace here: signals are not tried"
fi
rm kept.c
nothing_but "before.c closed.c lstm.c wrong.rnn "

# Special files are written to, and stay what they are; a pipe without a reader is refused at once.
expect 0 "$rnnc" "$lstm" -o /dev/null
[ -c /dev/null ] || fail "/dev/null is no device any more"
expect 1 "$rnnc" "$lstm" -o /dev/full
mkfifo pipe
expect 1 timeout 20 "$rnnc" "$lstm" -o pipe
says err "cannot write 'pipe': it is a pipe or socket that nobody reads from"
cat pipe >got &
reader=$!
tries=0
until "$rnnc" "$lstm" -o pipe 2>err; do # the reader may not be there yet
  [ $((tries += 1)) -lt 100 ] || { kill $reader; fail "nothing goes into a pipe with a reader: $(cat err)"; }
  sleep 0.1
done
wait $reader
cmp lstm.c got
[ -p pipe ] || fail "the pipe is none any more"
rm pipe got closed.c
"$rnnc" "$lstm" -o /dev/stdout | cmp - lstm.c
"$rnnc" "$lstm" -o /dev/stdout >there.c
cmp lstm.c there.c
rm there.c
[ -L /dev/stdout ] || fail "/dev/stdout is no link any more"
nothing_but "before.c lstm.c wrong.rnn "

# Rules for make. The weights that are embedded are among what the C is made from.
rm -f ./*
cp "$root/tests/packaging/consumer/elman.rnn" "a #1.rnn"
expect 0 "$rnnc" -MD "a #1.rnn" -o 'out$.c'
[ "$(cat 'out$.d')" = 'out$$.c: a\ \#1.rnn' ] || fail "-MD writes: $(cat 'out$.d')"
"$rnnc" -MFrule -MT 'all these' -MP - -o out.c <"a #1.rnn"
[ "$(cat rule)" = 'all these:' ] || fail "-MF writes: $(cat rule)"
expect 2 "$rnnc" -MD "a #1.rnn"
says err "-M goes with --emit=c and -o FILE"
expect 2 "$rnnc" -MX "a #1.rnn"
says err "unknown option -MX"
expect 2 "$rnnc" "a #1.rnn" -MF
says err "-MF wants a file"

# Weights that do not fit leave no file behind.
rm -f ./*
cp "$root/tests/packaging/consumer/elman.rnn" elman.rnn
expect 1 "$rnnc" elman.rnn --embed=none.safetensors -o elman.c
says err "none.safetensors"
header='{"W":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"U":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}'
# weights B: the bias's four bytes, in octal
weights() { printf "\\$(printf %o ${#header})\\0\\0\\0\\0\\0\\0\\0%s\\0\\0\\0\\077\\0\\0\\200\\276$1" "$header" >w.safetensors; }
weights '\0\0\200\077'
expect 0 "$rnnc" elman.rnn -D n=1 --embed=w.safetensors -o elman.c -MD -MP
says elman.c "/* U */ {
        -0.25}"
[ "$(cat elman.d)" = 'elman.c: elman.rnn w.safetensors

w.safetensors:' ] || fail "-MP writes: $(cat elman.d)"
echo '*=f16' >half.plan
echo '*=int8' >bytes.plan
expect 0 "$rnnc" elman.rnn -D n=1 --forms=half.plan --variants=@bytes.plan,dense -o forms.c -MD
[ "$(cat forms.d)" = 'forms.c: elman.rnn half.plan bytes.plan' ] || fail "-MD leaves out plans: $(cat forms.d)"
rm half.plan bytes.plan forms.c forms.d
grep -q 'elman_load\|elman_save' elman.c && fail "a network with its weights reads and writes files"
weights '\315\314\314\075' # 0.1, as float
expect 0 "$rnnc" elman.rnn -D n=1 --embed=w.safetensors -o elman.c
for compiler in gcc clang; do # even a project that wants to see each conversion
  command -v "$compiler" >/dev/null || continue
  "$compiler" -Wall -Wextra -Wconversion -Wfloat-conversion -Werror -fsyntax-only -I"$root/runtime/include" elman.c
done
expect 1 "$rnnc" elman.rnn -D n=2 --embed=w.safetensors -o other.c
says err "tensor 'W' is [1, 1] but 'Elman' needs [2, 2]"
whole=$header
header=$(echo "$header" | sed 's/"b":/"spare":/; s/}}$/},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}/')
weights '\0\0\200\077\0\0\200\077'
for option in --embed "--freestanding --plain-c --weights"; do
  expect 0 "$rnnc" elman.rnn -D n=1 $option=w.safetensors -o elman.c
  says err "rnnc: not used, as 'Elman' has no parameter of the name: 'spare' in 'w.safetensors'"
done
header=$whole
weights '\0\0\200\077'
expect 0 "$rnnc" elman.rnn -D n=1 --embed=w.safetensors -o elman.c
[ ! -s err ] || fail "rnnc speaks of weights that all fit: $(cat err)"
weights '\0\0\200\177'
expect 1 "$rnnc" elman.rnn -D n=1 --embed=w.safetensors -o other.c
says err "element 0 of tensor 'b' is inf, which cannot be a constant of C"
expect 2 "$rnnc" elman.rnn -D n=1 --embed=w.safetensors -o ./w.safetensors
says err "would overwrite the weights"
expect 2 "$rnnc" elman.rnn -D n=1 --embed=w.safetensors --emit=explain -o -
nothing_but "elman.c elman.d elman.rnn w.safetensors "

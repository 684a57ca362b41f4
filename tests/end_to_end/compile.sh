#!/bin/sh
# `rnn compile`, and how all commands of rnn compile networks: help, the cache, compilers of C that fail or are interrupted.
#   compile.sh RNN
set -eu
rnn=$1
. "$(dirname "$0")/expect.sh"

cat >scores.rnn <<'END'
model scores {
  input x[3]
  output y = x
  output last = sum(last(x))
}
END
printf '1,2,3\n4,5,6\n' >x.csv

# Help is of the command that was asked for.
expect 0 "$rnn" --help
says out "  run      run a network on data from files, or let it write text"
says out "  check    compare the compiled network with the reference interpreter"
for command in run train eval check compile; do
  expect 0 "$rnn" $command --help
  [ "$(head -1 out)" = "Usage: rnn $command [OPTION...] FILE.rnn" ] || fail "rnn $command --help: $(head -1 out)"
  says out "Exit status: 0 "
done
expect 0 "$rnn" train --help
says out "  cosine     down to \`least\` in \`period\` steps along half a cosine"
expect 2 "$rnn"
says err "which command?"
expect 2 "$rnn" walk
says err "there is no command 'walk'; there are run, train, eval, check, compile, import, factor, bench and tune"

# A library of the cache, made once.
printf 'cell Sum(x) -> y { y = x + y[t-1] }\n' >sum.rnn
expect 0 "$rnn" compile sum.rnn
cp out library
[ -s "$(cat library)" ] || fail "rnn compile prints: $(cat library)"
touch -d 2000-01-01 "$(cat library)"
expect 0 "$rnn" compile sum.rnn
cmp out library
[ "$(date -r "$(cat library)" +%Y)" = 2000 ] || fail "compiled again though nothing has changed"
expect 0 "$rnn" compile --vjp sum.rnn
cmp -s out library && fail "with gradients the library is the same"
expect 1 "$rnn" compile no_such.rnn
[ ! -s out ] || fail "a library of no program: $(cat out)"
status=0
"$rnn" compile sum.rnn >/dev/full 2>err || status=$?
[ "$status" = 1 ] || fail "rnn compile >/dev/full: exit status $status"

# A cache that cannot be made.
mkdir cached
echo >cached/rnnc
for folder in "$work/x.csv" "$work/cached"; do
  expect 1 env XDG_CACHE_HOME="$folder" "$rnn" run scores.rnn --input x.csv --output y=y.csv
  [ "$folder" = "$work/cached" ] && says err "compiled networks are not kept in '$folder/rnnc': it is no folder" ||
    says err "cannot make the folder '$folder/rnnc' for compiled networks: Not a directory; set XDG_CACHE_HOME"
done

# A library that the compiler makes may be of no use.
cat >bad_cc <<'END'
#!/bin/sh
case "$*" in *-shared*) while [ "$1" != -o ]; do shift; done; echo nothing >"$2" ;; *) exec cc "$@" ;; esac
END
expect 1 env CC="sh $work/bad_cc" XDG_CACHE_HOME="$work/bad" "$rnn" run scores.rnn --input x.csv --output y=y.csv
says err "cannot use the compiled network: "
expect 1 env CC=true XDG_CACHE_HOME="$work/bad" "$rnn" run scores.rnn --input x.csv --output y=y.csv
says err "'true' made no file: networks are compiled by the C compiler that the variable CC names, or else by cc"

expect 1 env CFLAGS="-O0 -DRNN_REAL_DOUBLE" XDG_CACHE_HOME="$work/bad" "$rnn" run scores.rnn --input x.csv --output y=y.csv
says err "the compiled network has numbers of 8 bytes instead of 4: --double is what sets them, not CFLAGS"

# A terminal shows that it works.
cat >lazy_cc <<'END'
#!/bin/sh
case "$*" in *-shared*) sleep 3 ;; esac
exec cc "$@"
END
if command -v script >/dev/null; then
  CFLAGS="" CC="sh $work/lazy_cc" XDG_CACHE_HOME="$work/lazy" \
    script -qec "'$rnn' run scores.rnn --input x.csv --output y=y.csv --output last=last.csv" /dev/null </dev/null >shown
  grep -q 'compiling the network with sh (sooner with CFLAGS=-O1), [23] s' shown || fail "on a terminal: $(cat shown)"
fi

# The compiler of a network is interrupted with it, and leaves nothing.
cat >slow_cc <<'END'
#!/bin/sh
case "$*" in *-shared*) echo >started; exec sleep 60 ;; *) exec cc "$@" ;; esac
END
for signal in 1 2 15; do
  rm -f started
  env --default-signal=INT CC="sh $work/slow_cc" XDG_CACHE_HOME="$work/interrupted" \
    "$rnn" run scores.rnn --input x.csv --output y=y.csv >out 2>err &
  process=$!
  until [ -e started ]; do sleep 0.05; done
  kill -$signal $process
  status=0
  wait $process || status=$?
  [ "$status" = $((128 + signal)) ] || fail "signal $signal while a network is compiled: exit status $status"
  [ -z "$(ls -A interrupted/rnnc)" ] || fail "signal $signal leaves in the cache: $(ls -A interrupted/rnnc)"
done

#!/bin/sh
# Messages have colours on a terminal, elsewhere only where they are asked for.
#   terminal.sh RNNC
set -eu
rnnc=$1
command -v script >/dev/null || exit 77   # of bsdutils: runs a command on a terminal of its own
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf 'cell A[n = 4](x[n]) -> h[n] {\n  h = x + y\n}\n' >wrong.rnn
escape=$(printf '\033[')

fail() { echo "terminal: $*" >&2; exit 1; }

on_terminal() { script -qec "'$rnnc' -fsyntax-only $* wrong.rnn" /dev/null </dev/null; }
elsewhere() { "$rnnc" -fsyntax-only "$@" wrong.rnn 2>&1 || true; }

on_terminal | grep -qF "${escape}1;31m" || fail "no colour on a terminal"
on_terminal -fdiagnostics-color=auto | grep -qF "${escape}1;31m" || fail "auto: no colour on a terminal"
! on_terminal -fdiagnostics-color=never | grep -qF "$escape" || fail "never: colour on a terminal"
! elsewhere | grep -qF "$escape" || fail "colour where there is no terminal"
! elsewhere -fdiagnostics-color=auto | grep -qF "$escape" || fail "auto: colour where there is no terminal"
elsewhere -fdiagnostics-color=always | grep -qF "${escape}1;31m" || fail "always: no colour"
! elsewhere -fno-diagnostics-color | grep -qF "$escape" || fail "no-diagnostics-color: colour"
elsewhere -fdiagnostics-color | grep -qF "${escape}1;31m" || fail "-fdiagnostics-color: no colour"

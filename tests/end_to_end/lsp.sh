#!/bin/sh
# Talks to the language server as an editor does: tests/lsp/NAME.jsonl has messages, a line each, and NAME.expected what comes back.
#   sh lsp.sh RNNC [--update]
# @FOLDER@ stands for a folder in which own.rnn and broken.rnn lie.
set -eu
rnnc=$1
sessions=$(cd "$(dirname "$0")/../lsp" && pwd)
work=$(cd "$(mktemp -d)" && pwd -P)
trap 'rm -rf "$work"' EXIT
status=0
fail() {
  echo "lsp: $*" >&2
  status=1
}

printf 'cell Sum[n](x[m]) -> s[n] {\n  param W[n, m]\n  s = s[t-1] + W @ x\n}\n' >"$work/own.rnn"
printf 'cell Broken(x[3]) -> y[3] {\n  y = x +\n}\n' >"$work/broken.rnn"

# speak < messages: prints the answers, a line each.
speak() { "$rnnc" --lsp | tr -d '\r' | sed 's/Content-Length: [0-9]*$//' | grep .; }
frame() { LC_ALL=C awk '{ printf "Content-Length: %d\r\n\r\n%s", length($0), $0 }'; }

for session in "$sessions"/*.jsonl; do
  name=${session%.jsonl}
  sed "s,@FOLDER@,$work,g" "$session" | frame | speak | sed "s,$work,@FOLDER@,g" >"$work/answers"
  if [ "${2:-}" = --update ]; then
    cp "$work/answers" "$name.expected"
  elif ! diff "$name.expected" "$work/answers"; then
    fail "$name: other answers"
  fi
done

# A program that is too long is told, and does not end the server.
{
  printf '{"jsonrpc":"2.0","id":1,"method":"initialize"}\n{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"a:b","text":"#'
  head -c 17000000 /dev/zero | tr '\0' x
  printf '"}}}\n{"jsonrpc":"2.0","id":"format","method":"textDocument/formatting","params":{"textDocument":{"uri":"a:b"}}}\n'
} | frame | speak >"$work/answers"
grep -q 'the program is longer than 16 MiB' "$work/answers" || fail "a long program is not told"
grep -q '"id":"format","result":null' "$work/answers" || fail "a long program is formatted"

# ends STATUS [WORDS]: the server ends so with what is on standard input, and says this, or nothing, on standard error.
ends() {
  code=0
  "$rnnc" --lsp >"$work/out" 2>"$work/err" || code=$?
  [ "$code" = "$1" ] || fail "exit status $code, not $1"
  if [ $# = 1 ]; then
    [ ! -s "$work/err" ] || fail "'$(cat "$work/err")' on standard error"
  else
    grep -q "$2" "$work/err" || fail "not '$2' on standard error, but '$(cat "$work/err")'"
  fi
}
ends 1 </dev/null
printf 'hello\n' | ends 1 'messages begin with'
printf 'Content-Length: -3\r\n\r\n' | ends 1 'messages begin with'
printf 'Content-Length: 99999999999999999999\r\n\r\n' | ends 1 'messages begin with'
printf 'Content-Length: 20\r\n\r\n{"half":' | ends 1
printf '{"jsonrpc":"2.0","method":"exit"}\n' | frame | ends 1
printf '{"jsonrpc":"2.0","id":1,"method":"initialize"}\n{"jsonrpc":"2.0","id":2,"method":"shutdown"}\n{"jsonrpc":"2.0","method":"exit"}\n' |
  frame | ends 0
if [ -w /dev/full ]; then
  code=0
  printf '{"jsonrpc":"2.0","id":1,"method":"initialize"}\n' | frame | "$rnnc" --lsp >/dev/full 2>/dev/null || code=$?
  [ "$code" = 1 ] || fail "exit status $code with a full disk, not 1"
fi
exit $status

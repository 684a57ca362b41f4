#!/bin/sh
# The grammars of editors/ have the words of the language, all of them and no others: those that the language server offers, in its
# order, as (a|b|c).
#   sh editors.sh RNNC
set -eu
rnnc=$1
editors=$(cd "$(dirname "$0")/../../editors" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/messages" <<'EOF'
{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}
{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"a:b","text":""}}}
{"jsonrpc":"2.0","id":2,"method":"textDocument/completion","params":{"textDocument":{"uri":"a:b"},"position":{"line":0,"character":0}}}
EOF
LC_ALL=C awk '{ printf "Content-Length: %d\r\n\r\n%s", length($0), $0 }' "$work/messages" |
  { "$rnnc" --lsp || true; } | grep -o '"label":"[^"]*","kind":[0-9]*,"detail":"[^"]*"' >"$work/items"

status=0
for kind in keyword 'word of the language' 'function of the language'; do
  list=$(sed -n "s/\"label\":\"\\(.*\\)\",\"kind\":.*\"detail\":\"$kind\"/\\1/p" "$work/items" | paste -sd '|' -)
  [ -n "$list" ] || { echo "editors: the server offers no '$kind'" >&2; exit 1; }
  for grammar in vim/syntax/rnn.vim vscode/syntaxes/rnn.tmLanguage.json; do
    grep -qF "($list)" "$editors/$grammar" || { echo "editors: editors/$grammar lacks the list ($list)" >&2; status=1; }
  done
done

# Vim, where it is installed, finds nothing wrong in its files, and colours by them.
if command -v vim >/dev/null; then
  printf 'model net {\n  input x[3]\n  output y = tanh(x)  # tanh\n}\n' >"$work/net.rnn"
  vim -u NONE -i NONE -n -es -N --cmd "set runtimepath^=$editors/vim" -c 'filetype plugin on' -c 'syntax on' -c "edit $work/net.rnn" \
    -c "redir! > $work/colours" -c 'echo &filetype synIDattr(synID(2, 3, 1), "name") synIDattr(synID(3, 14, 1), "name") synIDattr(synID(3, 24, 1), "name") v:errmsg' \
    -c 'redir END' -c 'qall!' </dev/null >/dev/null 2>&1 || true
  grep -q '^rnn rnnStatement rnnFunction rnnComment *$' "$work/colours" || {
    echo "editors: Vim says '$(cat "$work/colours")'" >&2
    status=1
  }
else
  echo "editors: Vim is not installed, and so not tried"
fi
exit $status

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

# words KIND: prints the words that are offered as this.
words() { sed -n "s/\"label\":\"\\(.*\\)\",\"kind\":.*\"detail\":\"$1\"/\\1/p" "$work/items"; }

status=0
for kind in keyword 'word of the language' 'function of the language'; do
  list=$(words "$kind" | paste -sd '|' -)
  [ -n "$list" ] || { echo "editors: the server offers no '$kind'" >&2; exit 1; }
  for grammar in vim/syntax/rnn.vim vscode/syntaxes/rnn.tmLanguage.json; do
    grep -qF "($list)" "$editors/$grammar" || { echo "editors: editors/$grammar lacks the list ($list)" >&2; status=1; }
  done
done

grep -qF "($(words 'function of the language' | paste -sd '|' -))" "$editors/tree-sitter-rnn/queries/highlights.scm" || {
  echo "editors: the queries of tree-sitter lack the list of functions" >&2
  status=1
}
# In the grammar of tree-sitter, which has them as tokens, and in its queries.
{ words keyword; words 'word of the language'; } | LC_ALL=C sort >"$work/words"
for file in grammar.js queries/highlights.scm; do
  grep -h '"' "$editors/tree-sitter-rnn/$file" | sed 's/field("[a-z]*"//g; s/name: "rnn"//' | grep -o '"[a-z][a-z0-9]*"' | tr -d '"' |
    LC_ALL=C sort -u >"$work/tokens"
  diff "$work/words" "$work/tokens" >"$work/difference" || {
    echo "editors: editors/tree-sitter-rnn/$file has other words than the language: $(cat "$work/difference")" >&2
    status=1
  }
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

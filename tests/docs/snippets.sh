#!/bin/sh
# The programs in a page of documentation are what the page says they are. A program stands between ```rnn and ```; a comment
# of HTML, which readers do not see, may stand in the line before it:
#   <!-- arguments: -D n=3 -->     rnnc is given these too
#   <!-- warns: TEXT -->           compiles, with a message that contains TEXT
#   <!-- fails: TEXT -->           is wrong, with a message that contains TEXT
# All others compile without a word.
#   snippets.sh RNNC PAGE.md              whole programs, compiled to C
#   snippets.sh --parse RNNC PAGE.md      definitions, or the statements of a body: they only have to parse
set -eu
parse=
if [ "$1" = --parse ]; then
  parse=yes
  shift
fi
rnnc=$1
page=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Writes N.rnn, and N.note with the line of the page and the comment before it.
awk -v work="$work" '
  /^```/ && inside { inside = 0; close(program); next }
  inside { print > program; next }
  /^```rnn$/ {
    inside = 1
    program = sprintf("%s/%03d.rnn", work, ++count)
    note = sprintf("%s/%03d.note", work, count)
    print FNR + 1 > note
    if (before ~ /^<!-- .* -->$/) print substr(before, 6, length(before) - 9) > note
    close(note)
    printf "" > program
  }
  { before = $0 }' "$page"

fail() { echo "$page:$line: $*" >&2; cat "$work/message" >&2; exit 1; }

count=0
for program in "$work"/*.rnn; do
  line=$(sed -n 1p "${program%.rnn}.note")
  note=$(sed -n 2p "${program%.rnn}.note")
  arguments=
  case $note in
    arguments:*) arguments=${note#arguments: } ;;
  esac
  if [ -n "$parse" ]; then
    arguments=--emit=source
    if ! grep -qE '^(cell|model|fn|const|import) ' "$program"; then
      { echo "model snippet {"; cat "$program"; echo "}"; } >"$work/wrapped"
      mv "$work/wrapped" "$program"
    fi
  fi
  status=0
  "$rnnc" $arguments "$program" -o /dev/null 2>"$work/message" || status=$?
  case $note in
    fails:*)
      [ "$status" = 1 ] || fail "exit status $status instead of 1"
      grep -qF "${note#fails: }" "$work/message" || fail "the message is another" ;;
    warns:*)
      [ "$status" = 0 ] || fail "exit status $status instead of 0"
      grep -qF "${note#warns: }" "$work/message" || fail "there is no such warning" ;;
    arguments:* | "")
      [ "$status" = 0 ] && [ ! -s "$work/message" ] || fail "exit status $status" ;;
    *) fail "what is '$note'?" ;;
  esac
  if [ "$status" = 0 ]; then   # formatting twice is formatting once
    "$rnnc" --emit=source "$program" -o "$work/once" && "$rnnc" --emit=source "$work/once" -o "$work/twice"
    cmp "$work/once" "$work/twice" || fail "formatted in another way again"
  fi
  count=$((count + 1))
done
[ "$count" -ge 10 ] || fail "only $count programs"

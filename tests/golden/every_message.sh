#!/bin/sh
# Every message of the compiler is said in some golden test: takes the strings out of the calls that report errors, warnings
# and notes, and looks for each in the expectations. What printf fills in may be anything.
#   every_message.sh ROOT
set -eu
cd "$1"
expected=$(mktemp)
messages=$(mktemp)
trap 'rm -f "$expected" "$messages"' EXIT
cat tests/golden/errors/*.expected >"$expected"

# One line for each message, with its place: adjacent strings are one, the two sides of ?: are two.
awk '
function flush() {
  if (text ~ / /) print FILENAME ":" line ":" text
  text = ""
}
FNR == 1 { depth = 0; text = "" }
{
  rest = $0
  if (!depth) {
    if (!match(rest, /(diag_error|diag_warning|diag_note|report_error|report_warning|report_note|argp_error)\(/)) next
    rest = substr(rest, RSTART + RLENGTH)
    depth = 1
    line = FNR
  }
  while (rest != "" && depth) {
    c = substr(rest, 1, 1)
    if (c == "\"" && match(rest, /^"([^"\\]|\\.)*"/)) {
      text = text substr(rest, 2, RLENGTH - 2)
      rest = substr(rest, RLENGTH + 1)
      continue
    }
    if (c !~ /[ \t]/) flush()
    depth += (c == "(") - (c == ")")
    rest = substr(rest, 2)
  }
}' compiler/options.c compiler/options_check.c compiler/machine_file.c compiler/syntax/*.c compiler/sema/*.c >"$messages"
[ "$(wc -l <"$messages")" -gt 100 ] || { echo "every_message: found only $(wc -l <"$messages") messages" >&2; exit 1; }

status=0
while IFS= read -r message; do
  pattern=$(printf '%s\n' "${message#*:*:}" | sed -e 's/\\"/"/g' -e 's/[]*^$.\\[]/\\&/g' -e 's/%\(\\\.\\\*\|\\\.[0-9]*\)\{0,1\}\(ll\|l\)\{0,1\}[a-z]/.*/g' -e 's/%0[0-9][a-z]/.*/g')
  grep -q -e "$pattern" "$expected" || { echo "no golden test says: $message" >&2; status=1; }
done <"$messages"
exit $status

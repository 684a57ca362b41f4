#!/bin/sh
# Diagnostics as JSON tell as many errors as those in text, of every wrong program among the golden tests; and of right
# programs none.
#   json.sh RNNC READ_JSON
set -eu
rnnc=$1
read_json=$2
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

programs=0
for file in errors/*.rnn errors/*.sh stages/*.rnn; do
  program=$file
  case $file in
    *.sh) program=$work/program.rnn; sh "$file" >"$program" ;;
  esac
  "$rnnc" -fsyntax-only --error-limit=0 "$program" 2>"$work/text" || true
  "$rnnc" -fsyntax-only -fdiagnostics-format=json "$program" 2>"$work/json" || true
  if grep -q '^rnnc: error: ' "$work/text"; then
    continue   # the file cannot be read: there is no program to have places in
  fi
  in_text=$(grep -c ': error: ' "$work/text" || true)
  in_json=$("$read_json" <"$work/json") || { echo "$file: the JSON is wrong" >&2; exit 1; }
  [ "$in_text" = "$in_json" ] || { echo "$file: $in_text errors in text, $in_json in JSON" >&2; exit 1; }
  programs=$((programs + 1))
done
[ "$programs" -gt 100 ] || { echo "json: only $programs programs" >&2; exit 1; }

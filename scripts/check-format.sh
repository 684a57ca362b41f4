#!/bin/sh
# Holds all C to .clang-format, as Debian's clang-format-14 reads it (other versions break lines elsewhere), and comments, which that
# leaves alone, to lines of 120 columns.
#   sh scripts/check-format.sh [FILE...]          names the lines that break the format; exit 1 if there are any
#   sh scripts/check-format.sh --fix [FILE...]    reformats them, but for comments
# Without FILE: every .c and .h below compiler, files, runtime, tools, tests, bench and examples.
set -eu
cd "$(dirname "$0")/.."

if ! command -v clang-format-14 >/dev/null 2>&1; then
  echo "check-format: there is no clang-format-14 here; sh scripts/install-deps.sh test installs it" >&2
  exit 1
fi

fix=
if [ "${1:-}" = --fix ]; then
  fix=yes
  shift
fi
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(find compiler files runtime tools tests bench examples -name '*.[ch]')

if [ "$fix" ]; then
  clang-format-14 -i "$@"
  exit
fi
status=0
clang-format-14 --dry-run --Werror "$@" || status=1
awk 'length > 120 { print FILENAME ":" FNR ": " length " columns"; bad = 1 } END { exit bad }' "$@" || status=1
[ "$status" = 0 ] || { echo "check-format: sh scripts/check-format.sh --fix sets all but comments" >&2; exit 1; }
echo "check-format: all C is set as .clang-format says"

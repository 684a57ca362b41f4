#!/bin/sh
# Holds all C to .clang-format, as Debian's clang-format-14 reads it (other versions break lines elsewhere).
#   sh scripts/check-format.sh [FILE...]          names the lines that it would set otherwise; exit 1 if there are any
#   sh scripts/check-format.sh --fix [FILE...]    sets them so
# Without FILE: every .c and .h below compiler, files, runtime, tools, tests, bench and examples.
set -eu
cd "$(dirname "$0")/.."

if ! command -v clang-format-14 >/dev/null 2>&1; then
  echo "check-format: there is no clang-format-14 here; sh scripts/install-deps.sh test installs it" >&2
  exit 1
fi

how="--dry-run --Werror"
if [ "${1:-}" = --fix ]; then
  how=-i
  shift
fi
if [ $# -gt 0 ]; then
  clang-format-14 $how "$@"
else
  find compiler files runtime tools tests bench examples -name '*.[ch]' -exec clang-format-14 $how {} + ||
    { echo "check-format: sh scripts/check-format.sh --fix sets the lines above" >&2; exit 1; }
fi
[ "$how" = -i ] || echo "check-format: all C is set as .clang-format says"

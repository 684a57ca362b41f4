#!/bin/sh
# Tests the tests: makes the small changes of meaning of tests/mutants.txt, one at a time, in a copy of the tree, and names those
# that no test notices. Run by hand, as it takes an hour.
#   sh scripts/mutants.sh [FIRST [LAST]]      numbers within the list; default: all
#   sh scripts/mutants.sh --stale             only names those whose code has gone; exit 1 if there are any
#
# A mutant is first tried on the tests that its `tests` line names, and on the whole suite where these pass. Exit status 0: every
# mutant was noticed, but for those that are explained (`equal: REASON`). One that does not compile does not count.
set -eu
cd "$(dirname "$0")/.."
list=tests/mutants.txt

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# field NUMBER NAME: prints a line of that mutant
field() {
  awk -v number="$1" -v name="$2: " '
    /^file: / { at++ }
    at == number && index($0, name) == 1 { print substr($0, length(name) + 1); exit }' "$list"
}

# replace FILE OLD NEW: replaces OLD in its only place; exit 1 if there is none, or more than one.
replace() {
  OLD=$2 NEW=$3 awk '
    { line = $0
      if ((at = index(line, ENVIRON["OLD"])) > 0) {
        found++
        line = substr(line, 1, at - 1) ENVIRON["NEW"] substr(line, at + length(ENVIRON["OLD"]))
      }
      print line }
    END { exit found != 1 }' "$1" >"$work/mutated"
}

count=$(grep -c '^file: ' "$list")
if [ "${1:-}" = --stale ]; then
  stale=0
  number=0
  while [ $((number += 1)) -le "$count" ]; do
    file=$(field $number file) old=$(field $number old)
    [ -f "$file" ] && replace "$file" "$old" "" || { echo "$list: number $number is stale: $file: $old"; stale=1; }
  done
  exit "$stale"
fi
first=${1:-1} last=${2:-9999}

tree=$work/tree build=$work/tree/build-dev
mkdir "$tree"
git ls-files | tar -c -T - | tar -x -C "$tree"
(cd "$tree" && cmake --preset dev -DRNNC_WERROR=OFF) >"$work/log" 2>&1 || { cat "$work/log"; exit 2; }
ninja -C "$build" -t targets all 2>/dev/null | sed -n 's/: phony$//p' >"$work/targets"

# choose TESTS: sets `pattern` for ctest, and `targets`, which these tests need. Without TESTS: all.
choose() {
  targets="rnnc rnn read_json"
  pattern=
  for test in $1; do
    targets="$targets $(grep "^$test[^/]*$" "$work/targets" || true)"
    pattern="$pattern${pattern:+|}^$test"
  done
  [ -n "$1" ] || targets=all
}

# noticed TESTS: true if one of them fails, or cannot be built any more. Without TESTS: one of all tests.
noticed() {
  choose "$1"
  # shellcheck disable=SC2086
  cmake --build "$build" --target $targets >"$work/log" 2>&1 || return 0
  ! ctest --test-dir "$build" -j2 --stop-on-failure --timeout 200 -R "${pattern:-.}" >"$work/log" 2>&1
}

# Tests that fail by themselves would notice everything.
choose "$(sed -n 's/^tests: //p' "$list" | tr ' ' '\n' | sort -u)"
# shellcheck disable=SC2086
cmake --build "$build" --target $targets >"$work/log" 2>&1 || { cat "$work/log"; exit 2; }
ctest --test-dir "$build" -j2 -R "$pattern" >"$work/log" 2>&1 || { cat "$work/log"; exit 2; }

[ "$last" -le "$count" ] || last=$count
survivors=0
number=$((first - 1))
while [ $((number += 1)) -le "$last" ]; do
  file=$(field $number file) old=$(field $number old) new=$(field $number new) equal=$(field $number equal)
  label="$number/$count $file: $old -> $new"
  replace "$file" "$old" "$new" || { echo "stale: $label"; survivors=$((survivors + 1)); continue; }
  cp "$tree/$file" "$work/kept"
  cp "$work/mutated" "$tree/$file"
  if ! cmake --build "$build" --target rnnc rnn >"$work/log" 2>&1; then
    echo "does not compile: $label"
    survivors=$((survivors + 1))
  elif noticed "$(field $number tests)" || noticed ""; then
    echo "noticed: $label"
    [ -z "$equal" ] || echo "  though it is said to be equal: $equal"
  else
    echo "SURVIVED: $label${equal:+ (equal: $equal)}"
    [ -n "$equal" ] || survivors=$((survivors + 1))
  fi
  cp "$work/kept" "$tree/$file"
done
echo "$survivors mutants that nobody noticed or explained"
[ "$survivors" = 0 ]

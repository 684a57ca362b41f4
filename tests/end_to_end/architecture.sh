#!/bin/sh
# docs/architecture.md follows one equation: what it says that a stage prints is printed, and the files that it names are there.
#   architecture.sh RNNC ROOT RUNTIME_LIBRARY
set -eu
rnnc=$1
page=$2/docs/architecture.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# block HEAD: the block of code behind the line HEAD; with a number, behind its so manieth occurrence.
block() {
  awk -v head="$1" -v wanted="$2" '
    inside && /^```$/ { exit }
    inside
    $0 == head && ++count == wanted { found = 1; next }
    found && /^```/ { inside = 1 }' "$page"
}

awk '/^```rnn$/ { inside = 1; next } inside && /^```$/ { exit } inside' "$page" >"$work/follow.rnn"

blocks=0 failed=0
grep '^<!-- .* -->$' "$page" | sort | uniq -c >"$work/heads"
while read -r count head; do
  arguments=$(echo "$head" | sed 's/^<!-- //; s/ -->$//')
  [ "$arguments" != emit ] || arguments="-o -"
  case $arguments in
    *--dump-after=*) arguments="$arguments -o /dev/null" ;;
  esac
  # shellcheck disable=SC2086
  "$rnnc" $arguments "$work/follow.rnn" >"$work/printed" 2>&1
  for number in $(seq "$count"); do
    block "$head" "$number" >"$work/block"
    [ -s "$work/block" ] || { echo "nothing stands behind $head"; exit 1; }
    if ! awk 'FNR == NR { block = block $0 "\n"; next } { printed = printed $0 "\n" } END { exit !index("\n" printed, "\n" block) }' \
      "$work/block" "$work/printed"; then
      echo "rnnc $arguments does not print, line after line:"
      cat "$work/block"
      failed=1
    fi
    blocks=$((blocks + 1))
  done
done <"$work/heads"
[ "$blocks" -ge 12 ] || { echo "only $blocks blocks"; exit 1; }

for file in $(grep -o '`compiler/[a-z_/]*\.[ch]`' "$page" | tr -d '`' | sort -u); do
  [ -f "$2/$file" ] || { echo "$file is not there"; failed=1; }
done
exit "$failed"

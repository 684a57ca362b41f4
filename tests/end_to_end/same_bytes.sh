#!/bin/sh
# Two builds of rnnc, by other compilers or with other options, write the same bytes for every example: C, header, explanation
# and page.
#   same_bytes.sh ROOT RNNC RNNC
set -eu
root=$1 one=$2 other=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# emit RNNC FOLDER SOURCE
emit() {
  mkdir -p "$work/$2"
  if grep -q '^ *loss ' "$3"; then train=--train; else train=; fi
  "$1" $train "$3" --prefix=net --header="$work/$2/net.h" -o "$work/$2/net.c"
  "$1" $train "$3" --emit=explain -o "$work/$2/explain"
  "$1" "$3" --emit=predict -o "$work/$2/predict"
  "$1" "$3" --emit=html -o "$work/$2/page.html"
}

count=0
for source in "$root"/examples/*/*.rnn; do
  emit "$one" one "$source" &
  emit "$other" other "$source"
  wait $!
  diff -r "$work/one" "$work/other" >"$work/differences" ||
    { echo "$source: $one and $other write other bytes" >&2; head -20 "$work/differences" >&2; exit 1; }
  count=$((count + 1))
done
[ "$count" -ge 20 ] || { echo "only $count examples" >&2; exit 1; }

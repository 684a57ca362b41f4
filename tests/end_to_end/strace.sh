#!/bin/sh
# No system call between the two marks of silent.c; and with its --control, some, so that this test can fail.
#   strace.sh PROGRAM
set -eu
program=$1
if ! command -v strace >/dev/null 2>&1 || ! strace -o /dev/null true >/dev/null 2>&1; then
  echo "skipped: strace is missing or may not trace here"
  exit 77
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# calls_between_marks [--control]: how many, or nothing where a mark is missing.
calls_between_marks() {
  strace -f -o "$log" "$program" "$@" >/dev/null || [ "$*" = --control ] || { echo "$program failed" >&2; exit 1; }
  awk '/"silence ends/ { print count + 0; exit } begun { count++ } /"silence begins/ { begun = 1 }' "$log"
}

silent=$(calls_between_marks)
control=$(calls_between_marks --control)
echo "system calls between the marks: $silent; with one made in each on purpose: $control"
[ "$silent" = 0 ] && [ "$control" -ge 250 ]

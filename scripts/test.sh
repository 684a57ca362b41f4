#!/bin/sh
# Runs every test, from a fresh Debian 12 machine on: installs missing packages, builds, tests; then the same under the
# address and undefined-behaviour sanitizers, and a build with clang if clang is installed.
#   sh scripts/test.sh
set -eu
cd "$(dirname "$0")/.."

jobs=$(($(getconf _NPROCESSORS_ONLN) + 1)) # one of them waits for a disk or for a child
export OMP_WAIT_POLICY=passive # tests run side by side: threads that spin take each other's processors
log=$(mktemp)
summary=$(mktemp)
trap 'rm -f "$log" "$summary"' EXIT
began=$(date +%s)

say() { printf '== %s (%s s)\n' "$1" "$(($(date +%s) - began))"; }

# quietly COMMAND...: shows its output only if it fails.
quietly() { "$@" >"$log" 2>&1 </dev/null || { cat "$log"; echo "failed: $*"; exit 1; }; }

# build PRESET FOLDER
build() {
  say "building $1"
  quietly cmake --preset "$1" -DRNNC_BUILD_TESTS=ON
  quietly cmake --build "$2" -j "$jobs"
}

# run_tests NAME FOLDER
run_tests() {
  say "testing $1"
  status=0
  ctest --test-dir "$2" -j "$jobs" --output-on-failure </dev/null >"$log" 2>&1 || status=$?
  if [ "$status" = 0 ]; then
    sed -n '/tests passed/,$p' "$log"
  else
    cat "$log"
  fi
  { echo "$1:"; grep -E 'tests passed|tests failed|Total Test time|\(Skipped\)|\(Failed\)|\(Timeout\)' "$log" |
    grep -v '^ *[0-9]*/[0-9]* Test' || true; } >>"$summary"
  return "$status"
}

sh scripts/install-deps.sh build test

say "layers"
sh scripts/check-layers.sh --self-test
sh scripts/check-layers.sh

say "format"
sh scripts/check-format.sh

failed=0
build release build
run_tests release build || failed=1
build asan build-asan
run_tests asan build-asan || failed=1
say "the same bytes"
quietly sh tests/end_to_end/same_bytes.sh . build/bin/rnnc build-asan/bin/rnnc || failed=1
if command -v clang >/dev/null 2>&1; then
  build clang build-clang
  quietly sh tests/end_to_end/same_bytes.sh . build/bin/rnnc build-clang/bin/rnnc || failed=1
else
  echo "no clang here: the build with clang is skipped"
fi

say "done"
cat "$summary"
[ "$failed" = 0 ] || { echo "some tests failed"; exit 1; }
echo "all tests passed"

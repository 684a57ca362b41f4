# Compiles a test for aarch64 on this machine and runs it under an emulator. Exit 77 where either is missing.
#   emulated.sh PROJECT [OPTION OF THE COMPILER | SOURCE]...
project=$1
shift
. "$project/tests/aarch64/tools.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
aarch64-linux-gnu-gcc -std=gnu11 -Wall -Wextra -Werror -Wno-psabi -static -I "$project/tests/aarch64" -I "$project/tests/unit" \
  -I "$project/runtime/include" "$@" "$project"/runtime/src/memory.c "$project"/runtime/src/status.c "$project"/runtime/src/start.c \
  -o "$work/test" -lm || exit 1
qemu-aarch64 "$work/test"

# To be sourced, with the project in $root: $sanitize becomes the options with which clang's ThreadSanitizer watches threads of
# OpenMP, whose own waits libarcher tells it of. Ends with 77, for skipped, where one of them is missing or does not find a race.
# Without optimisation clang takes a sixth of the time, and leaves out no load or store that a thread makes. ThreadSanitizer sees
# those of up to 16 bytes, so that vectors have as many.
skip() { echo "skipped: $1"; exit 77; }
command -v clang >/dev/null 2>&1 || skip "there is no clang here"
archer=$(ls /usr/lib/llvm-*/lib/libarcher.so 2>/dev/null | tail -1)
[ "$archer" ] || skip "there is no libarcher.so here, of LLVM's OpenMP"
sanitize="-O0 -g -fsanitize=thread -fopenmp -URNN_VECTOR_BYTES -DRNN_VECTOR_BYTES=16 -DRNN_PROCESSORS=7"
export OMP_TOOL_LIBRARIES="$archer" TSAN_OPTIONS="ignore_noninstrumented_modules=1 halt_on_error=1 suppressions=$root/tests/thread_sanitizer.txt"

# try LINE: builds and runs a program with two threads, which do LINE one after the other, or not.
try() {
  printf 'int count;\nint main(void)\n{\n#pragma omp parallel num_threads(2)\n%b\nreturn 0;\n}\n' "$1" |
    clang $sanitize -x c - -o "$try" 2>/dev/null || skip "clang has no ThreadSanitizer or no OpenMP here"
  "$try" >/dev/null 2>&1
}
try=$(mktemp)
trap 'rm -f "$try"' EXIT
try '{\n#pragma omp critical\ncount++;\n}' || skip "ThreadSanitizer does not run here"
! try 'count++;' || skip "ThreadSanitizer does not see a race here"
rm -f "$try"
trap - EXIT

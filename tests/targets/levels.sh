# The network for several machines chooses the level that a processor can run, which holds no instruction beyond it; the numbers are the
# same. Processors are emulated; what none emulates runs here, if this machine can. Exit 77 where there is no emulator.
#   levels.sh RNNC PROJECT RUNTIME
set -eu
rnnc=$1
project=$2
runtime=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fail() { echo "$*" >&2; exit 1; }
[ "$(uname -m)" = x86_64 ] || { echo "skipped: this is no x86-64"; exit 77; }
command -v qemu-x86_64 >/dev/null 2>&1 || { echo "skipped: there is no qemu-x86_64 here"; exit 77; }

"$rnnc" "$project/examples/char_lm/char_lm.rnn" -D n=20 --train --prefix=net --target=multi --header=net.h -o net.c
flags="-O0 -Wall -Wextra -Werror -I$project/runtime/include -I."
levels="base x86-64-v3 x86-64-v4"
march() { [ "$1" = base ] && echo -march=x86-64 || echo "-march=$1"; }

# build COMPILER OPTION...: all files, each level with its -march where the compiler is not gcc.
build() {
  compiler=$1
  shift
  for level in $levels; do
    [ "$compiler" = gcc ] && of_level=-march=native || of_level=$(march $level)
    "$compiler" $flags "$@" "$of_level" -c "net-$level.c" -o "net-$level.o"
  done
  "$compiler" $flags "$@" -c net.c -o net.o
  gcc $flags ${real:-} -std=gnu11 -static "$project/tests/targets/host.c" net.o net-*.o "$runtime" -ljansson -lm -o host
}

# on PROCESSOR LEVEL: the host there has that level and the same numbers.
on() {
  if [ "$1" = here ]; then ./host; else qemu-x86_64 -cpu "$1" ./host; fi >output 2>errors || { cat errors; fail "on $1 the host fails"; }
  grep -q "^$2: " output || fail "on $1 runs '$(cat output)' instead of $2"
  sed 's/^[^:]*: //' output >numbers
  [ -e expected ] || cp numbers expected
  cmp numbers expected || fail "on $1 other numbers"
}

# On the machine at hand by what the system says of it.
here=base
grep -q '^flags.* avx2 ' /proc/cpuinfo && here=x86-64-v3
grep -q '^flags.* avx512vl ' /proc/cpuinfo && here=x86-64-v4

try() {
  build "$@"
  on Conroe base
  on Nehalem base
  on SandyBridge base
  on Haswell x86-64-v3
  on EPYC x86-64-v3
  on here $here
}

gcc $flags -MM net-x86-64-v4.c | grep -q 'rnn/vec_machine\.h' || fail "gcc -MM does not read a level"
real=-DRNN_REAL_DOUBLE
try gcc -std=gnu11 $real
real=
try gcc -std=gnu11 -O1
# Not by luck: the emulator knows what a processor lacks, and gcc has kept to the level although -march says native.
qemu-x86_64 -cpu Nehalem ./host base >output 2>&1 || fail "the base does not run"
for pair in "Nehalem x86-64-v3" "Haswell x86-64-v4"; do
  set -- $pair
  (qemu-x86_64 -cpu $1 ./host $2) >output 2>&1 && fail "$1 runs $2"
  grep -qi 'illegal instruction' output || { cat output; fail "$1 with $2: no illegal instruction"; }
done
avx512='%zmm|%[xy]mm(1[6-9]|2[0-9]|3[01])|%k[0-7]'
disassemble() { objdump -d --no-show-raw-insn "$@"; }
disassemble net.o net-base.o | grep -m 5 -E '%[yz]mm|[[:space:]]v[a-z]' && fail "the base or the calls have AVX"
disassemble net-x86-64-v3.o | grep -m 5 -E "$avx512" && fail "x86-64-v3 has AVX-512"
disassemble net-x86-64-v3.o | grep -q '%ymm' || fail "x86-64-v3 has no AVX"
disassemble net-x86-64-v4.o | grep -q '%zmm' || fail "x86-64-v4 has no AVX-512"

if command -v g++ >/dev/null 2>&1; then
  try g++ -x c++ -std=c++17
fi
if command -v clang >/dev/null 2>&1; then
  try clang -std=gnu11
  # A compiler that does not keep to the level by itself says so.
  for level in $levels; do
    for other in x86-64 x86-64-v2 x86-64-v3 x86-64-v4 znver2 sapphirerapids; do
      [ "-march=$other" = "$(march $level)" ] && continue
      if clang $flags -march=$other -fsyntax-only -Wfatal-errors "net-$level.c" 2>errors; then fail "clang -march=$other compiles $level"; fi
      grep -q "error: .*compile it with $(march $level)\"" errors || { cat errors; fail "no word on $(march $level)"; }
    done
  done
fi

# Weights as constants are in the file with the calls alone.
cat >save.c <<'END'
#include "net.h"
int main(void)
{
    static net_params params;
    rnn_error error;
    return net_init(&params, 5) || net_save(&params, "net.safetensors", &error);
}
END
gcc $flags -std=gnu11 -static save.c net.o net-*.o "$runtime" -ljansson -lm -o save
./save
mkdir before
cp net-*.c before
"$rnnc" "$project/examples/char_lm/char_lm.rnn" -D n=20 --train --prefix=net --target=multi --header=net.h -o net.c --embed=net.safetensors
grep -q '^const net_params net_weights = {' net.c || fail "no weights"
grep -l 'weights = {' net-*.c && fail "a level has weights"
for level in $levels; do # so that their objects serve as they are
  cmp "before/net-$level.c" "net-$level.c" || fail "weights change the code of $level"
done
sed 's/net_init(&params, 5)/(params = net_weights, RNN_OK)/' "$project/tests/targets/host.c" >host.c
gcc $flags -std=gnu11 host.c net.c net-*.o "$project/runtime/src/memory.c" "$project/runtime/src/status.c" "$project/runtime/src/start.c" -lm -o host
on here $here

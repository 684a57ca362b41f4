# Installed below a scratch prefix, which then moves: programs, find_package, rnnc_add_library, pkg-config.
#   installed.sh SOURCE BUILD
. "$(dirname "$0")/common.sh"
source=$1 build=$2

quietly cmake --install "$build" --prefix "$work/first"
mv "$work/first" "$work/prefix"
prefix=$work/prefix

for program in rnn rnnc; do
  if grep -aqF -e "$source" -e "$build" "$prefix/bin/$program"; then fail "$program holds a path of where it was built"; fi
done
cp -r "$source/tests/packaging/consumer" "$work/consumer"
quietly env CFLAGS=-O0 "$prefix/bin/rnn" check "$work/consumer/elman.rnn" -D n=8

# CMake: twice, as the second program's weights come from the first.
configure() { quietly cmake -G Ninja -S "$work/consumer" -B "$work/build" -DHOW=package -DCMAKE_BUILD_TYPE=Debug -DCMAKE_PREFIX_PATH="$prefix" "$@"; }
configure
quietly cmake --build "$work/build"
"$work/build/which" >"$work/which"
grep -Eqx 'base|x86-64-v3|x86-64-v4' "$work/which" || fail "a network for several machines runs none"
if command -v clang >/dev/null 2>&1; then
  quietly cmake -G Ninja -S "$work/consumer" -B "$work/clang" -DHOW=package -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER=clang
  quietly cmake --build "$work/clang" --target which
  "$work/clang/which" | cmp -s - "$work/which" || fail "with clang another level runs"
fi
quietly "$work/build/save" "$work/consumer/weights.safetensors" 1
configure
quietly cmake --build "$work/build"
"$work/build/step" >"$work/embedded"
reads_no_file "$work/build/step"
"$work/build/step_alone" >"$work/alone"
same_numbers "$work/embedded" "$work/alone" || fail "without the runtime, other outputs"
ninja -C "$work/build" -t commands step_alone | grep -q 'librnn_runtime' && fail "a freestanding network links with the runtime"
(reads_no_file "$work/build/save") >"$work/log" 2>&1 && fail "a program that reads files is not told from one that does not"

# The same numbers from the weights file.
printf "1,-1,0,0,0,0,0,0\n1,-1,0,0,0,0,0,0\n" >"$work/x.csv"
quietly env CFLAGS=-O1 "$prefix/bin/rnn" run "$work/consumer/elman.rnn" -D n=8 --weights "$work/consumer/weights.safetensors" \
  --input "$work/x.csv" --output "$work/h.csv"
same_numbers "$work/embedded" "$work/h.csv" || fail "embedded weights and those of the file give other numbers"

# New weights or a new program make new C; nothing new makes none.
quietly cmake --build "$work/build"
grep -q 'no work to do' "$work/log" || fail "built again though nothing has changed"
quietly "$work/build/save" "$work/consumer/weights.safetensors" 2
quietly cmake --build "$work/build"
"$work/build/step" | cmp -s - "$work/embedded" && fail "new weights were not compiled in"
"$work/build/step_alone" | cmp -s - "$work/alone" && fail "new weights were not compiled in without the runtime"
sed -i 's/tanh/sigmoid/' "$work/consumer/elman.rnn"
quietly cmake --build "$work/build"
"$work/build/step" | grep -q -e - && fail "the new program was not compiled"

# A wrong call says what is wrong with it.
mkdir "$work/wrong"
configure_call() {
  printf '%s\n' 'cmake_minimum_required(VERSION 3.25)' "project(calls LANGUAGES $1)" 'find_package(rnnc REQUIRED)' "$2" \
    >"$work/wrong/CMakeLists.txt"
  cmake -G Ninja -S "$work/wrong" -B "$work/wrong/build" -DCMAKE_PREFIX_PATH="$prefix" >"$work/log" 2>&1
}
# refuses MESSAGE ARGUMENTS
refuses() {
  if configure_call "${3-C}" "rnnc_add_library(net $2)"; then fail "rnnc_add_library(net $2) is taken"; fi
  tr -s ' \n' ' ' <"$work/log" | grep -qF -- "$1" || { cat "$work/log" >&2; fail "rnnc_add_library(net $2) does not say: $1"; }
}
cp "$work/consumer/weights.safetensors" "$work/wrong/w"
refuses 'Sources follow SOURCES' 'elman.rnn'
refuses 'networks are C, which' 'SOURCES elman.rnn' NONE
rm -r "$work/wrong/build"
refuses 'nothing stands behind WEIGHTS' 'SOURCES elman.rnn DEFINES n=8 OPTIONS WEIGHTS'
refuses 'nothing stands behind WEIGHTS' 'SOURCES elman.rnn WEIGHTS ""'
refuses "there is no weights file '$work/wrong/none.safetensors' (a path is relative" 'SOURCES elman.rnn WEIGHTS none.safetensors'
refuses 'leave all but one of them out' 'SOURCES elman.rnn WEIGHTS w EMBED w'
refuses 'leave all but one of them out' 'SOURCES elman.rnn WEIGHTS w OPTIONS --freestanding --embed=w'
refuses "and '$work/wrong/w' has the weights of one" 'SOURCES elman.rnn WEIGHTS w OPTIONS --variants=dense,f16'
refuses 'TOP, PREFIX, WEIGHTS and EMBED go with one source, not 2' 'SOURCES a.rnn b.rnn WEIGHTS w'

# Weights that the build makes first; as parameters in plain C, too.
cp "$source/tests/packaging/consumer/elman.rnn" "$work/wrong"
configure_call C 'add_custom_command(OUTPUT made COMMAND cmake -E copy ${CMAKE_CURRENT_SOURCE_DIR}/w made)
  rnnc_add_library(net SOURCES elman.rnn DEFINES n=8 WEIGHTS ${CMAKE_CURRENT_BINARY_DIR}/made)
  rnnc_add_library(plain SOURCES elman.rnn DEFINES n=8 EMBED w OPTIONS --freestanding --plain-c)' || { cat "$work/log" >&2; exit 1; }
quietly ninja -C "$work/wrong/build" net.rnnc/elman.c plain.rnnc/elman.c
for name in net plain; do
  grep -q 'elman_params elman_weights = ' "$work/wrong/build/$name.rnnc/elman.c" || fail "$name has no parameters as constants"
done

# pkg-config, by hand.
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name rnnc.pc)")
export PKG_CONFIG_PATH
cd "$work"
"$(pkg-config --variable=rnnc rnnc)" consumer/elman.rnn -D n=8 -o elman.c --header=elman.h
# shellcheck disable=SC2046
quietly cc -O0 -I. consumer/save.c elman.c $(pkg-config --cflags --libs rnnc) -o save
quietly ./save weights.safetensors 3
[ -s weights.safetensors ] || fail "no weights were saved"

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
configure() { quietly cmake -G Ninja -S "$work/consumer" -B "$work/build" -DHOW=package -DCMAKE_PREFIX_PATH="$prefix" "$@"; }
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
(reads_no_file "$work/build/save") >"$work/log" 2>&1 && fail "a program that reads files is not told from one that does not"

# The same numbers from the weights file.
printf "1,-1,0,0,0,0,0,0\n1,-1,0,0,0,0,0,0\n" >"$work/x.csv"
quietly env CFLAGS=-O1 "$prefix/bin/rnn" run "$work/consumer/elman.rnn" -D n=8 --weights "$work/consumer/weights.safetensors" \
  --input "$work/x.csv" --output "$work/h.csv"
awk -F, 'NR == FNR { want[FNR] = $0; next }
  { n = split(want[FNR], w, ","); if (n != NF) exit 1; for (i = 1; i <= n; i++) if ((w[i] - $i) ^ 2 > 1e-10) exit 1; lines++ }
  END { exit lines != 2 }' "$work/embedded" "$work/h.csv" ||
  { cat "$work/embedded" "$work/h.csv" >&2; fail "embedded weights and those of the file give other numbers"; }

# New weights or a new program make new C; nothing new makes none.
quietly cmake --build "$work/build"
grep -q 'no work to do' "$work/log" || fail "built again though nothing has changed"
quietly "$work/build/save" "$work/consumer/weights.safetensors" 2
quietly cmake --build "$work/build"
"$work/build/step" | cmp -s - "$work/embedded" && fail "new weights were not compiled in"
sed -i 's/tanh/sigmoid/' "$work/consumer/elman.rnn"
quietly cmake --build "$work/build"
"$work/build/step" | grep -q -e - && fail "the new program was not compiled"

# A wrong call says what is wrong with it.
mkdir "$work/wrong"
printf '%s\n' 'cmake_minimum_required(VERSION 3.25)' 'project(wrong LANGUAGES C)' 'find_package(rnnc REQUIRED)' \
  'rnnc_add_library(net elman.rnn)' >"$work/wrong/CMakeLists.txt"
if cmake -G Ninja -S "$work/wrong" -B "$work/wrong/build" -DCMAKE_PREFIX_PATH="$prefix" >"$work/log" 2>&1; then fail "sources without SOURCES"; fi
grep -q 'Sources follow SOURCES' "$work/log" || { cat "$work/log" >&2; exit 1; }
sed -i 's/elman.rnn/SOURCES elman.rnn WEIGHTS weights.safetensors/' "$work/wrong/CMakeLists.txt"
if cmake -G Ninja -S "$work/wrong" -B "$work/wrong/build" -DCMAKE_PREFIX_PATH="$prefix" >"$work/log" 2>&1; then fail "WEIGHTS are taken"; fi
grep -q 'become a part of the C by EMBED' "$work/log" || { cat "$work/log" >&2; exit 1; }
mkdir "$work/plus"
sed 's/LANGUAGES C/LANGUAGES NONE/; s/ WEIGHTS weights.safetensors//' "$work/wrong/CMakeLists.txt" >"$work/plus/CMakeLists.txt"
if cmake -G Ninja -S "$work/plus" -B "$work/plus/build" -DCMAKE_PREFIX_PATH="$prefix" >"$work/log" 2>&1; then fail "a project without C"; fi
grep -q 'networks are C, which' "$work/log" || { cat "$work/log" >&2; exit 1; }

# pkg-config, by hand.
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name rnnc.pc)")
export PKG_CONFIG_PATH
cd "$work"
"$(pkg-config --variable=rnnc rnnc)" consumer/elman.rnn -D n=8 -o elman.c --header=elman.h
# shellcheck disable=SC2046
quietly cc -O0 -I. consumer/save.c elman.c $(pkg-config --cflags --libs rnnc) -o save
quietly ./save weights.safetensors 3
[ -s weights.safetensors ] || fail "no weights were saved"

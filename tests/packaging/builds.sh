# Builds of other kinds than CMake with Ninja, from a scratch prefix: CMake with Make, a makefile, C++17, Meson. What this machine
# lacks is left out, with a word.
#   builds.sh SOURCE BUILD
. "$(dirname "$0")/common.sh"
source=$1 consumer=$1/tests/packaging/consumer
has() { command -v "$1" >/dev/null 2>&1 || { echo "no $1 here: that build is left out"; return 1; }; }
quietly cmake --install "$2" --prefix "$work/prefix"
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name rnnc.pc)")
export PKG_CONFIG_PATH

# saves PROGRAM: it runs, and writes weights.
saves() {
  quietly "$1" "$work/weights" 1
  [ -s "$work/weights" ] || fail "$1 saves no weights"
  rm "$work/weights"
}

# A makefile: nothing new makes nothing, a new program makes new C.
if has make; then
  cp -r "$consumer" "$work/make"
  quietly make -C "$work/make" -f "$consumer/Makefile" CFLAGS=-O0
  saves "$work/make/save"
  quietly make -q -C "$work/make" -f "$consumer/Makefile" CFLAGS=-O0
  touch -d '+2 seconds' "$work/make/elman.rnn"
  make -q -C "$work/make" -f "$consumer/Makefile" CFLAGS=-O0 >/dev/null 2>&1 && fail "make does not see that the program is newer"

  quietly cmake -G "Unix Makefiles" -S "$consumer" -B "$work/cmake" -DHOW=package -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Debug
  quietly cmake --build "$work/cmake" --target save
  saves "$work/cmake/save"
  touch -d '+2 seconds' "$work/cmake/elman.rnnc" # the folder of what is emitted, whose age says nothing
  quietly cmake --build "$work/cmake" --target save
  grep -q 'Compiling network' "$work/log" && fail "with make, CMake compiles again what has not changed"
fi

# C++17 includes the header, and compiles the C as C++ too.
if has g++; then
  cp -r "$consumer" "$work/plus"
  cd "$work/plus"
  cp save.c save.cpp
  sed -i 's/= malloc/= (elman_params *)malloc/' save.cpp
  quietly "$work/prefix/bin/rnnc" elman.rnn -D n=8 -o elman.c --header=elman.h
  flags=$(pkg-config --cflags rnnc) libraries=$(pkg-config --libs rnnc)
  quietly cc -O0 $flags -c elman.c -o elman.o
  quietly g++ -std=c++17 -Wall -Wextra -Werror -O0 $flags save.cpp elman.o $libraries -o save
  saves ./save
  quietly g++ -std=c++17 -Wall -Wextra -Werror -O0 $flags -x c++ save.cpp elman.c -x none $libraries -o both
  saves ./both
fi

if has meson; then
  cp -r "$consumer" "$work/meson"
  quietly meson setup "$work/meson/build" "$work/meson"
  quietly ninja -C "$work/meson/build"
  saves "$work/meson/build/save"
  quietly ninja -C "$work/meson/build"
  grep -q 'no work to do' "$work/log" || fail "Meson builds again though nothing has changed"
  sed -i 's/tanh/sigmoid/' "$work/meson/elman.rnn"
  quietly ninja -C "$work/meson/build"
  grep -q elman "$work/log" || fail "Meson does not see that the program has changed"
fi

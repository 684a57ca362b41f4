# Builds as the README has them under "In your build", from a scratch prefix: CMake with Make, a makefile, Meson, C++17, one file for
# a microcontroller, levels of a machine. What this machine lacks is left out, with a word. The README's Debian package and arm64 are
# tests of their own, debian.sh and cross.sh.
#   builds.sh SOURCE BUILD
. "$(dirname "$0")/common.sh"
source=$1
has() { command -v "$1" >/dev/null 2>&1 || { echo "no $1 here: that build is left out"; return 1; }; }
# block LANGUAGE NUMBER: that block of code of the section, compiled without optimisation, which is not what is asked.
block() {
  awk -v begin="\`\`\`$1" -v number="$2" '
    /^## / { here = $0 == "## In your build" }
    $0 == "```" && inside { inside = 0; next }
    here && /^```/ { inside = 1; wanted = $0 == begin && ++count == number; next }
    here && wanted && inside' "$source/README.md" | sed 's/-O3/-O0/; s/--epochs 5/--epochs 1/' >"$work/block"
  [ -s "$work/block" ] || fail "README.md has no block $2 of '$1' under \"In your build\""
}
# types NUMBER WORDS: those commands, which have these words. They may change folder and variables.
types() {
  block "" "$1"
  grep -q "$2" "$work/block" || fail "block $1 of the README's commands has no $2"
  . "$work/block" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "the commands with $2 fail"; }
}
# runs PROGRAM: it says what the README's app.c does.
runs() { "$1" | grep -Eqx '[1-9][0-9]* bytes of packed weights' || fail "$1 does not say how large packed weights are"; }

cd "$work"
ln -s "$2" build
export CFLAGS=-O0 OMP_NUM_THREADS=1
types 1 'cmake --install'
types 2 'rnn train'
unset CFLAGS # which the makefile sets

# A makefile: nothing new makes nothing, a new program makes new C.
if has make; then
  block cmake 1 && cp "$work/block" CMakeLists.txt
  quietly cmake -G "Unix Makefiles" -B with-cmake -DCMAKE_BUILD_TYPE=Debug
  quietly cmake --build with-cmake
  runs with-cmake/app
  touch -d '+2 seconds' with-cmake/denoiser.rnnc # the folder of what is emitted, whose age says nothing
  quietly cmake --build with-cmake
  grep -q 'Compiling network' "$work/log" && fail "with make, CMake compiles again what has not changed"

  block make 1 && cp "$work/block" Makefile
  quietly make
  runs ./app
  quietly make -q
  touch -d '+2 seconds' denoiser.rnn
  make -q >/dev/null 2>&1 && fail "make does not see that the program is newer"
  rm app app.o denoiser.o denoiser.c denoiser.h denoiser.d
fi

# C++17 includes the header, and compiles the C as C++ too.
if has g++; then
  types 3 'g++ -std=c++17'
  runs ./app
  # shellcheck disable=SC2046
  quietly g++ -std=c++17 -Wall -Wextra -Werror -O0 $(pkg-config --cflags rnnc) -x c++ app.cpp denoiser.c -x none \
    $(pkg-config --libs rnnc) -o both
  runs ./both
fi

if has arm-none-eabi-gcc; then
  types 6 'rnnc --freestanding'
  [ -s flash.o ] && [ -s flash_test.o ] || fail "nothing is compiled for a microcontroller"
fi

types 7 'rnnc --target=multi'
runs ./app
if has make; then
  block make 2
  printf '%s\n' 'app: app.o denoiser.o denoiser-base.o denoiser-x86-64-v3.o denoiser-x86-64-v4.o' \
    'CPPFLAGS += $(shell pkg-config --cflags rnnc)' 'LDLIBS += $(shell pkg-config --libs rnnc)' | cat - "$work/block" >Makefile
  rm app denoiser*.c
  quietly make -n app
  grep -q 'march=x86-64-v3' "$work/log" || fail "make compiles no level for its machine"
fi

if has meson; then
  block meson 1 && cp "$work/block" meson.build
  rm -f denoiser*.c denoiser*.h
  quietly meson setup with-meson
  quietly meson compile -C with-meson
  runs with-meson/app
  quietly ninja -C with-meson
  grep -q 'no work to do' "$work/log" || fail "Meson builds again though nothing has changed"
  sed -i 's/clean = head/clean = tanh(head)/' denoiser.rnn
  quietly ninja -C with-meson
  grep -q denoiser "$work/log" || fail "Meson does not see that the program has changed"
fi

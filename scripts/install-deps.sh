#!/bin/sh
# Installs the packages that rnnc needs for building and testing and that this machine lacks. Prints each with its reason; does
# nothing if none is missing. `bench` is for bench/*.sh, `browser` for the test that opens pages, which is skipped without one.
#   sh scripts/install-deps.sh [build] [test] [bench] [browser]     (default: build test)
set -eu

groups=${*:-build test}

has_command() { command -v "$1" >/dev/null 2>&1; }
has_library() { has_command pkg-config && pkg-config --exists "$1"; }
has_file() { [ -e "$1" ]; }
has_shared_library() { has_file /usr/lib/"$1" || has_file "$(ls -d /usr/lib/*/"$1" 2>/dev/null | head -1)"; }
has_venv() { python3 -c 'import ensurepip' 2>/dev/null; }
has_numpy() { python3 -c 'import numpy' 2>/dev/null || /usr/bin/python3 -c 'import numpy' 2>/dev/null; }
has_headers() { [ -e /usr/include/stdio.h ]; }

missing=
# need GROUP PACKAGE WHY PROBE...: asks for PACKAGE if PROBE fails.
need() {
  case " $groups " in *" $1 "*) ;; *) return 0 ;; esac
  package=$2 why=$3
  shift 3
  "$@" && return 0
  missing="$missing $package"
  printf '  %-22s %s\n' "$package" "$why"
}

list() {
  need build gcc "compiles rnnc, the runtime and the C that rnnc writes" has_command cc
  need build libc6-dev "headers of the C library" has_headers
  need build cmake "configures the build" has_command cmake
  need build ninja-build "runs the build" has_command ninja
  need build flex "makes the lexer from grammar/rnn.l" has_command flex
  need build bison "makes the parser from grammar/rnn.y" has_command bison
  need build pkg-config "finds the libraries" has_command pkg-config
  need build libjansson-dev "reads JSON: headers of weights files" has_library jansson
  need build zlib1g-dev "unpacks .npz and .gz files" has_library zlib
  need build libhwloc-dev "tells rnn tune which caches there are, and who shares them" has_library hwloc
  need test clang-format-14 "checks how the C is set" has_command clang-format-14
  need test libcmocka-dev "runs the unit tests" has_library cmocka
  need test liblapacke "computes the factors of rnn factor" has_shared_library liblapacke.so.3
  need test libprotobuf-c-dev "reads ONNX files, where it is there (RNNC_ONNX)" has_library libprotobuf-c
  need test protobuf-c-compiler "writes the C that does" has_command protoc-c
  need test libhdf5-dev "reads Keras's files, where it is there (RNNC_KERAS)" has_library hdf5
  need test python3-numpy "tests the Python package, which takes and gives its arrays" has_numpy
  need test libopenmpi-dev "trains over several processes, where it is there (RNNC_MPI)" has_library ompi-c
  need test openmpi-bin "starts them" has_command mpirun
  need test strace "shows that one step of a network makes no system call" has_command strace
  need test make "builds a program with a network from a makefile" has_command make
  need test meson "builds one as projects with Meson do" has_command meson
  need bench python3-venv "holds the peers that come from PyPI" has_venv
  need bench g++ "compiles what torch.compile writes" has_command g++
  need bench libsimgrid-dev "simulates trainings of many ranks (bench/scale.sh)" has_library simgrid
  need bench libopenblas-dev "a BLAS, for C as one writes it with one" has_library openblas
  need cross gcc-arm-none-eabi "compiles for microcontrollers" has_command arm-none-eabi-gcc
  need cross qemu-system-arm "runs that" has_command qemu-system-arm
  need cross clang "compiles the same C" has_command clang
  need cross gcc-aarch64-linux-gnu "compiles for arm64" has_command aarch64-linux-gnu-gcc
  need cross libc6-dev-arm64-cross "the C library for it" has_file /usr/aarch64-linux-gnu/lib/libc.a
  need cross qemu-user "runs that" has_command qemu-aarch64
  need browser chromium "opens the pages of --emit=html; more than 400 MB" has_command chromium
  [ "$(uname -m)" = x86_64 ] || return 0
  need bench libxsmm-dev "LIBXSMM, a peer" has_library libxsmm
  need test gcc-aarch64-linux-gnu "compiles what runs on arm64" has_command aarch64-linux-gnu-gcc
  need test libc6-dev-arm64-cross "the C library for it" has_file /usr/aarch64-linux-gnu/lib/libc.a
  need test qemu-user "runs it on this machine" has_command qemu-aarch64
}

list >/dev/null
[ -n "$missing" ] || exit 0

echo "install-deps: this machine lacks:"
missing=
list

if ! has_command apt-get; then
  echo "install-deps: no apt-get here; please install the packages above (these are Debian's names) and run this again" >&2
  exit 1
fi
if [ "$(id -u)" = 0 ]; then
  as_root=
elif has_command sudo; then
  as_root=sudo
else
  echo "install-deps: neither root nor sudo here; as root, please run: apt-get install$missing" >&2
  exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# run COMMAND...: shows its output only if it fails.
run() {
  echo "install-deps: $*"
  "$@" >"$log" 2>&1 </dev/null || { cat "$log" >&2; echo "install-deps: this failed: $*" >&2; exit 1; }
}
run $as_root env DEBIAN_FRONTEND=noninteractive apt-get update
run $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing

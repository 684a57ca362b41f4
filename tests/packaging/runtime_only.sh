# The runtime alone, as it is built for another machine: no flex, no bison, no jansson, no pkg-config; in a build that
# sets what its sources may set too.
#   runtime_only.sh SOURCE BUILD
. "$(dirname "$0")/common.sh"
quietly cmake -G Ninja -S "$1" -B "$work/build" -DRNNC_BUILD_COMPILER=OFF -DRNNC_WEIGHTS_FILES=OFF -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_C_FLAGS="-D_GNU_SOURCE -Werror" \
  -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON -DCMAKE_DISABLE_FIND_PACKAGE_BISON=ON -DCMAKE_DISABLE_FIND_PACKAGE_FLEX=ON
quietly cmake --build "$work/build"
quietly cmake --install "$work/build" --prefix "$work/prefix"

# A network without files, compiled on this machine by the compiler of another build, which the package is told of.
mkdir "$work/project"
cp "$1/tests/packaging/consumer/elman.rnn" "$work/project"
cat >"$work/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(project LANGUAGES C)
find_package(rnnc REQUIRED)
rnnc_add_library(elman SOURCES elman.rnn OPTIONS --no-files)
add_executable(init init.c)
target_link_libraries(init PRIVATE elman)
END
cat >"$work/project/init.c" <<'END'
#include "elman.h"
static elman_params params;
int main(void) { return elman_init(&params, 1) != RNN_OK || params.W[0] == 0; }
END
quietly cmake -G Ninja -S "$work/project" -B "$work/project/build" -DCMAKE_PREFIX_PATH="$work/prefix" -DRNNC_EXECUTABLE="$2/bin/rnnc"
quietly cmake --build "$work/project/build"
quietly "$work/project/build/init"
reads_no_file "$work/project/build/init"

# Firmware for a Cortex-M4 by rnnc_add_library: with the rnnc that is installed for this machine, and with rnnc as a part of the
# project, and what is said where networks cannot be built. Exit 77 where the compiler is missing.
#   firmware.sh SOURCE BUILD
. "$(dirname "$0")/common.sh"
command -v arm-none-eabi-gcc >/dev/null 2>&1 || { echo "no arm-none-eabi-gcc here: skipped"; exit 77; }
cat >"$work/cortex-m4.cmake" <<'END'
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
END
mkdir "$work/project"
cp "$1/tests/packaging/consumer/elman.rnn" "$1/tests/freestanding/microcontroller.c" "$1/tests/freestanding/microcontroller.ld" "$work/project"
cat >"$work/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(firmware LANGUAGES C)
if(RNNC_SOURCE)
  add_subdirectory(${RNNC_SOURCE} rnnc)
else()
  find_package(rnnc REQUIRED)
endif()
rnnc_add_library(elman SOURCES elman.rnn DEFINES n=8 OPTIONS ${OPTIONS})
add_executable(firmware.elf main.c microcontroller.c)
target_compile_options(firmware.elf PRIVATE -O1 -fno-builtin -fno-tree-loop-distribute-patterns)
target_link_libraries(firmware.elf PRIVATE elman)
target_link_options(firmware.elf PRIVATE -nostdlib -T${CMAKE_CURRENT_SOURCE_DIR}/microcontroller.ld -lgcc)
END
cat >"$work/project/main.c" <<'END'
#include "elman.h"
static elman_params params;
static int64_t packed[elman_PACKED_BYTES / 8], state[elman_STATE_BYTES(1) / 8];
int main(void)
{
    elman_packed *const weights = (elman_packed *)packed;
    elman_state *const past = (elman_state *)state;
    rnn_real x[8] = {1}, h[8];
    if (elman_packed_size() != sizeof packed || elman_state_size(1) != sizeof state)
        return 2;
    return elman_pack(&params, weights) || elman_state_init(past, 1) || elman_step(weights, past, x, h) || h[0] != 0;
}
END

# configure FOLDER SETTING...: the project, with rnnc in no PATH.
path=$PATH
configure() {
  folder=$1
  shift
  PATH=${with_path-$path} cmake -G Ninja -S "$work/project" -B "$work/$folder" -DCMAKE_TOOLCHAIN_FILE="$work/cortex-m4.cmake" \
    -DCMAKE_BUILD_TYPE=MinSizeRel "$@" >"$work/log" 2>&1
}
# build FOLDER: the firmware, which is for Arm and, where there is an emulator, runs.
build() {
  quietly cmake --build "$work/$1"
  quietly arm-none-eabi-nm "$work/$1/firmware.elf"
  grep -q ' elman_step$' "$work/log" || fail "the firmware has no elman_step"
  command -v qemu-system-arm >/dev/null 2>&1 || return 0
  timeout 100 qemu-system-arm -nographic -monitor none -serial none -semihosting-config enable=on,target=native \
    -M mps2-an386 -kernel "$work/$1/firmware.elf" </dev/null || fail "the firmware returns $?"
}
says() {
  tr -s ' \n' ' ' <"$work/log" | grep -qF -- "$1" || { cat "$work/log" >&2; fail "it is not said: $1"; }
}
none='-DOPTIONS=--freestanding;--plain-c'

quietly cmake --install "$2" --prefix "$work/prefix"
configure package "$none" -DCMAKE_PREFIX_PATH="$work/prefix" || { cat "$work/log" >&2; exit 1; }
build package
configure package -DOPTIONS= && fail "a network that needs a runtime is taken"
says 'rnnc_add_library(elman): there is no runtime of rnnc for this target (Generic arm): write C that needs none by OPTIONS --freestanding'

# As a part: rnnc is not built, but found.
configure part "$none" -DRNNC_SOURCE="$1" -DRNNC_EXECUTABLE="$work/none" && fail "a missing program is taken"
says "RNNC_EXECUTABLE: there is no '$work/none'"
with_path=$2/bin:$PATH configure part -URNNC_EXECUTABLE || { cat "$work/log" >&2; exit 1; }
build part
configure part -DRNNC_BUILD_COMPILER=ON && fail "rnnc is built for a machine without an operating system"
says 'rnnc and its runtime need an operating system, which this target (Generic arm) has not'
configure part -DRNNC_BUILD_COMPILER=OFF -URNNC_EXECUTABLE -DCMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH=OFF -DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF &&
  fail "a network is compiled by no rnnc"
says 'rnnc_add_library(elman): there is no rnnc that runs on this machine: install it, and put it in PATH or set RNNC_EXECUTABLE'

# A program for arm64 built on this machine: the runtime by a toolchain file, the network by the rnnc that runs here, and the
# program under qemu-user. Exit 77 where the compiler or the emulator is missing.
#   cross.sh SOURCE BUILD
. "$(dirname "$0")/common.sh"
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
  command -v "$tool" >/dev/null 2>&1 || { echo "no $tool here: skipped"; exit 77; }
done
cat >"$work/aarch64.cmake" <<'END'
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)
END
configure() { quietly cmake -G Ninja -DCMAKE_TOOLCHAIN_FILE="$work/aarch64.cmake" -DCMAKE_BUILD_TYPE=Debug "$@"; }
configure -S "$1" -B "$work/runtime" -DRNNC_BUILD_COMPILER=OFF -DRNNC_WEIGHTS_FILES=OFF
quietly cmake --build "$work/runtime"
quietly cmake --install "$work/runtime" --prefix "$work/prefix"

# The weights, made here and embedded there: both machines compute the same outputs.
cp -r "$1/tests/packaging/consumer" "$work/consumer"
quietly cmake --install "$2" --prefix "$work/here"
quietly cmake -G Ninja -S "$work/consumer" -B "$work/own" -DHOW=package -DCMAKE_PREFIX_PATH="$work/here" -DCMAKE_BUILD_TYPE=Debug
quietly cmake --build "$work/own" --target save
quietly "$work/own/save" "$work/consumer/weights.safetensors" 1
quietly cmake -S "$work/consumer" -B "$work/own"
quietly cmake --build "$work/own" --target step
"$work/own/step" >"$work/expected"

configure -S "$work/consumer" -B "$work/build" -DHOW=package -Drnnc_DIR="$(dirname "$(find "$work/prefix" -name rnncConfig.cmake)")" \
  -DRNNC_EXECUTABLE="$2/bin/rnnc"
quietly cmake --build "$work/build" --target step
qemu-aarch64 -L /usr/aarch64-linux-gnu "$work/build/step" >"$work/got"
same_numbers "$work/expected" "$work/got" || fail "arm64 computes other outputs"
quietly cmake --build "$work/build" --target step_alone
qemu-aarch64 -L /usr/aarch64-linux-gnu "$work/build/step_alone" >"$work/got"
same_numbers "$work/expected" "$work/got" || fail "without the runtime, arm64 computes other outputs"

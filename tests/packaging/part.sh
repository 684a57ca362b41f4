# rnnc as a part of another project: by add_subdirectory, built and used, and by FetchContent, configured. The project computes
# with -ffast-math, which networks cannot.
#   part.sh SOURCE BUILD
. "$(dirname "$0")/common.sh"
cp -r "$1/tests/packaging/consumer" "$work/consumer"
for how in fetch subdirectory; do
  quietly cmake -G Ninja -S "$work/consumer" -B "$work/$how" -DHOW=$how -DRNNC_SOURCE="$1" -DCMAKE_BUILD_TYPE=Debug \
    "-DCMAKE_C_FLAGS=-O0 -ffast-math"
done
quietly cmake --build "$work/subdirectory" --target save
quietly "$work/subdirectory/save" "$work/weights.safetensors" 1
[ -s "$work/weights.safetensors" ] || fail "no weights were saved"

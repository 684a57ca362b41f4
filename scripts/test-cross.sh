#!/bin/sh
# Tests of C that needs no runtime on other machines: examples with a test of their own, for Cortex-M4 and M7 under qemu-system-arm,
# for arm64 under qemu-user, and with clang here. Wants a release build in build/.
#   sh scripts/test-cross.sh
set -eu
cd "$(dirname "$0")/.."
sh scripts/install-deps.sh build cross
[ -x build/bin/rnnc ] || { echo "test-cross: no build/bin/rnnc: cmake --preset release && cmake --build build" >&2; exit 1; }

build=build
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
set -- build
. tests/freestanding/common.sh
project=$PWD

# microcontroller EXAMPLE CPU BOARD FLAG...
microcontroller() {
  example=$1 cpu=$2 board=$3
  shift 3
  arm-none-eabi-gcc -std=c99 -ffreestanding -O2 -Wall -Wextra -Werror -Wno-aggressive-loop-optimizations -mcpu="$cpu" -mthumb -mfloat-abi=hard "$@" -c "$work/plain.c" \
    -o "$work/arm.o"
  needs_nothing arm-none-eabi-nm "$work/arm.o"
  arm-none-eabi-gcc -std=gnu11 -O2 -mcpu="$cpu" -mthumb -mfloat-abi=hard "$@" -nostdlib -fno-builtin -fno-tree-loop-distribute-patterns \
    tests/freestanding/microcontroller.c "$work/arm.o" -T tests/freestanding/microcontroller.ld -lgcc -o "$work/arm.elf"
  timeout 60 qemu-system-arm -M "$board" -cpu "$cpu" -nographic -monitor none -serial none -semihosting-config enable=on,target=native \
    -kernel "$work/arm.elf" </dev/null || fail "$example on $cpu: $?"
  arm-none-eabi-size "$work/arm.o" | awk -v what="$example, $cpu" 'NR == 2 { print what ": " $1 " bytes of code and constants, " $2 + $3 " of RAM" }'
}

for example in lstm/lstm gru/gru_reset_before layernorm_lstm/layernorm_lstm char_lm/char_lm rwkv/rwkv bidirectional/bidirectional; do
  case $example in lstm/* | layernorm* | char_lm/*) sizes="-D n=24" ;; *) sizes= ;; esac
  draw_weights "examples/$example.rnn" "$work/w.safetensors" $sizes
  for kind in plain vectors; do
    "$rnnc" "examples/$example.rnn" $sizes --freestanding $([ $kind = vectors ] || echo --plain-c) --self-test \
      --embed="$work/w.safetensors" -o "$work/$kind.c"
    clang -std=c99 -O1 -Wall -Wextra -Werror "$work/$kind.c" -o "$work/here"
    "$work/here" || fail "$example, $kind, with clang: $?"
    aarch64-linux-gnu-gcc -std=c99 -O1 -static "$work/$kind.c" -o "$work/arm64"
    qemu-aarch64 "$work/arm64" || fail "$example, $kind, on arm64: $?"
  done
  microcontroller "$example" cortex-m4 mps2-an386 -mfpu=fpv4-sp-d16
  microcontroller "$example" cortex-m7 mps2-an500 -mfpu=fpv5-sp-d16
done
echo "test-cross: all agree"

#!/bin/sh
# Tests of C that needs no runtime: every example with a test of its own, here and on other machines. Wants a release build in
# build/. Installs what is missing; takes about a minute on two cores.
#   sh scripts/test-cross.sh [PART]...     the parts named, or, without names, those for which this machine has what they need
#
#   part        compiled by              run by             kinds of C
#   here        cc                       itself             plain, whose weights are constants; with vectors, which packs its own
#   clang       clang                    itself             both
#   arm64       aarch64-linux-gnu-gcc    qemu-aarch64       both
#   cortex-m4   arm-none-eabi-gcc        qemu-system-arm    plain; its code, constants and memory are printed
#   cortex-m7   likewise
set -eu
cd "$(dirname "$0")/.."
project=$PWD build=$PWD/build

# The examples that go through more than `here`, with arguments, and their parts.
table() {
  cat <<'END'
lstm/lstm                      -D n=24                      clang arm64 cortex-m4 cortex-m7
lstm/lstm                      -D n=24 --form *=f16         arm64 cortex-m4 cortex-m7
lstm/lstm                      -D n=24 --form *=bf16        cortex-m4
lstm/lstm                      -D n=24 --form *=int8        clang arm64 cortex-m4 cortex-m7
gru/gru_reset_before           -D n=24                      cortex-m4
layernorm_lstm/layernorm_lstm  -D n=24                      clang arm64 cortex-m4 cortex-m7
char_lm/char_lm                -D n=24 --form *=int8        arm64 cortex-m4
rwkv/rwkv                      -                            clang arm64 cortex-m4 cortex-m7
bidirectional/bidirectional    -                            arm64 cortex-m4
rnnoise/rnnoise                -                            cortex-m4
END
  for file in examples/*/*.rnn; do
    example=${file#examples/}
    example=${example%.rnn}
    case $example in
      lstm/* | gru/gru_reset_before | layernorm_lstm/* | char_lm/* | rwkv/* | bidirectional/* | rnnoise/*) ;;
      tagging/* | word_lm/*) echo "$example -D n=40 -D V=300" ;;
      digits/digits_lstm | lstm_pytorch/* | qrnn/* | stacked/* | tinyshakespeare/* | gru/*) echo "$example -D n=40" ;;
      *) echo "$example" ;;
    esac
  done
}

# describe PART: sets compiler, run and kinds.
describe() {
  kinds="plain vectors" run=
  arm="arm-none-eabi-gcc -mthumb -mfloat-abi=hard"
  emulator="timeout 100 qemu-system-arm -nographic -monitor none -serial none -semihosting-config enable=on,target=native"
  case $1 in
    here) compiler="cc -O1" ;;
    clang) compiler="clang -O1" ;;
    arm64) compiler="aarch64-linux-gnu-gcc -O1 -static" run=qemu-aarch64 ;;
    cortex-m4) kinds=plain compiler="$arm -mcpu=cortex-m4 -mfpu=fpv4-sp-d16" run="$emulator -M mps2-an386 -kernel" ;;
    cortex-m7) kinds=plain compiler="$arm -mcpu=cortex-m7 -mfpu=fpv5-sp-d16" run="$emulator -M mps2-an500 -kernel" ;;
    *) echo "test-cross: no part '$1'; there are here, clang, arm64, cortex-m4 and cortex-m7" >&2; exit 2 ;;
  esac
}

# missing_tool: prints a program that the described part needs and that is not here; fails if there is none.
missing_tool() {
  for word in $compiler $run; do
    case $word in cc | clang | *-gcc | qemu-*) command -v "$word" >/dev/null || { echo "$word"; return 0; } ;; esac
  done
  return 1
}

# compile PART KIND: the network in $work/KIND.c as a program, without a warning.
compile() {
  strict="-std=c99 -Wall -Wextra -Werror"
  case $1 in
    cortex-*)
      $compiler $strict -ffreestanding -O2 -c "$work/$2.c" -o "$work/network.o"
      needs_nothing arm-none-eabi-nm "$work/network.o"
      $compiler -std=gnu11 -O2 -nostdlib -fno-builtin -fno-tree-loop-distribute-patterns tests/freestanding/microcontroller.c \
        "$work/network.o" -T tests/freestanding/microcontroller.ld -lgcc -o "$work/program"
      arm-none-eabi-size "$work/network.o" | awk -v what="$name, $1" \
        'NR == 2 { print "  " what ": " $1 " bytes of code and constants, " $2 + $3 " of memory" }' ;;
    *) $compiler $strict $([ "$2" = vectors ] || echo -pedantic-errors) "$work/$2.c" -o "$work/program" ;;
  esac
}

# try_example EXAMPLE ARGUMENT...: in all chosen parts of its line.
try_example() {
  example=$1 parts=here sizes=
  shift
  for word; do
    case $word in
      -) ;;
      clang | arm64 | cortex-*) parts="$parts $word" ;;
      *) sizes="$sizes $word" ;;
    esac
  done
  name=$example$sizes drawn=
  for part in $parts; do
    case " $chosen " in *" $part "*) ;; *) continue ;; esac
    describe "$part"
    for kind in $kinds; do
      [ "$drawn" ] || draw_weights "examples/$example.rnn" "$work/w.safetensors" $sizes
      drawn=yes
      if [ ! -e "$work/$kind.c" ]; then
        options=$([ $kind = plain ] && echo "--plain-c --weights" || echo --embed)
        "$rnnc" "examples/$example.rnn" $sizes --freestanding --self-test $options="$work/w.safetensors" -o "$work/$kind.c"
      fi
      compile "$part" "$kind" || fail "$name, $part, $kind: it does not compile"
      status=0
      $run "$work/program" </dev/null || status=$?
      [ $status = 0 ] || fail "$name, $part, $kind: the self-test returns $status"
      echo "$name, $part, $kind" >>"$runs"
    done
  done
  rm -rf "$work"
}

if [ "${1-}" = --example ]; then # one line of the table, for xargs
  work=$(mktemp -d "$2/example.XXXXXX") runs=$2/runs chosen=$3
  shift 3
  arguments=$*
  set -- "$build"
  . tests/freestanding/common.sh
  set -f # *=f16 is a pattern of rnnc
  try_example $arguments
  exit
fi

all="here clang arm64 cortex-m4 cortex-m7" chosen=$*
for part in $chosen; do describe "$part"; done
if [ "$chosen" ]; then
  sh scripts/install-deps.sh build cross
else
  sh scripts/install-deps.sh build cross || echo "test-cross: parts that need these packages are left out"
fi
for part in $([ "$chosen" ] || echo $all); do
  describe "$part"
  if lacks=$(missing_tool); then echo "test-cross: no $lacks here: $part is left out"; else chosen="$chosen $part"; fi
done
[ -x build/bin/rnnc ] || { echo "test-cross: no build/bin/rnnc: cmake --preset release && cmake --build build" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
begin=$(date +%s)
: >"$work/runs"
table | tr -s ' ' | xargs -P "$(nproc)" -I LINE sh scripts/test-cross.sh --example "$work" "$chosen" LINE ||
  { echo "test-cross: some of the examples failed" >&2; exit 1; }
case " $chosen " in *" here "*) least=$(table | wc -l) ;; *) least=1 ;; esac
[ "$(wc -l <"$work/runs")" -ge "$least" ] || { echo "test-cross: there are examples that did not run" >&2; exit 1; }
echo "test-cross: $(wc -l <"$work/runs") self-tests agree in ${chosen# }; $(($(date +%s) - begin)) s"

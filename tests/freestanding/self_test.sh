#!/bin/sh
# Networks without a runtime: emitted in both kinds of C with a test of their own, compiled as C99 for a machine without a C
# library, and, by the host's start code, run.
#   sh self_test.sh BUILD
set -eu
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$(dirname "$0")/common.sh"

# compile NAME FLAG...: the network as an object, without a warning.
compile() {
  object=$work/$1.o
  shift
  cc -std=c99 -ffreestanding -O0 -Wall -Wextra -Wvla -Werror "$@" -c "$work/alone.c" -o "$object"
  needs_nothing nm "$object"
}

# try EXAMPLE ARGUMENT...
try() {
  example=$1
  shift
  draw_weights "$project/examples/$example.rnn" "$work/w.safetensors" "$@"
  for kind in "" --plain-c; do
    option=$([ "$kind" ] && echo --weights || echo --embed)
    "$rnnc" "$project/examples/$example.rnn" "$@" --freestanding $kind --self-test "$option=$work/w.safetensors" \
      -o "$work/alone.c"
    compile alone ${kind:+-pedantic-errors}
    cc "$work/alone.o" -o "$work/alone"
    "$work/alone" || fail "$example $kind: the self-test returns $?"
  done
}

try lstm/lstm -D n=10
compile other -pedantic-errors -U__GNUC__ # as compilers see it that are neither gcc nor clang
try layernorm_lstm/layernorm_lstm -D n=10
try char_lm/char_lm -D n=10 -D V=30 --form '*=int8'
try bidirectional/bidirectional
try attentive_pooling/attentive_pooling
try rwkv/rwkv

# Another number is found.
"$rnnc" "$project/examples/rwkv/rwkv.rnn" --freestanding --plain-c --self-test --embed="$work/w.safetensors" -o "$work/alone.c"
sed '/_expected_.*{/{n;s/[0-9.e-]*f\{0,1\},/9.0f,/}' "$work/alone.c" >"$work/wrong.c"
cmp -s "$work/alone.c" "$work/wrong.c" && fail "no number of the expected ones was changed"
cc -std=c99 -w "$work/wrong.c" -o "$work/wrong"
"$work/wrong" && fail "a wrong number is not found"
if command -v g++ >/dev/null; then # C++ calls the C library's functions, too
  g++ -x c++ -std=c++11 -w -O0 "$work/alone.c" -o "$work/alone" && "$work/alone" || fail "as C++ it does not link, or fails"
fi

# --emit=explain knows the bytes of constants, state and work.
expect_sizes() { # NAME [OPTION...]: of an example, the latter with long pasts
  name=$1
  shift
  "$rnnc" "$project/examples/$name/$name.rnn" --freestanding --plain-c "$@" -o "$work/sizes.c"
  cat >>"$work/sizes.c" <<END
int printf(const char *format, ...);
int main(void)
{
    const unsigned long sizes[] = {sizeof(struct ${name}_packed), ${name}_STATE_BYTES(1), ${name}_WORK_BYTES(1, 1), ${name}_WORK_BYTES(100, 1)};
    ${name}_state *state = (void *)1; /* refused before it is read */
    const unsigned long same = ${name}_state_size(1) == sizes[1] && ${name}_work_size(100, 1) == sizes[3] && ${name}_state_init(state, 1);
    return printf("%lu %lu %lu %lu\\n", sizes[0], same * sizes[1], sizes[2], sizes[3]) < 0;
}
END
  cc -std=c99 -w -O0 "$work/sizes.c" -o "$work/sizes"
  "$rnnc" "$project/examples/$name/$name.rnn" --freestanding --plain-c "$@" --emit=explain |
    awk '/^without a runtime/ { found = 1 } found && /packed weights|state$/ { printf "%s ", $1 } found && / of work / { print $1, $10 }' >"$work/told"
  "$work/sizes" | cmp - "$work/told" || fail "explain tells $(cat "$work/told"), not $("$work/sizes")"
}
expect_sizes rwkv --form '*=int8' --form '*.W_*=f16'
expect_sizes dilated

# Constants have only what calls read: of slices whose rows are no rows of the parameter, the panels.
cat >"$work/conv.rnn" <<'END'
cell conv(x[3]) -> y[5] {
  param weight[5, 3, 2]
  y = tanh(weight[:, :, 1] @ x + weight[:, :, 0] @ x[t-1])
}
END
draw_weights "$work/conv.rnn" "$work/w.safetensors"
"$rnnc" "$work/conv.rnn" --freestanding --plain-c --form '*=int8' --weights="$work/w.safetensors" -o "$work/conv.c"
printf 'int printf(const char *format, ...);\nint main(void) { return printf("%%d\\n", (int)sizeof conv_weights) < 0; }\n' >>"$work/conv.c"
cc -std=c99 -w -O0 "$work/conv.c" -o "$work/conv"
"$rnnc" "$work/conv.rnn" --freestanding --plain-c --form '*=int8' --emit=explain | awk '/as constants, with --weights, / { print $NF }' >"$work/told"
"$work/conv" | cmp - "$work/told" || fail "explain tells $(cat "$work/told") bytes of constants, not $("$work/conv")"
"$rnnc" "$work/conv.rnn" --freestanding --plain-c --self-test --form '*=int8' --weights="$work/w.safetensors" -o "$work/alone.c"
compile alone
cc "$work/alone.o" -o "$work/alone" -lm
"$work/alone" || fail "int8 of slices: the self-test returns $?"

# Mathematics of its own, and names that the test has for itself.
cat >"$work/names.rnn" <<'END'
cell memory[m = 3, act = tanh](x[m]) -> y[m] {
  param U[m, m]
  y = act(U @ y[t-1] + x)
}
model net {
  input m[3], given_test[3], differs[3], NUMBERS[3], LONGEST[3]
  test = memory[3](m + cos(differs) + mod(NUMBERS * 100, 7) / 7)
  scan = memory[3](pow(abs(given_test), 1.5) + sin(1000 * LONGEST))
  state_bytes = tanh(test + scan[t-1] * state_bytes[t-1])
  output test
  output packed = scan
  output expected_test = state_bytes
}
END
draw_weights "$work/names.rnn" "$work/w.safetensors"
for kind in "" --plain-c; do
  "$rnnc" "$work/names.rnn" --freestanding $kind --self-test --embed="$work/w.safetensors" -o "$work/alone.c"
  compile alone
  cc "$work/alone.o" -o "$work/alone"
  "$work/alone" || fail "names $kind: the self-test returns $?"
done

# A pair of files; two networks stand in one program.
for name in one two; do
  "$rnnc" "$project/examples/elman/elman.rnn" -D n=3 --prefix=$name --freestanding --header="$work/$name.h" -o "$work/$name.c"
done
printf '#include "one.h"\n#include "two.h"\n\nint main(void) { return one_alignment() != two_alignment(); }\n' >"$work/main.c"
cc -std=c99 -Wall -Wextra -Werror -O0 "$work/main.c" "$work/one.c" "$work/two.c" -o "$work/both" && "$work/both"

# Constants of a header in plain C are the sizes that the calls return.
"$rnnc" "$project/examples/lstm/lstm.rnn" -D n=5 --freestanding --plain-c --form '*=int8' --form 'W_*=f16' --header="$work/plain.h" -o "$work/plain.c"
cat >"$work/main.c" <<'END'
#include "plain.h"
static int64_t state[lstm_STATE_BYTES(3) / 8], block[lstm_WORK_BYTES(2, 3) / 8], blocks[lstm_WORK_BYTES(100000, 1) / 8],
    streams[lstm_WORK_BYTES(2, 5000) / 8], none[1 + lstm_WORK_BYTES(0, 2) / 8];
static rnn_real packed[lstm_PACKED_BYTES / sizeof(rnn_real)];
int main(void)
{
    return lstm_state_size(3) != sizeof state || lstm_packed_size() != sizeof packed || lstm_work_size(2, 3) != sizeof block ||
           lstm_work_size(100000, 1) != sizeof blocks || lstm_work_size(2, 5000) != sizeof streams ||
           lstm_work_size(0, 2) + 8 != sizeof none;
}
END
cc -std=c99 -Wall -Wextra -Wconversion -pedantic-errors -Werror -O0 "$work/main.c" "$work/plain.c" -o "$work/sizes" && "$work/sizes" ||
  fail "constants of a header are not the sizes that the calls return"
if command -v g++ >/dev/null; then
  g++ -x c++ -std=c++11 -w -fsyntax-only "$work/plain.c" || fail "int8 and f16 are no C++11"
fi

# Without parameters there is nothing to be told: the weights are constants, and there is a test without a file. In double it would
# not be the same network.
cat >"$work/none.rnn" <<'END'
model none {
  const limit = 2
  input z
  level = level[t-1] + 0.25 * (z - level[t-1])
  init level = 0.5
  output u = clip(limit * level, -1, 1)
}
END
for kind in "" --plain-c; do
  "$rnnc" "$work/none.rnn" --freestanding $kind --self-test -o "$work/alone.c"
  compile alone
  cc "$work/alone.o" -o "$work/alone"
  "$work/alone" || fail "without parameters $kind: the self-test returns $?"
done
for header in "" "--header=$work/none.h"; do
  "$rnnc" "$work/none.rnn" --freestanding --plain-c $header -o "$work/none.c"
  cc -DRNN_REAL_DOUBLE -fsyntax-only "$work/none.c" 2>"$work/told" && fail "RNN_REAL_DOUBLE is taken, and changes nothing"
  grep -q 'error.*computes in float: compile it without RNN_REAL_DOUBLE' "$work/told" || { cat "$work/told" >&2; fail "no word on RNN_REAL_DOUBLE"; }
done

# Shared by the tests of rnnc --freestanding. `. common.sh BUILD` behind work=FOLDER, a scratch folder.
project=$(cd "$(dirname "$0")/.." && pwd)
[ -d "$project/runtime" ] || project=$(cd "$project/.." && pwd)
rnnc=$1/bin/rnnc

fail() { echo "${0##*/}: $*" >&2; exit 1; }

# draw_weights SOURCE FILE ARGUMENT...: writes a network's start values to a weights file.
draw_weights() {
  source=$1 weights=$2
  shift 2
  "$rnnc" "$source" --prefix=net --header="$work/net.h" -o "$work/net.c" -fthreads=serial "$@" || fail "no C for $source"
  cat >"$work/draw.c" <<'END'
#include <stdlib.h>
#include "net.h"
int main(int count, char **arguments)
{
    rnn_error error;
    net_params *params = malloc(sizeof *params);
    return count != 2 || !params || net_init(params, 5) || net_save(params, arguments[1], &error);
}
END
  cc -O0 -w -I "$project/runtime/include" -I "$work" "$work/net.c" "$work/draw.c" "$build/lib/librnn_runtime.a" -ljansson -lm \
    -o "$work/draw" && "$work/draw" "$weights" || fail "no weights for $source"
}

# needs_nothing NM OBJECT: it calls what compilers call of their own accord, and nothing else.
needs_nothing() {
  wanted=$("$1" -u "$2" | awk '{ print $NF }' | grep -vE '^(memcpy|memmove|memset|memcmp|__aeabi_.*)$' || true)
  [ -z "$wanted" ] || fail "$2 needs $wanted"
}

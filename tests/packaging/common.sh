# Shared by the tests of packaging: a scratch folder, a consumer in it, and commands whose output is shown only where they fail.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME="$work/cache"
unset CMAKE_PREFIX_PATH

quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; echo "failed: $*" >&2; exit 1; }; }
fail() { echo "$*" >&2; exit 1; }

# reads_no_file PROGRAM: it neither holds nor needs what reads weights files.
reads_no_file() {
  nm "$1" | grep -E 'json|fopen|rnn_file_|rnn_parameters_load' && fail "$1 can read files"
  return 0
}

# same_numbers FILE FILE: two lines of comma-separated numbers, alike to 1e-5; else shows both.
same_numbers() {
  awk -F, 'NR == FNR { want[FNR] = $0; next }
    { n = split(want[FNR], w, ","); if (n != 8 || n != NF) exit 1; for (i = 1; i <= n; i++) if ((w[i] - $i) ^ 2 > 1e-10) exit 1; lines++ }
    END { exit lines != 2 }' "$1" "$2" || { cat "$1" "$2" >&2; return 1; }
}

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

# For scripts that call commands: `. expect.sh`, in a folder of their own that goes with them.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() { echo "${0##*/}: $*" >&2; exit 1; }

# expect STATUS COMMAND...: what the command prints is in out and err.
expect() {
  expected=$1
  shift
  status=0
  "$@" >out 2>err </dev/null || status=$?
  [ "$status" = "$expected" ] || { cat out err >&2; fail "exit status $status instead of $expected: $*"; }
}

# says FILE WORDS
says() { grep -qF -- "$2" "$1" || fail "$1 does not say '$2' but: $(cat "$1")"; }

# Makes the manual pages and the completions of shells from what the programs print for --help, so that these three never
# say different things.
#   pages.sh RNNC RNN FOLDER: makes FOLDER/man1/*.1, and FOLDER/{bash,zsh,fish} with the files that these shells look for
set -eu
rnnc=$1 rnn=$2 folder=$3
here=$(dirname "$0")

# help COMMAND...: its --help, with a paragraph or an option on one line.
help() { ARGP_HELP_FMT=rmargin=30000,no-dup-args-note "$@" --help; }

version=$("$rnnc" --version)
rm -rf "$folder"
mkdir -p "$folder/man1" "$folder/bash" "$folder/zsh" "$folder/fish"
commands=$(help "$rnn" | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ "$commands" ] || { echo "pages: rnn --help lists no commands" >&2; exit 1; }

# page NAME COMMAND...: its manual page, and its options as lines of a table.
page() {
  name=$1
  shift
  help "$@" >"$folder/help"
  awk -v name="$name" -v version="$version" -f "$here/help.awk" -f "$here/man.awk" "$folder/help" >"$folder/man1/$name.1"
  awk -v name="$name" -f "$here/help.awk" -f "$here/table.awk" "$folder/help" >>"$folder/table"
}
: >"$folder/table"
page rnnc "$rnnc"
page rnn "$rnn"
for command in $commands; do
  page "rnn-$command" "$rnn" "$command"
done
# completions SHELL FILE PATTERN: for the programs of the pattern.
completions() {
  grep "$3" "$folder/table" | awk -F '\t' -f "$here/$1.awk" >"$folder/$1/$2"
}
completions bash rnnc '^rnnc'
completions bash rnn '^rnn[^c]'
completions zsh _rnnc '^rnnc'
completions zsh _rnn '^rnn[^c]'
completions fish rnnc.fish '^rnnc'
completions fish rnn.fish '^rnn[^c]'
rm "$folder/help" "$folder/table"

# Manual pages and completions: they have the options of --help and no others, and shells understand them.
#   pages.sh SOURCE BUILD
. "$(dirname "$0")/common.sh"
build=$2 pages=$2/pages
cd "$work"

# options_of_help COMMAND...: names of options, one a line. Those that begin a line, at the margin.
options_of_help() {
  "$@" --help | sed -nE 's/^(  -|      --)/\1/p' | sed -E 's/^ +//; s/  .*//' | sed 's/, /\n/g' | sed -E 's/\[=.*//; s/[ =].*//' | sort -u
}
options_of_page() {
  sed -n '/^\.TP$/{n;p;}' "$1" | sed -n 's/\\-/-/g; /^\\fB-/p' | sed 's/, /\n/g' | sed -E 's/\\fB//; s/\\fR.*//' | sort -u
}
commands=$("$build/bin/rnn" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
for name in rnnc rnn $(echo "$commands" | sed 's/^/rnn-/'); do
  case $name in
    rnn-*) options_of_help "$build/bin/rnn" "${name#rnn-}" ;;
    *) options_of_help "$build/bin/$name" ;;
  esac >help
  options_of_page "$pages/man1/$name.1" >page
  [ "$(wc -l <page)" -ge 3 ] || fail "$name.1 has no options"
  diff help page || fail "$name.1 has other options than --help"
  if command -v groff >/dev/null 2>&1; then
    groff -man -ww -Tutf8 "$pages/man1/$name.1" >/dev/null 2>warnings
    [ ! -s warnings ] || fail "$name.1: $(cat warnings)"
  fi
done
[ "$(ls "$pages/man1" | wc -l)" = $((2 + $(echo "$commands" | wc -l))) ] || fail "pages of no command: $(ls "$pages/man1")"
grep -qF 'compile the equations of a recurrent network to C' "$pages/man1/rnnc.1" || fail "rnnc.1 has no summary"

# completes PROGRAM WORDS -- EXPECTED: what bash offers for the last word.
cat >complete.sh <<'END'
. "$PAGES/bash/$1"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_$1
printf '%s\n' "${COMPREPLY[@]}"
END
offers() { PAGES=$pages bash complete.sh "$@"; }
completes() {
  want=$1
  shift
  [ "$(offers "$@" | tr '\n' ' ')" = "$want " ] || fail "bash offers for '$*': $(offers "$@")"
}
if command -v bash >/dev/null 2>&1; then
  touch net.rnn other.c
  mkdir folder
  completes "net.rnn folder" rnnc ''
  completes --error-limit= rnnc --err
  completes "-fsyntax-only" rnnc -fsy
  completes folder rnnc -I ''
  completes "text json" rnnc -fdiagnostics-format = ''
  completes explain rnnc --emit = ex
  completes train rnn tr
  completes --lengths= rnn run --len
  completes "loss accuracy bpc mse" rnn factor --metric ''
  options_of_help "$build/bin/rnnc" | grep -v '^-f\[\|^-M$' >help
  offers rnnc - | sed 's/=$//' | sort -u >offered
  [ -z "$(comm -23 help offered)" ] || fail "bash does not complete: $(comm -23 help offered)"
  # Each word that is offered is one that rnnc takes.
  cp "$1/tests/packaging/consumer/elman.rnn" net.rnn
  for option in --emit --target --machine -fthreads; do
    [ "$(offers rnnc "$option" = '' | wc -l)" -ge 5 ] || fail "no words for $option"
    for word in $(offers rnnc "$option" = '' | grep -v '\.\|folder'); do
      [ -e "$word" ] || quietly "$build/bin/rnnc" "$option=$word" net.rnn -o net.out
    done
    "$build/bin/rnnc" "$option=?" net.rnn 2>said && fail "$option takes ?"
    for word in $(sed -n "s/.* wants \(.*\), \(not '?'\|or a file\).*/\1/p" said | sed 's/, \| or / /g'); do
      offers rnnc "$option" = '' | grep -qx -- "$word" || fail "bash does not offer $option=$word"
    done
  done
fi
if command -v zsh >/dev/null 2>&1; then
  zsh -n "$pages/zsh/_rnnc" && zsh -n "$pages/zsh/_rnn" || fail "zsh does not take its completions"
fi
if command -v fish >/dev/null 2>&1; then
  fish --no-config -c "source $pages/fish/rnnc.fish; source $pages/fish/rnn.fish
    complete -C 'rnnc --err'; complete -C 'rnnc --emit=ex'; complete -C 'rnnc -fsy'; complete -C 'rnn tr'; complete -C 'rnnc -fthreads=un'" |
    cut -f1 | tr '\n' ' ' >fish
  [ "$(cat fish)" = "--error-limit --emit=explain -fsyntax-only train -fthreads=units " ] || fail "fish offers: $(cat fish)"
fi

# For the scripts of this folder: `. arguments.sh`, which prints the comment at the top of a script for --help, and says what is wrong
# with its arguments.
script=bench/${0##*/}
case "${1:-}" in -h | --help) sed -n '2,/^[^#]/ s/^# \{0,1\}//p' "$0"; exit 0 ;; esac

# wrong TEXT: ends the script, whose arguments are wrong
wrong() { echo "$script: $1; \`sh $script --help\` says how it is called" >&2; exit 2; }
fail() { echo "$script: $1" >&2; exit 1; }

# number NAME TEXT
number() { case $2 in '' | 0* | *[!0-9]*) wrong "$1 is a number from 1 on, not '$2'" ;; esac; }

# network NAME: one of nets/
network() { [ -f "$root/bench/nets/$1.rnn" ] || wrong "there is no network '$1' in bench/nets: $(cd "$root/bench/nets" && echo *.rnn | sed 's/\.rnn//g')"; }

# programs FOLDER FILE...: a build that has these; prints its whole name
programs() {
  [ -d "$1" ] || wrong "there is no build folder '$1'"
  folder=$1
  shift
  for file; do [ -f "$folder/$file" ] || wrong "there is no '$folder/$file': build the project, or name another build folder"; done
  cd "$folder" && pwd
}

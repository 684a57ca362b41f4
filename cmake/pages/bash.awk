# Prints completions for bash of a program, rnnc or rnn with its commands, from lines of table.awk.
function add(to, word) { to[$1] = to[$1] (to[$1] == "" ? "" : " ") word }
function value_of(option) {
  if ($6 != "")
    kind = "COMPREPLY=($(compgen -W '" $6 "' -- \"$current\"))"
  else if ($5 ~ /FOLDER/)
    kind = "COMPREPLY=($(compgen -d -- \"$current\"))"
  else if ($5 ~ /FILE/)
    kind = "COMPREPLY=($(compgen -f -- \"$current\"))"
  else
    kind = "COMPREPLY=()"
  if ($6 != "" && $5 ~ /FILE/)
    kind = kind " && COMPREPLY+=($(compgen -f -- \"$current\"))"
  values[$1] = values[$1] "        " option ") " kind " ;;\n"
}
!($1 in seen) { seen[$1] = 1; names[++count] = $1 }
$2 == "" && $3 !~ /^-/ { commands = commands (commands == "" ? "" : " ") $3; next }
$2 != "" { add(options, $2) }
$3 != "" { add(options, $3 ($4 == "=" ? "=" : "")) }
$5 != "" && $3 != "" { value_of($3) }
$5 != "" && $2 != "" { value_of($2) }
END {
  program = names[1]
  print "# Completions of " program ", made from its --help."
  print "_" program "_value() {"
  print "  case $1 in"
  for (i = 1; i <= count; i++)
    if (values[names[i]] != "")
      print "    " names[i] ")\n      case $2 in\n" values[names[i]] "        *) return 1 ;;\n      esac ;;"
  print "    *) return 1 ;;\n  esac\n  return 0\n}"
  print "_" program "_options() {\n  case $1 in"
  for (i = 1; i <= count; i++)
    print "    " names[i] ") echo '" options[names[i]] "' ;;"
  print "  esac\n}"
  print "_" program "() {"
  print "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} page=" program
  print "  COMPREPLY=()"
  if (commands != "") {
    print "  if [ \"$COMP_CWORD\" = 1 ]; then"
    print "    COMPREPLY=($(compgen -W '" commands " --help --version' -- \"$current\"))"
    print "    return"
    print "  fi"
    print "  page=" program "-${COMP_WORDS[1]}"
  }
  print "  # bash takes --emit=c for three words."
  print "  if [ \"$current\" = = ]; then"
  print "    current="
  print "  elif [ \"$before\" = = ] && [ \"$COMP_CWORD\" -gt 2 ]; then"
  print "    before=${COMP_WORDS[COMP_CWORD - 2]}"
  print "  fi"
  print "  _" program "_value \"$page\" \"$before\" && return"
  print "  if [[ $current == -* ]]; then"
  print "    COMPREPLY=($(compgen -W \"$(_" program "_options \"$page\")\" -- \"$current\"))"
  print "    if [[ ${COMPREPLY[0]-} == *= ]]; then compopt -o nospace 2>/dev/null; fi"
  print "  else"
  print "    COMPREPLY=($(compgen -f -X '!*.rnn' -- \"$current\") $(compgen -d -- \"$current\"))"
  print "  fi"
  print "  return 0"
  print "}"
  print "complete -o filenames -F _" program " " program
}

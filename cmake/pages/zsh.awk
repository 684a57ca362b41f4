# Prints completions for zsh of a program, rnnc or rnn with its commands, from lines of table.awk.
function quoted(words) {
  gsub(/[][\\:]/, "\\\\&", words)
  gsub(/'/, "'\\''", words)
  return words
}
# A specification of _arguments: every option may come again.
function add(option, separator) {
  spec = "*" option (separator == "=" ? "=" : $5 == "" ? "" : "+") "[" quoted($7) "]"
  if ($5 != "")
    spec = spec ":" quoted($5) ":" ($6 != "" ? "(" $6 ")" : $5 ~ /FOLDER/ ? "_files -/" : $5 ~ /FILE/ ? "_files" : "")
  specs[$1] = specs[$1] "    '" spec "' \\\n"
}
!($1 in seen) { seen[$1] = 1; names[++count] = $1 }
$2 == "" && $3 !~ /^-/ {
  commands = commands "      '" $3 ":" quoted($7) "'\n"
  next
}
$2 != "" { add($2, "") }
$3 != "" { add($3, $4) }
END {
  program = names[1]
  print "#compdef " program
  print "# Completions of " program ", made from its --help."
  print "_" program "_arguments() {\n  case $1 in"
  for (i = 1; i <= count; i++)
    print "  " names[i] ") _arguments \\\n" specs[names[i]] "    '*:program:_files -g \"*.rnn\"' ;;"
  print "  esac\n}"
  if (commands == "") {
    print "_" program "_arguments " program
    exit
  }
  print "_" program "_commands() {\n  local -a commands\n  commands=(\n" commands "  )\n  _describe command commands\n}"
  print "local curcontext=$curcontext state line"
  print "typeset -A opt_args"
  print "_arguments -C '(- *)--help[Give this help list]' '(- *)--version[Print program version]' \\"
  print "  '1:command:_" program "_commands' '*:: :->arguments'"
  print "[[ $state == arguments ]] && _" program "_arguments " program "-$words[1]"
}

# Prints completions for fish of rnnc, or of rnn with its commands, from lines of table.awk.
function quoted(words) {
  gsub(/[\\']/, "\\\\&", words)
  return "'" words "'"
}
# What follows the option.
function value() {
  if ($5 == "" || ($3 ~ /^-[^-]/ && $4 == "="))
    return ""
  if ($6 != "")
    return ($5 ~ /FILE/ ? " -r" : " -x") " -a " quoted($6)
  if ($5 ~ /FOLDER/)
    return " -x -a '(__fish_complete_directories)'"
  return $5 ~ /FILE/ ? " -r" : " -x"
}
# -fthreads=: a word for each value.
function spelled(n, list, k, words) {
  if ($6 == "")
    return $3 "="
  n = split($6, list, " ")
  for (k = 1; k <= n; k++)
    words = words (k > 1 ? " " : "") $3 "=" list[k]
  return words
}
$2 == "" && $3 !~ /^-/ {
  print "complete -c rnn -n __fish_use_subcommand -f -a " $3 " -d " quoted($7)
  next
}
{
  line = "complete -c " ($1 == "rnnc" ? "rnnc" : "rnn")
  if ($1 == "rnn")
    line = line " -n __fish_use_subcommand"
  else if ($1 != "rnnc")
    line = line " -n '__fish_seen_subcommand_from " substr($1, 5) "'"
  if ($2 != "")
    line = line " -s '" substr($2, 2) "'"
  if ($3 ~ /^--/)
    line = line " -l " substr($3, 3)
  else if ($3 != "")
    line = line ($4 == "=" ? " -a " quoted(spelled()) : " -o " substr($3, 2))
  print line value() " -d " quoted($7)
}
BEGIN { print "# Completions of rnnc and rnn, made from their --help." }

# Prints a line for each option that help.awk has read, with tabs between: the page's name, -o, --out, its separator (= or a
# space), its argument, the words that it takes or "", and what it does. Before them a line for each command of rnn.

# The words of an option that takes one of a list: "the machine: generic (the default), sse2 or neon" -> "generic sse2 neon".
function words_of(says, item, list) {
  gsub(/ \([^)]*\)/, "", says)
  item = "[a-z0-9-]+"
  if (!match(says, "(^|: )" item "(, " item ")*( or " item "|, " item ")([.;,]|$)"))
    return ""
  list = substr(says, RSTART, RLENGTH)
  sub(/^: /, "", list)
  sub(/[.;,]$/, "", list)
  gsub(/, | or /, " ", list)
  return list
}
function row(s, l, sep, arg, words, says) {
  gsub(/\t/, " ", says)
  print name "\t" s "\t" l "\t" sep "\t" arg "\t" words "\t" says
}
END {
  for (i = 1; i <= behinds; i++)
    if (name == "rnn" && behind[i] ~ /^  [a-z]+ +/) {
      split(behind[i], word, " ")
      says = behind[i]
      sub(/^ +[a-z]+ +/, "", says)
      row("", word[1], "", "", "", says)
    }
  for (i = 1; i <= count; i++) {
    if (kind[i] != "option" || argument[i] ~ /^D\|/) # -M is in the list as -MD, -MF and so on
      continue
    words = argument[i] ~ /^(KIND|NAME|WAY|FORMAT|WHEN|NAME\|FILE)$/ ? words_of(text[i]) : ""
    if (long[i] ~ /^-f\[no-\]/) {
      off = long[i]
      sub(/\[no-\]/, "", long[i])
      sub(/\[no-\]/, "no-", off)
      row("", off, "", "", "", "do not " text[i])
    }
    row(short[i], long[i], separator[i], argument[i], words, text[i])
  }
}

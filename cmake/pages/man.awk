# Prints a manual page, from what help.awk has read. Set: name (rnn-run) and version (rnnc 0.1.0).
function roff(words) {
  gsub(/\\/, "\\e", words)
  gsub(/-/, "\\-", words)
  gsub(/'/, "\\(aq", words)
  gsub(/`/, "\\(ga", words)
  return words ~ /^\./ ? "\\&" words : words
}
function heading(title) { print ".SH " title }

# The names of option i: what is typed in bold, what stands for something in italics.
function print_names(i, list, n, k, at, line) {
  n = split(names[i], list, ", ")
  line = ""
  for (k = 1; k <= n; k++) {
    at = match(list[k], list[k] ~ /^-f\[/ ? "=" : "[= []")
    line = line (k > 1 ? ", " : "") "\\fB" roff(at ? substr(list[k], 1, at - 1) : list[k]) "\\fR"
    if (at)
      line = line roff(substr(list[k], at, 1)) "\\fI" roff(substr(list[k], at + 1)) "\\fR"
  }
  print ".TP\n" line
}

# Paragraphs, and lists of names, which are lines that begin with two spaces.
function print_lines(lines, n, i, at, line) {
  for (i = 1; i <= n; i++) {
    line = lines[i]
    if (line == "")
      print ".PP"
    else if (line ~ /^  [^ ]+  +/) {
      sub(/^ +/, "", line)
      at = match(line, /  +/)
      print ".TP\n\\fB" roff(substr(line, 1, at - 1)) "\\fR\n" roff(substr(line, at + RLENGTH))
    } else
      print roff(line)
  }
}

END {
  summary = befores ? before[1] : ""
  if (sub(/^[a-z]+ -- /, "", summary)) # no more than a summary
    befores = 0
  first = summary
  sub(/\.$/, "", first)
  sub(/[.:] .*/, "", first)
  printf ".TH %s 1 \"\" \"%s\" \"User Commands\"\n", toupper(roff(name)), roff(version)
  heading("NAME")
  print roff(name) " \\- " tolower(substr(first, 1, 1)) roff(substr(first, 2))
  heading("SYNOPSIS")
  for (i = 1; i <= usages; i++)
    print (i > 1 ? ".br\n" : "") roff(usage[i])
  heading("DESCRIPTION")
  before[1] = summary
  sub(/:$/, ".", before[1])
  print_lines(before, befores)

  # The sentences on the exit status are a section of their own.
  for (i = 1; i <= behinds; i++)
    if ((at = index(behind[i], "Exit status: "))) {
      status = substr(behind[i], at + 13)
      behind[i] = substr(behind[i], 1, at - 2)
    }
  while (behinds && behind[behinds] == "")
    behinds--
  if (behinds) {
    if (befores)
      print ".PP"
    print_lines(behind, behinds)
  }
  heading("OPTIONS")
  for (i = 1; i <= count; i++) {
    if (kind[i] == "part")
      print ".SS " roff(text[i])
    else {
      if (long[i] == "--help")
        print ".SS Help:"
      print_names(i)
      print roff(text[i])
    }
  }
  if (status) {
    heading("EXIT STATUS")
    print roff(status)
  }
  heading("SEE ALSO")
  print name == "rnn" ? ".BR rnnc (1)" : name == "rnnc" ? ".BR rnn (1)" : ".BR rnn (1),\n.BR rnnc (1)"
}

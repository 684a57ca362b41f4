# Reads what a program prints for --help, as argp sets it with lines of any length. Afterwards:
#   usage[1..usages], before[1..befores], behind[1..behinds]: the lines above and below the options
#   kind[i], for i in 1..count: "part" with text[i], or "option" with
#     names[i] as printed, short[i] (-o), long[i] (--out, or a word such as -fsyntax-only), argument[i] and text[i]
function read_option(line, at, list, n, k) {
  sub(/^ +/, "", line)
  kind[++count] = "option"
  at = match(line, /  +/)
  text[count] = at ? substr(line, at + RLENGTH) : ""
  names[count] = at ? substr(line, 1, at - 1) : line
  n = split(names[count], list, ", ")
  for (k = 1; k <= n; k++)
    read_name(list[k])
}
function read_name(name, at) {
  if (name ~ /^-[^-]( |$)/) { # -o FILE
    short[count] = substr(name, 1, 2)
    if (name ~ / /)
      argument[count] = substr(name, 4)
    return
  }
  at = match(name, name ~ /^--/ ? "[=[]" : "[= ]") # --out=FILE, -MF FILE, -fthreads=WAY
  long[count] = at ? substr(name, 1, at - 1) : name
  if (at)
    argument[count] = substr(name, at + 1)
  separator[count] = at ? substr(name, at, 1) : ""
}
function is_option(line) { return line ~ /^ ( |     )--?[^ -]/ }

/^Usage: / { usage[++usages] = substr($0, 8); next }
/^  or: / { usage[++usages] = substr($0, 7); next }
is_option($0) { read_option($0); next }
count && !behinds && /^          / { # what an option with a long name does
  sub(/^ +/, "")
  text[count] = $0
  next
}
!behinds && /^ [^ ].*:$/ { kind[++count] = "part"; text[count] = substr($0, 2); next }
!behinds && count && $0 == "" { next }
!count { before[++befores] = $0; next }
{ behind[++behinds] = $0 }

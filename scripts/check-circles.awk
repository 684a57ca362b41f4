# Finds circles of files within a folder: A calls a function of B, which calls one of C, which calls one of A.
#   awk -v tables="LAYERS ..." -f check-circles.awk FILES FILES        (the files twice: definitions, then calls)
# A line `circle FOLDER: A B ... # why` in a table lists files of an intended circle. Prints circles that are not listed, and
# lists that are no circle; exit 1 if there are any.

function folder_of(path) { sub(/\/[^\/]*$/, "", path); return path }
function name_of(path) { sub(/.*\//, "", path); sub(/\.c$/, "", path); return path }

# Returns the line without comments and strings.
function clean(line,  out, at) {
  if (within) {
    at = index(line, "*/")
    if (!at) return ""
    line = substr(line, at + 2)
    within = 0
  }
  gsub(/\\./, "", line)
  gsub(/"[^"]*"/, "\"\"", line)
  gsub(/'[^']*'/, "", line)
  while ((at = index(line, "/*"))) {
    out = substr(line, 1, at - 1)
    line = substr(line, at + 2)
    at = index(line, "*/")
    if (!at) { within = 1; return out }
    line = out " " substr(line, at + 2)
  }
  return line
}

# Returns the last name in a text.
function last_name(text) {
  sub(/[^A-Za-z0-9_]+$/, "", text)
  sub(/.*[^A-Za-z0-9_]/, "", text)
  return text
}

function define(line,  head) {
  if (line !~ /^[a-z_]/ || line ~ /^(struct|enum|union) [a-z_]+( {|;)/ || line ~ /^(typedef|extern)/) return
  head = line
  if (line ~ /^[^(]* = /) sub(/(\[[^=]*)? = .*/, "", head)
  else if (!sub(/\(.*/, "", head)) return
  if (line ~ /^static/) own[FILENAME, last_name(head)] = 1
  else home[folder, last_name(head)] = file
}

function call(line,  name, after, before, to) {
  while (match(line, /[A-Za-z_][A-Za-z0-9_]*/)) {
    before = substr(line, 1, RSTART - 1)
    name = substr(line, RSTART, RLENGTH)
    line = after = substr(line, RSTART + RLENGTH)
    if ((folder, name) in home && !((FILENAME, name) in own) && before !~ /(\.|->)$/ && (after ~ /^\(/ || name ~ /_argp$/)) {
      to = home[folder, name]
      if (to != file && !((folder, file, to) in calls)) calls[folder, file, to] = name
    }
  }
}

BEGIN {
  table_count = split(tables, table, " ")
  for (t = 1; t <= table_count; t++) {
    below = table[t]
    sub(/\/[^\/]*$/, "", below)
    while ((getline line < table[t]) > 0) {
      sub(/#.*/, "", line)
      if (line !~ /^circle /) continue
      colon = index(line, ":")
      listed = below "/" substr(line, 8, colon - 8)
      n = split(substr(line, colon + 1), member, " ")
      for (i = 1; i <= n; i++) { meant[listed, member[i]] = ++circle_count; list_folder[circle_count] = listed }
      for (i = 1; i <= n; i++) { meant[listed, member[i]] = circle_count; member_name[listed, member[i]] = member[i] }
    }
  }
}

FNR == 1 {
  folder = folder_of(FILENAME)
  file = name_of(FILENAME)
  within = 0
  second = FILENAME in seen
  if (!second) {
    seen[FILENAME] = 1
    files[folder, ++count[folder]] = file
    folders[folder] = 1
  }
}
{ line = clean($0) }
line ~ /^[ \t]*#/ { next }
second { call(line); next }
{ define(line) }

END {
  for (folder in folders) {
    n = count[folder]
    for (i = 1; i <= n; i++)
      for (k = 1; k <= n; k++)
        reach[i, k] = (folder, files[folder, i], files[folder, k]) in calls
    for (m = 1; m <= n; m++)
      for (i = 1; i <= n; i++)
        if (reach[i, m])
          for (k = 1; k <= n; k++)
            if (reach[m, k]) reach[i, k] = 1
    for (i = 1; i <= n; i++) {
      if (reach[i, i]) circular[folder, files[folder, i]] = 1
      for (k = 1; k <= n; k++) {
        a = files[folder, i]
        b = files[folder, k]
        if (i == k || !reach[i, k] || !reach[k, i] || !((folder, a, b) in calls)) continue
        if ((folder, a) in meant && (folder, b) in meant && meant[folder, a] == meant[folder, b]) continue
        print folder ": " a ".c calls " calls[folder, a, b] " of " b ".c, which in the end calls " a ".c" | "LC_ALL=C sort"
        bad = 1
      }
    }
  }
  for (pair in meant) {
    split(pair, part, SUBSEP)
    if (!((part[1], part[2]) in circular)) {
      print part[1] ": " part[2] ".c is in no circle, but listed" | "LC_ALL=C sort"
      bad = 1
    }
  }
  close("LC_ALL=C sort")
  exit bad
}

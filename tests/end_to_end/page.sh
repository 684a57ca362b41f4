#!/bin/sh
# Pages of --emit=html are sound: elements are closed in order, each id is there once, each reference leads to one, text is
# escaped, nothing comes from elsewhere, and a second run writes the same bytes.
#   page.sh RNNC ROOT
set -eu
rnnc=$1
root=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/check.awk" <<'AWK'
BEGIN { RS = "<" }
function wrong(what) { print page ": " what; bad = 1 }
function refer(pattern, prefix, rest,  name) { # all references of a kind in a tag
  while (match(rest, pattern)) {
    name = substr(rest, RSTART + prefix, RLENGTH - prefix - 1)
    wanted[name] = 1
    rest = substr(rest, RSTART + RLENGTH)
  }
}
NR == 1 { next }
/^!DOCTYPE/ { next }
{
  end = index($0, ">")
  if (!end) { wrong("a tag without end: " substr($0, 1, 60)); next }
  tag = substr($0, 1, end - 1)
  text = substr($0, end + 1)
  name = tag
  sub(/[ \n\/].*/, "", name)
  if (substr(tag, 1, 1) == "/") {
    name = substr(tag, 2)
    if (stack[depth] != name) wrong("</" name "> closes <" stack[depth] ">")
    depth--
  } else {
    attributes = substr(tag, length(name) + 1)
    sub(/\/$/, "", attributes)
    check = attributes
    gsub(/ [a-zA-Z0-9-]+="[^"<]*"/, "", check)
    if (check !~ /^( open)?$/) wrong("attributes: " tag)
    if (match(attributes, / id="[^"]*"/)) {
      id = substr(attributes, RSTART + 5, RLENGTH - 6)
      if (id in ids) wrong("id " id " twice")
      ids[id] = 1
    }
    refer(" href=\"#[^\"]*\"", 8, attributes)
    refer(" aria-labelledby=\"[^\"]*\"", 18, attributes)
    refer("url\\(#[^)]*\\)", 5, attributes)
    if (attributes ~ / (src|srcset|action)=|https?:|@import| href="[^#]/) wrong("from elsewhere: " tag)
    if (tag !~ /\/$/ && name != "meta") stack[++depth] = name
  }
  if (name == "style" || name == "script") { if (text ~ /https?:|@import|url\(|fetch/) wrong(name " asks for more"); next }
  if (text ~ />/) wrong("a > in text: " substr(text, 1, 60))
  gsub(/&(amp|lt|gt|quot|#39);/, "", text)
  if (text ~ /&/) wrong("a & in text: " substr(text, 1, 60))
}
END {
  if (depth) wrong("<" stack[depth] "> stays open")
  for (name in wanted) if (!(name in ids)) wrong("no #" name)
  exit bad
}
AWK

# Takes the C out of a page, and looks for each region's in the file that rnnc emits.
cat >"$work/code.awk" <<'AWK'
function plain(line) {
  gsub(/<[^>]*>/, "", line)
  gsub(/&lt;/, "<", line); gsub(/&gt;/, ">", line); gsub(/&quot;/, "\"", line); gsub(/&#39;/, "'", line); gsub(/&amp;/, "\\&", line)
  return line
}
FNR == NR { emitted = emitted $0 "\n"; next }
/<section id="region-/ { regions++ }
/<pre class="c"/ { inside = 1; block = ""; count++ }
inside { block = block (block == "" ? "" : "\n") plain($0) }
/<.pre>/ && inside {
  inside = 0
  if (!index(emitted, block)) { print page ": this is not in the C: " block; bad = 1 }
}
END { if (regions && !count) { print page ": no C"; bad = 1 } exit bad }
AWK

pages=0
check() {
  "$rnnc" --emit=html "$@" -o "$work/page.html"
  "$rnnc" --emit=html "$@" >"$work/again.html"
  cmp "$work/page.html" "$work/again.html"
  awk -v page="$*" -f "$work/check.awk" "$work/page.html"
  "$rnnc" "$@" -o "$work/emitted.c"
  awk -v page="$*" -f "$work/code.awk" "$work/emitted.c" "$work/page.html"
  pages=$((pages + 1))
}

cd "$root"
for program in examples/*/*.rnn tests/end_to_end/corners/*.rnn; do
  check "$program"
  ! grep -q '^ *loss ' "$program" || check "$program" --train
done
check examples/lstm/lstm.rnn --machine=avx512 -D n=64
check examples/stacked/stacked.rnn -fthreads=wavefront
check examples/char_lm/char_lm.rnn --train -fthreads=wavefront
grep -q 'run as a wavefront' "$work/page.html"

# Marks of many regions in one place have a label that fits the chart.
awk 'BEGIN {
  print "model wide {\n  input x[8]"
  for (i = 0; i < 60; i++) print "  param W" i "[8, 8]\n  h" i " = tanh(W" i " @ x + h" i "[t-1])\n  output y" i " = h" i
  print "}"
}' >"$work/wide.rnn"
check "$work/wide.rnn"
grep -q 'class="number"[^>]*>[0-9 ]* +[0-9]*<' "$work/page.html" || { echo "page.sh: no label says that there are more"; exit 1; }
! grep -q 'class="number"[^>]*>[^<]\{30\}' "$work/page.html" || { echo "page.sh: a label is too long"; exit 1; }
echo "$pages pages are sound"

# refuse WHAT PAGE: the check finds what is wrong.
refuse() {
  ! printf %s "$2" | awk -v page="$1" -f "$work/check.awk" >/dev/null || { echo "page.sh: $1 was not found"; exit 1; }
}
sed 's/const<.span> /const<\/span>  /' "$work/page.html" >"$work/again.html"
! awk -v page=code -f "$work/code.awk" "$work/emitted.c" "$work/again.html" >/dev/null || { echo "page.sh: other C was not found"; exit 1; }
refuse nesting '<p id="a"><b>x</p></b>'
refuse twice '<p id="a">x</p><p id="a">y</p>'
refuse reference '<p id="a">x</p><a href="#b">y</a>'
refuse escape '<p id="a">x & y</p>'
refuse source '<img src="a.png"/>'
refuse script '<script>fetch("a")</script>'

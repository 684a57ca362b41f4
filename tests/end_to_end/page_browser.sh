#!/bin/sh
# Pages of --emit=html in a browser: the console stays silent, every part is to be seen, nothing is wider than the window, and
# text fits its box. Skipped where there is no chromium (scripts/install-deps.sh browser).
#   page_browser.sh RNNC ROOT [FOLDER]        keeps pages and screenshots in FOLDER
set -eu
rnnc=$1
root=$2
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
  { echo "skipped: there is no chromium"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kept=${3:-$work}
mkdir -p "$kept"

# What the test asks of the page, from within.
cat >"$work/ask.js" <<'JS'
const wrong = [];
for (const id of ['graph', 'graph-of-regions', 'roofline-chart', 'threads-1', 'threads-16', 'regions', 'program', 'machine']) {
  const place = document.getElementById(id) && document.getElementById(id).getBoundingClientRect();
  if (!place || place.width < 20 || place.height < 20) wrong.push(id + ' is not to be seen');
}
if (document.documentElement.scrollWidth > innerWidth) wrong.push('the page is wider than the window');
for (const box of document.querySelectorAll('.box'))
  for (const text of box.querySelectorAll('text'))
    if (text.getComputedTextLength() > box.querySelector('rect').getBBox().width) wrong.push('too wide: ' + text.textContent);
for (const svg of document.querySelectorAll('svg.graph, svg.chart'))
  for (const text of svg.querySelectorAll('text')) {
    const a = text.getBoundingClientRect(), b = svg.getBoundingClientRect();
    if (a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1)
      wrong.push('outside of ' + svg.id + ': ' + text.textContent);
  }
for (const svg of document.querySelectorAll('svg.graph')) {
  const places = [...svg.querySelectorAll('rect')].map((rect) => rect.getBBox());
  places.forEach((a, i) => places.slice(i + 1).forEach((b) => {
    if (a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height)
      wrong.push('boxes of ' + svg.id + ' overlap');
  }));
}
const region = document.querySelector('.box[data-region]');
region.dispatchEvent(new MouseEvent('mouseenter'));
if (document.querySelectorAll('.lit').length < 2) wrong.push('a region does not light up');
region.dispatchEvent(new MouseEvent('mouseleave'));
if (document.querySelector('.lit')) wrong.push('a region stays lit');
document.title = 'asked';
document.body.insertAdjacentHTML('beforeend', '<p id="verdict"></p>');
document.getElementById('verdict').textContent = 'verdict: ' + (wrong.join('; ') || 'good');
JS

# open WIDTH ARGUMENT...: runs the browser on a page.
open() {
  width=$1
  shift
  timeout 100 "$chromium" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --no-first-run \
    --user-data-dir="$work/profile" --window-size="$width,3000" --enable-logging=stderr "$@"
}

# look NAME ARGUMENT...: a page at two widths.
look() {
  name=$1
  shift
  "$rnnc" --emit=html "$@" -o "$kept/$name.html"
  { sed '/^<\/body>/,$d' "$kept/$name.html"; echo '<script>'; cat "$work/ask.js"; echo '</script></body></html>'; } >"$work/asked.html"
  for wide in 1280 400; do
    open "$wide" --dump-dom "file://$work/asked.html" >"$work/dom" 2>"$work/log"
    open "$wide" --screenshot="$kept/$name-$wide.png" "file://$kept/$name.html" >/dev/null 2>>"$work/log"
    ! grep CONSOLE "$work/log" || { echo "$name at $wide: the console says so"; exit 1; }
    grep -q 'verdict: good' "$work/dom" || { echo "$name at $wide: $(grep -o '>verdict: .*' "$work/dom")"; exit 1; }
    [ "$(wc -c <"$kept/$name-$wide.png")" -gt 10000 ] || { echo "$name at $wide: there is nothing on the picture"; exit 1; }
  done
}

cd "$root"
kept=$(cd "$kept" && pwd)
look elman examples/elman/elman.rnn
look stacked examples/stacked/stacked.rnn
look bidirectional examples/bidirectional/bidirectional.rnn
look attentive_pooling examples/attentive_pooling/attentive_pooling.rnn
look rnnoise examples/rnnoise/rnnoise.rnn
look training examples/japanese_vowels/japanese_vowels.rnn --train
echo "6 pages are to be seen at both widths"

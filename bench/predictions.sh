#!/bin/sh
# The cost model beside the clock: for each network, size and number of streams, what `rnnc --emit=explain` predicts for a
# call over what `rnn bench` measures. Prints tables as in docs/performance.md, and how many predictions are within 15 %.
#   rnn tune -o machine.json && sh bench/predictions.sh machine.json [NETWORK...]      (default: lstm gru sru)
# With $OMP_NUM_THREADS other than 1 (the default), the predictions for all cores of the machine are used. BUILD is the
# folder of the programs (build), CFLAGS those of the machine file, ROUNDS (3) how often each call is measured: the best counts,
# as what else runs makes a call only slower.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/arguments.sh"
[ $# -gt 0 ] || wrong "which machine? A file of \`rnn tune\`"
machine=$1
shift
[ $# -gt 0 ] || set -- lstm gru sru
for network; do network "$network"; done
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
number OMP_NUM_THREADS "$OMP_NUM_THREADS"
number ROUNDS "${ROUNDS:=3}"
build=$(cd "$root" && programs "${BUILD:-build}" bin/rnn bin/rnnc)
bin=$build/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# predicted NETWORK UNITS: a line for 1, 4, 16 and 64 streams
predicted() {
  "$bin/rnnc" --machine="$machine" --emit=explain -D "n=$2" -o "$work/explained" "$root/bench/nets/$1.rnn" || fail "nothing is predicted"
  awk -v threads="$OMP_NUM_THREADS" '/^predicted/ { here = 1 } here && $1 == threads && $2 ~ /^thread/ { for (i = 3; i <= NF; i++) print $i }' \
    "$work/explained"
}

# measured NETWORK UNITS STREAMS: microseconds a frame
measured() {
  frames=96
  [ "$2" -lt 512 ] || frames=48
  for round in $(seq "$ROUNDS"); do
    "$bin/rnn" bench --machine="$machine" -D "n=$2" --streams "$3" --frames $frames --seconds 0.2 "$root/bench/nets/$1.rnn" ||
      fail "$1 of $2 units is not measured"
  done >"$work/figures"
  awk '$1 == "run" { if (!best || $2 < best) best = $2 } END { print best }' "$work/figures"
}

echo "| network, units | 1 stream | 4 streams | 16 streams | 64 streams |"
echo "|---|--:|--:|--:|--:|"
for network; do
  for units in 16 32 64 128 256 512 1024; do
    predicted "$network" "$units" >"$work/predicted"
    [ "$(wc -l <"$work/predicted")" = 4 ] ||
      fail "'$machine' has no predictions for $OMP_NUM_THREADS threads: OMP_NUM_THREADS is 1, or the number of its cores"
    for streams in 1 4 16 64; do measured "$network" "$units" "$streams"; done >"$work/measured"
    paste "$work/predicted" "$work/measured" | tee -a "$work/all" |
      awk -v row="$network $units" '{ row = row sprintf(" | %s / %.2f", $2, $1 / $2) } END { print "| " row " |" }'
  done
done
awk '{ r = $1 / $2; n++; near += r > 1 / 1.15 && r < 1.15; logs += log(r); if (!least || r < least) least = r; if (r > most) most = r }
  END { printf "\n%d predictions, %d (%.0f %%) within 15 %%; ratios %.2f to %.2f, geometric mean %.2f\n", n, near, 100 * near / n, least, most, exp(logs / n) }' "$work/all"

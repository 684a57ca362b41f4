#!/bin/sh
# The compiler's choice among ways to use threads, beside each way by force: time of -fthreads=auto over the best.
#   sh bench/choices.sh [-machine FILE] THREADS [NETWORK:UNITS:STREAMS...]      (default: a list of points)
# Prints a line for each point, and in how many the choice is within 15 % of the best. BUILD is the folder of the programs
# (build); ROUNDS (3) how often each way is measured, in turn: the best counts, as what else runs makes a call only slower.
# CALL (run) is the line of `rnn bench` that counts: step, run, or gradient with BENCH=--train; EXTRA goes to rnn bench too.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/arguments.sh"
machine=
if [ "${1:-}" = -machine ]; then
  [ $# -gt 1 ] || wrong "-machine wants a file of \`rnn tune\`"
  machine=--machine=$2
  shift 2
fi
[ $# -gt 0 ] || wrong "how many threads?"
threads=$1
shift
number THREADS "$threads"
number ROUNDS "${ROUNDS:=3}"
case "${CALL:=run},${BENCH:-}" in
  run,* | step,* | gradient,*--train*) ;;
  gradient,*) wrong "CALL=gradient needs BENCH=--train" ;;
  *) wrong "CALL is step, run or gradient, not '$CALL'" ;;
esac
build=$(cd "$root" && programs "${BUILD:-build}" bin/rnn bin/rnnc)
[ $# -gt 0 ] || set -- lstm:64:1 lstm:128:1 lstm:256:1 lstm:512:1 lstm:1024:1 gru:128:1 gru:256:1 gru:512:1 gru:1024:1 gru_before:256:1 \
  mgu:256:1 sru:256:1 highway:256:1 lstm:256:4 lstm:512:4 gru:256:4 gru:512:4 lstm:64:16 lstm:256:16 lstm:512:16 lstm:1024:16 gru:512:16 \
  sru:256:16 mgu:256:16 highway:256:16 lstm:256:64 gru:256:64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# split POINT: sets network, units and streams
split() {
  rest=${1#*:} network=${1%%:*}
  units=${rest%%:*} streams=${rest#*:}
  [ "$network:$units:$streams" = "$1" ] || wrong "'$1' is no NETWORK:UNITS:STREAMS, as lstm:64:1"
}

# measure WAY: microseconds a frame
measure() {
  "$build/bin/rnn" bench ${BENCH:-} ${EXTRA:-} ${machine:+"$machine"} "-fthreads=$1" --threads "$threads" -D "n=$units" --streams "$streams" \
    --frames 96 --seconds 0.15 "$root/bench/nets/$network.rnn" >"$work/figures" || fail "$point is not measured"
  awk -v call="$CALL" '$1 == call && $2 + 0 > 0 { print $2; found = 1 } END { exit !found }' "$work/figures" || fail "$point has no figure of $CALL"
}

for point; do
  split "$point"
  network "$network"
  number "the units of '$point'" "$units"
  number "the streams of '$point'" "$streams"
done

ways="serial streams units rows wavefront auto"
printf '%-20s' "units and streams"
for way in $ways; do printf '%11s' "$way"; done
printf '%9s\n' "/ best"
for point; do
  split "$point"
  for round in $(seq "$ROUNDS"); do
    for way in $ways; do
      printf '%s ' "$way"
      measure "$way"
    done
  done >"$work/times"
  awk -v point="$point" -v ways="$ways" '
    NF == 2 && (!($1 in best) || $2 < best[$1]) { best[$1] = $2 }
    END {
      line = sprintf("%-20s", point)
      for (i = split(ways, way, " "); i > 0; i--) if (way[i] != "auto" && (way[i] in best) && (!least || best[way[i]] < least)) least = best[way[i]]
      for (i = 1; i in way; i++) line = line sprintf("%11s", (way[i] in best) ? best[way[i]] : "-")
      printf "%s%9.2f\n", line, best["auto"] / least
    }' "$work/times" | tee -a "$work/all"
done
awk '{ n++; near += $NF <= 1.15; if ($NF > most) most = $NF } END { printf "\nwithin 15 %% of the best in %d of %d points (%.0f %%); %.2f times the best at most\n", near, n, 100 * near / n, most }' "$work/all"

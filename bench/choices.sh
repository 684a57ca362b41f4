#!/bin/sh
# The compiler's choice among ways to use threads, beside each way by force: time of -fthreads=auto over the best.
#   sh bench/choices.sh [-machine FILE] THREADS [NETWORK:UNITS:STREAMS...]      (default: a list of points)
# Prints a line for each point, and in how many the choice is within 15 % of the best. BUILD is the folder of the programs
# (build); ROUNDS (3) how often each way is measured, in turn: the best counts, as what else runs makes a call only slower.
# CALL (run) is the line of `rnn bench` that counts: step, run, or gradient with BENCH=--train; EXTRA goes to rnn bench too.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
bin=$root/${BUILD:-build}/bin
machine=
if [ "${1:-}" = -machine ]; then
  machine=--machine=$2
  shift 2
fi
threads=$1
shift
[ $# -gt 0 ] || set -- lstm:64:1 lstm:128:1 lstm:256:1 lstm:512:1 lstm:1024:1 gru:128:1 gru:256:1 gru:512:1 gru:1024:1 gru_before:256:1 \
  mgu:256:1 sru:256:1 highway:256:1 lstm:256:4 lstm:512:4 gru:256:4 gru:512:4 lstm:64:16 lstm:256:16 lstm:512:16 lstm:1024:16 gru:512:16 \
  sru:256:16 mgu:256:16 highway:256:16 lstm:256:64 gru:256:64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# measure WAY NETWORK UNITS STREAMS: microseconds a frame
measure() {
  "$bin/rnn" bench ${BENCH:-} ${EXTRA:-} $machine "-fthreads=$1" --threads "$threads" -D "n=$3" --streams "$4" --frames 96 --seconds 0.15 \
    "$root/bench/nets/$2.rnn" | awk -v call="${CALL:-run}" '$1 == call { print $2 }'
}

ways="serial streams units rows wavefront auto"
printf '%-20s' "units and streams"
for way in $ways; do printf '%11s' "$way"; done
printf '%9s\n' "/ best"
for point; do
  network=${point%%:*} rest=${point#*:}
  for round in $(seq "${ROUNDS:-3}"); do
    for way in $ways; do
      echo "$way $(measure "$way" "$network" "${rest%:*}" "${rest#*:}")"
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

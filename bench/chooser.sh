#!/bin/sh
# The choice of a form by predicted time beside the clock: an LSTM whose matrices are dense, svd(r) or cp(r), in f32, f16 or int8.
#   rnn tune -o machine.json && sh bench/chooser.sh machine.json [TIMES]
# A case has a number of units n, ranks (low: svd(n/8) or cp(n/4), high: svd(3n/4) or cp(n)), the narrowest storage that is allowed,
# streams, and frames of a call. Of its candidates the one with the least time by `rnnc --emit=predict` is compared with the one that `rnn bench`
# measures as the fastest. Prints a line for each case, in how many the choice is within 10 % of the best, how many different
# forms win, and how many choices are others on the same machine with second- and third-level caches of an eighth and of eight times the size. TIMES
# is a file where measured times are kept; those that it has are not measured again. BUILD is the folder of the programs (build), CFLAGS
# those of the machine file, ROUNDS (3) how often each form is measured, in turn: the best counts, as what else runs makes a
# call only slower. UNITS ("128 256 512 1024") and STREAMS ("1 16") make the grid smaller.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/arguments.sh"
[ $# -gt 0 ] || wrong "which machine? A file of \`rnn tune\`"
[ -f "$1" ] || wrong "there is no machine file '$1'"
machine=$1
number ROUNDS "${ROUNDS:=3}"
: "${UNITS:=128 256 512 1024}" "${STREAMS:=1 16}"
for units in $UNITS; do number UNITS "$units"; done
for streams in $STREAMS; do number STREAMS "$streams"; done
build=$(cd "$root" && programs "${BUILD:-build}" bin/rnn bin/rnnc)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
times=${2:-$work/times}
[ -f "$times" ] || : >"$times" || fail "$times cannot be written"

# forms UNITS: what a matrix may be
forms() {
  for decomposition in dense "svd($(($1 / 8)))" "cp($(($1 / 4)))" "svd($(($1 * 3 / 4)))" "cp($1)"; do
    for storage in f32 f16 int8; do echo "$decomposition,$storage"; done
  done
}

# program UNITS FORM: writes the network
program() {
  decomposition=${2%,*} kept=${2#*,}
  [ "$decomposition" = dense ] || kept="$decomposition $kept"
  case $decomposition in
    cp*)
      echo "cell LSTM[n = $1](x[n]) -> h[n] {
  param W[4, n, n] : $kept ~ normal(0.05), U[4, n, n] : $kept ~ normal(0.05), b[n]
  i = sigmoid(W[0] @ x + U[0] @ h[t-1] + b)
  f = sigmoid(W[1] @ x + U[1] @ h[t-1] + b)
  g = tanh(W[2] @ x + U[2] @ h[t-1] + b)
  o = sigmoid(W[3] @ x + U[3] @ h[t-1] + b)" ;;
    *)
      echo "cell LSTM[n = $1](x[n]) -> h[n] {
  param W[4*n, n] : $kept ~ normal(0.05), U[4*n, n] : $kept ~ normal(0.05), b[4*n]
  z_i, z_f, z_g, z_o = split(W @ x + U @ h[t-1] + b, 4)
  i = sigmoid(z_i)
  f = sigmoid(z_f)
  g = tanh(z_g)
  o = sigmoid(z_o)" ;;
  esac
  echo "  c = f * c[t-1] + i * g
  h = o * tanh(c)
}"
}

# predict UNITS FORM STREAMS FRAMES: a line of these and the microseconds a frame on the machine, and on those with other caches
predict() {
  line="$*"
  for on in "$machine" "$work/smaller.json" "$work/larger.json"; do
    "$build/bin/rnnc" --machine="$on" --emit=predict "--load=$3,$4,1" -o "$work/prediction" "$work/net.rnn" 2>"$work/warnings" ||
      fail "$2 of $1 units is not predicted: $(cat "$work/warnings")"
    line="$line $(awk -F'[:,]' '/"nanoseconds"/ { print $2 / 1000; exit }' "$work/prediction")"
  done
  echo "$line"
}

# measure UNITS FORM STREAMS: adds lines of UNITS FORM STREAMS FRAMES MICROSECONDS
measure() {
  program "$1" "$2" >"$work/net.rnn"
  "$build/bin/rnn" bench --machine="$machine" --threads 1 --streams "$3" --frames 100 --seconds 0.15 "$work/net.rnn" >"$work/figures" \
    2>"$work/warnings" || fail "$2 of $1 units is not measured: $(cat "$work/warnings")"
  awk -v key="$1 $2 $3" '$1 == "run" { print key, 100, $2 } $1 == "step" { print key, 1, $2 }' "$work/figures"
}

cp "$times" "$work/known"
for round in $(seq "$ROUNDS"); do
  for units in $UNITS; do
    for streams in $STREAMS; do
      for form in $(forms "$units"); do
        grep -qF "$units $form $streams " "$work/known" || measure "$units" "$form" "$streams"
      done
    done
  done
done >>"$times"

# scaled FACTOR: the machine with other caches, but for the first level
scaled() {
  awk -v factor="$1" '/"(second|third)_level_bytes"/ { match($0, /[0-9]+/); $0 = substr($0, 1, RSTART - 1) sprintf("%.0f", factor * substr($0, RSTART)) "," } { print }' \
    "$machine"
}
scaled 0.125 >"$work/smaller.json"
scaled 8 >"$work/larger.json"
for units in $UNITS; do
  for form in $(forms "$units"); do
    program "$units" "$form" >"$work/net.rnn"
    for streams in $STREAMS; do
      for frames in 1 100; do predict "$units" "$form" "$streams" "$frames"; done
    done
  done
done >"$work/predictions"

awk '
  function least(of, key,    i, best) {
    for (i = 1; i <= n; i++) if ((key " " name[i]) in of && (best == "" || of[key " " name[i]] < of[key " " best])) best = name[i]
    return best
  }
  function key_of(form) { return units " " streams " " frames " " form }
  FILENAME == ARGV[1] { k = $1 " " $3 " " $4 " " $2; if (!(k in time) || $5 < time[k]) time[k] = $5; next }
  { k = $1 " " $3 " " $4 " " $2; here[k] = $5; small[k] = $6; large[k] = $7; at = $1 " " $3 " " $4; if (!(at in seen)) { seen[at] = 1; order[++points] = at } forms[at] = forms[at] " " $2 }
  END {
    printf "%-38s %-16s %9s %9s %8s   %s\n", "units, streams, frames, ranks, storage", "chosen", "predicted", "measured", "/ best", "best"
    split("f32 f16 int8", storages, " ")
    for (p = 1; p <= points; p++) {
      at = order[p]
      split(at, part, " ")
      count = split(forms[at], all, " ")
      for (r = 0; r < 2; r++) {
        rank = r ? "high" : "low"
        fits["svd(" int(part[1] * (r ? 3 / 4 : 1 / 8)) ")"] = fits["cp(" int(part[1] * (r ? 1 : 1 / 4)) ")"] = at rank
        for (s = 1; s <= 3; s++) {
          n = 0
          for (i = 1; i <= count; i++) {
            split(all[i], word, ",")
            allowed = word[2] == "f32" || s == 3 || (s == 2 && word[2] == "f16")
            if (allowed && (word[1] == "dense" || fits[word[1]] == at rank)) name[++n] = all[i]
          }
          chosen = least(here, at); best = least(time, at); ratio = time[at " " chosen] / time[at " " best]
          cases++; near += ratio <= 1.1; if (ratio > most) most = ratio
          winner[best] = 1; kind = best; sub(/\([0-9]+\)/, "", kind); kinds[kind]++
          flips += least(small, at) != chosen; other += least(large, at) != chosen
          printf "%-38s %-16s %9.2f %9.2f %8.2f   %s\n", at " " rank " " storages[s], chosen, here[at " " chosen], time[at " " chosen], ratio, best
        }
      }
    }
    for (k in kinds) { different++; list = list (list ? ", " : "") k " " kinds[k] }
    for (k in time) if (k in here) { e = log(here[k] / time[k]); sum += e; squares += e * e; m++ }
    printf "\nwithin 10 %% of the best in %d of %d cases (%.0f %%); %.2f times the best at most\n", near, cases, 100 * near / cases, most
    printf "%d forms win: %s\n", different, list
    printf "with caches of an eighth of the size %d choices are others, with caches of eight times the size %d\n", flips, other
    printf "predicted over measured: %.2f on average, with a deviation of %.2f\n", exp(sum / m), exp(sqrt(squares / m - sum * sum / m / m))
  }' "$times" "$work/predictions"

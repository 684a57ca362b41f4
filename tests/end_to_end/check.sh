#!/bin/sh
# Networks that `rnn check` takes for right, and the work that it does for that.
#   check.sh RNN
set -eu
rnn=$1
. "$(dirname "$0")/expect.sh"

# A right network, whose sums of 1 and -1 in turn lose more or less digits with the order in which they are added.
cat >alternating.rnn <<'END'
model alternating { input x[256]; param W[8, 256]; output y = W @ x }
END
header='{"W":{"dtype":"F32","shape":[8,256],"data_offsets":[0,8192]}}   '
{
  printf '\100\0\0\0\0\0\0\0%s' "$header"
  ones=$(awk 'BEGIN { for (i = 0; i < 128; i++) printf "\\0\\0\\200\\277\\0\\0\\200\\77" }')
  for row in 0 1 2 3 4 5 6 7; do printf "$ones"; done
} >W.safetensors
awk 'BEGIN { for (t = 0; t < 20; t++) for (i = 0; i < 256; i++) {
  s = (s * 1103 + 12345 + t) % 65536; printf "%.9g%s", 1 + 0.002 * (s / 65536 - 0.5), i < 255 ? "," : "\n" } }' >x.csv
expect 0 "$rnn" check alternating.rnn --weights W.safetensors --input x=x.csv
says out '1 of 1 outputs agree'
# A row of a table: name, parameters, flops, microseconds a frame, error. Verdicts stand before it where they are bad.
row() { expect "$1" "$rnn" check alternating.rnn --row --weights W.safetensors --input x=x.csv ${2:-}; }
row 0
awk -F'\t' '{ exit !(NF == 5 && $1 == "alternating" && $2 == 2048 && $3 == 4096 && $4 > 0 && $5 > 0 && $5 < 1e-3) }' out ||
  fail "--row prints: $(cat out)"
[ "$(wc -l <out)" = 1 ] || fail "--row prints more than a row: $(cat out)"
row 1 "--tolerance 0"
says out "tolerance 0, TOO LARGE"
row 2 --gradients
says err "--row and --tolerance are for outputs, not for --gradients"
# Outputs of sequences after each of many steps: memory grows with the frames, not with their square.
cat >ends.rnn <<'END'
model ends { input x; h = tanh(x + h[t-1]); output m = mean_over_time(h); output h }
END
expect 0 "$rnn" check ends.rnn --frames 20 # compiles it
(ulimit -v 300000; expect 0 "$rnn" check ends.rnn --frames 5000 --streams 2)
says out '2 of 2 outputs agree with the reference (5000 frames, 2 streams)'

# Sums over time keep their digits: half of them would be lost where each of these frames rounded the sum so far.
cat >sums.rnn <<'END'
model sums { input x; output m = mean_over_time(x); output s = sum_over_time(x) }
END
yes 0.1 | head -n 30000 >tenths.csv
expect 0 "$rnn" check sums.rnn --input x=tenths.csv
says out '2 of 2 outputs agree with the reference (30000 frames, 1 streams)'

# Outputs of sequences where no value has frames.
echo 'model once_only { input x[3] once; param W[2, 3]; output y = W @ x }' >once_only.rnn
expect 0 "$rnn" check once_only.rnn --frames 5 --streams 3

# More data than the reference gets done soon: the first of it, and all on request.
cat >wide.rnn <<'END'
model wide { input x; param W[400, 400]; h = tanh(W @ h[t-1] + x); output y = sum(h) }
END
awk 'BEGIN { for (t = 0; t < 6000; t++) print (t % 7) / 7 }' >long.csv
expect 0 "$rnn" check wide.rnn --input x=long.csv
says err 'frames, since the reference is slow: --frames 6000 checks all'

# A number that is none where the reference has one is wrong, whatever comes behind it.
printf 'model too_much { input x; output y = exp(x) * exp(-x) }\n' >too_much.rnn
printf '100\n0\n0\n' >some.csv
expect 1 "$rnn" check too_much.rnn --input some.csv
says out 'y: nothing to compare: the reference overflows when it rounds to float'

# For another processor than this one: it has to have all that the other has.
expect 0 "$rnn" check ends.rnn --frames 20 --target=base
says out '2 of 2 outputs agree'
expect 2 "$rnn" check ends.rnn --target=multi
says err '--target wants what this machine can run (base'
if [ "$(uname -m)" = x86_64 ] && command -v qemu-x86_64 >/dev/null 2>&1; then
  expect 2 qemu-x86_64 -cpu Nehalem "$rnn" check ends.rnn --target=x86-64-v3
  says err "(base, x86-64-v2), not 'x86-64-v3'"
fi

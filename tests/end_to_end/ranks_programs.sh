#!/bin/sh
# Trainings of several ranks learn what one rank learns, to rounding, and the same bits from run to run: every example with a loss,
# and random programs, with sequences of different lengths.
#   ranks_programs.sh FOLDER_OF_PROGRAMS EXAMPLES
# Each program is trained by some of the numbers of ranks, in one precision; with RNN_TEST_RANKS=all by each, in both, and there are more
# random programs.
set -eu
bin=$1 examples=$2 rnn=$1/rnn
. "$(dirname "$0")/expect.sh"
. "$(dirname "$0")/mpi.sh"
all=0 random=2 seed=600001
[ "${RNN_TEST_RANKS:-}" != all ] || { all=1; random=40; }

# Of 10 sequences of up to 12 frames 5 are a batch, so that 10 epochs are 20 steps.
sequences=10 streams=5 epochs=10

# train COUNT NAME: gradient descent, as Adam divides by what may be nothing but rounding.
train() {
  ranks "$1" "$rnn" train $arguments --data data.safetensors --streams $streams --epochs $epochs --optimizer sgd,momentum=0.9 \
    --rate 0.05 --clip 1 --quiet --log "$2.csv" --out "$2.safetensors"
}

# losses_agree A.csv B.csv TOLERANCE
losses_agree() {
  paste -d, "$1" "$2" | awk -F, -v tolerance="$3" '
    function size(x) { return x < 0 ? -x : x }
    NR > 1 { steps++; if ($1 != $8 || size($4 - $11) > tolerance * (size($4) + 1e-3)) { print "step " $1 ": " $4 ", " $11; exit 1 } }
    END { if (steps != 20) { print steps " steps"; exit 1 } }' || fail "$program: losses of $count ranks are others"
}

# compare_counts COUNTS...: trains by one rank and by these, the last twice.
compare_counts() {
  for count in "$@"; do
    expect 0 train "$count" several
    losses_agree one.csv several.csv "$loss_tolerance"
    "$bin/compare_arrays" one.safetensors several.safetensors "$tolerance" >out ||
      fail "$program: weights of $count ranks are others than of one: $(cat out)"
    compared=$((compared + 1))
  done
  expect 0 train "$count" again
  cmp several.safetensors again.safetensors || fail "$program: $count ranks learn other bits in another run"
}

# in_precision float|double PROGRAM ARGUMENTS...: sets what a comparison needs. The log has 9 digits.
in_precision() {
  precision=$1 program=$2
  shift
  arguments="$*"
  case $precision in
    float) tolerance=1e-5 loss_tolerance=1e-5 ;;
    double) tolerance=1e-11 loss_tolerance=1e-8 arguments="--double $arguments" ;;
  esac
  "$bin/draw_data" $arguments --sequences $sequences --out data.safetensors 2>err
}

# try PROGRAM ARGUMENTS...: in turn, 2 or 7 ranks in float, 4 or 3 in double.
turn=0 compared=0
try() {
  turn=$((turn + 1))
  for precision in float double; do
    [ $all = 1 ] || [ $((turn % 2)) = "$([ $precision = float ] && echo 1 || echo 0)" ] || continue
    in_precision $precision "$@" || fail "$1: no data: $(cat err)"
    expect 0 train 1 one
    if [ $all = 1 ]; then compare_counts 2 3 4 7
    elif [ $precision = float ]; then compare_counts $((turn % 4 == 1 ? 2 : 7))
    else compare_counts $((turn % 4 == 0 ? 4 : 3)); fi
  done
}

for example in $(grep -l '^ *loss ' "$examples"/*/*.rnn); do
  case $example in
    */sentence_polarity.rnn) try "$example" -D V=300 ;;
    */babi_qa1.rnn | */japanese_vowels.rnn | */spoken_digits.rnn) try "$example" ;;
    */tagging.rnn | */word_lm.rnn) try "$example" -D n=24 -D V=300 ;;
    *) try "$example" -D n=24 ;;
  esac
done
[ $compared -ge 10 ] || fail "only $compared comparisons of examples"

# Random programs, some of them with losses, inputs and dropout that no training has, or that grow beyond all bounds: these are passed over.
"$bin/random_programs" --print --train --future --count=$((2 * random)) --seed=$seed | csplit -sz -f random. -b %03d.rnn - '/^# seed/' '{*}'
tried=0
for program in random.*.rnn; do
  [ $tried -lt $random ] || break
  in_precision double "$program" && train 1 one >out 2>err && [ "$(wc -l <one.csv)" = 21 ] || { tail -1 err; continue; }
  tried=$((tried + 1))
  try "$program"
done
[ $tried -ge $((random / 2)) ] || fail "only $tried random programs can be trained"
echo "$compared comparisons"

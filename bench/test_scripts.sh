#!/bin/sh
# choices.sh, chooser.sh, predictions.sh, accuracy.sh, train.sh, vjp.sh, softmax.sh, applications.sh and the programs in C say what is
# wrong with their arguments before they measure, and give no verdict on what they could not measure.
#   sh bench/test_scripts.sh BUILD
set -eu
here=$(cd "$(dirname "$0")" && pwd)
BUILD=$(cd "$1" && pwd)
. "$here/../tests/end_to_end/expect.sh"
export BUILD ROUNDS=1

# wrong SCRIPT WORDS ARGUMENT...: in bench/, and then what env sets
wrong() {
  script=$1 words=$2
  shift 2
  expect 2 sh "$here/$script" "$@"
  says err "bench/$script: $words"
  says err "\`sh bench/$script --help\` says how it is called"
  [ ! -s out ] || fail "$script prints before it has read its arguments: $(cat out)"
}
wrong_with() {
  variable=$1
  shift
  (export "${variable?}" && wrong "$@")
}

for script in choices chooser predictions accuracy train vjp softmax; do
  expect 0 sh "$here/$script.sh" --help
  says out "sh bench/$script.sh"
  ! grep -q 'set -eu' out || fail "$script.sh --help prints the script"
done

wrong choices.sh "how many threads?"
for threads in x 0 -1 1.5 ''; do wrong choices.sh "THREADS is a number from 1 on, not '$threads'" "$threads"; done
wrong choices.sh "-machine wants a file" -machine
wrong choices.sh "there is no network 'no' in bench/nets: gru " 1 lstm:16:1 no:16:1
for point in lstm lstm:16; do wrong choices.sh "'$point' is no NETWORK:UNITS:STREAMS" 1 $point; done
wrong choices.sh "the units of 'lstm:x:1' is a number from 1 on, not 'x'" 1 lstm:x:1
wrong choices.sh "the streams of 'lstm:8:0' is a number from 1 on, not '0'" 1 lstm:8:0
wrong_with CALL=walk choices.sh "CALL is step, run or gradient, not 'walk'" 1
wrong_with CALL=gradient choices.sh "CALL=gradient needs BENCH=--train" 1
wrong_with ROUNDS=x choices.sh "ROUNDS is a number from 1 on, not 'x'" 1
wrong_with BUILD=nowhere choices.sh "there is no build folder 'nowhere'" 1
expect 1 sh "$here/choices.sh" -machine nowhere.json 1 lstm:16:1
says err "there is no 'nowhere.json'"
says err "bench/choices.sh: lstm:16:1 is not measured"
! grep -q 'within 15' out || fail "a verdict on nothing: $(cat out)"
expect 0 sh "$here/choices.sh" 1 gru:8:1
grep -q 'of the best in [01] of 1 points' out || fail "no verdict: $(cat out)"

wrong chooser.sh "which machine?"
wrong chooser.sh "there is no machine file 'nowhere.json'" nowhere.json
echo '{
  "instructions": "avx2",
  "second_level_bytes": 524288,
  "third_level_bytes": 8388608,
  "cores": 2
}' >machine.json
for variable in ROUNDS UNITS STREAMS; do
  (export "$variable=x" && wrong chooser.sh "$variable is a number from 1 on, not 'x'" machine.json)
done
for form in dense 'svd(2)' 'cp(4)' 'svd(12)' 'cp(16)'; do # times that are known: nothing is measured
  for storage in f32 f16 int8; do printf '%s\n' "16 $form,$storage 1 1 1" "16 $form,$storage 1 100 1"; done
done >times
(export UNITS=16 STREAMS=1 && expect 0 sh "$here/chooser.sh" machine.json times)
says out "within 10 % of the best in 12 of 12 cases (100 %); 1.00 times the best at most"
says out "choices are others"

wrong predictions.sh "which machine?"
wrong predictions.sh "there is no network 'no' in bench/nets" avx2 gru no
wrong_with OMP_NUM_THREADS=x predictions.sh "OMP_NUM_THREADS is a number from 1 on, not 'x'" avx2
wrong_with ROUNDS=0 predictions.sh "ROUNDS is a number from 1 on, not '0'" avx2
wrong_with BUILD=/tmp predictions.sh "there is no '/tmp/bin/rnn': build the project" avx2
expect 1 sh "$here/predictions.sh" nowhere.json gru
says err "there is no 'nowhere.json'"
! grep -q 'nan' out || fail "figures of nothing: $(cat out)"
(export OMP_NUM_THREADS=1000 && expect 1 sh "$here/predictions.sh" avx2 gru && says err "'avx2' has no predictions for 1000 threads")

wrong vjp.sh "there is no build folder 'nowhere'" nowhere
wrong_with ROUNDS=x vjp.sh "ROUNDS is a number from 1 on, not 'x'"
wrong_with STREAMS=0 vjp.sh "STREAMS is a number from 1 on, not '0'"
wrong_with THREADS=two vjp.sh "THREADS is a number from 1 on, not 'two'"
(export CELLS=mgu STREAMS=2 FRAMES=2 THREADS=2 && expect 0 sh "$here/vjp.sh" "$BUILD" && says out "mgu  ")
(export CELLS=No && expect 1 sh "$here/vjp.sh" "$BUILD" && says err "bench/vjp.sh: there is no C of 'No'")

wrong accuracy.sh "there is no build folder 'nowhere'" nowhere
wrong accuracy.sh "there is no '/tmp/bin/rnn': build the project" /tmp
wrong accuracy.sh "there is no folder 'nowhere' of data" "$BUILD" nowhere
wrong accuracy.sh "too many arguments, from 'more' on" "$BUILD" . more
wrong softmax.sh "give the weights of examples/word_lm and an array of ids" weights.safetensors
wrong softmax.sh "'512:64' is no RANK:PREVIEW:REFINE" weights.safetensors ids.safetensors 512:64
wrong softmax.sh "the preview of '512:x:64' is a number from 1 on, not 'x'" weights.safetensors ids.safetensors 512:x:64
wrong_with ROUNDS=x softmax.sh "ROUNDS is a number from 1 on, not 'x'" weights.safetensors ids.safetensors
wrong_with STREAMS='1 x' softmax.sh "STREAMS is a number from 1 on, not 'x'" weights.safetensors ids.safetensors
wrong_with VOCABULARIES=0 softmax.sh "VOCABULARIES is a number from 1 on, not '0'" weights.safetensors ids.safetensors
expect 1 sh "$here/softmax.sh" missing.safetensors ids.safetensors
says err "bench/softmax.sh: the model does not run"
wrong train.sh "there is no build folder 'nowhere'" nowhere
wrong train.sh "there is no build folder '--tables'" --tables
wrong train.sh "too many arguments, from 'more' on" "$BUILD" more

# applications ARGUMENT...
applications() { RNNC_DATA=$PWD/none sh "$here/applications.sh" --build "$BUILD" "$@"; }
wrong_application() {
  words=$1
  shift
  expect 2 applications "$@"
  says err "$words"
  [ ! -s out ] || fail "applications.sh prints before it has read its arguments: $(cat out)"
}
expect 0 applications --help
says out "--weights-dir"
wrong_application "no application matches 'no'; there are char_lm, word_lm, " --only no
wrong_application "'0' is no number from 1 on" --seeds 0
wrong_application "'x' is no number of seconds above 0" --seconds x
wrong_application "there is no file 'nowhere/bin/rnnc'" --build nowhere
wrong_application "there is no folder 'nowhere'" --data nowhere
wrong_application "'tables.txt' does not end in .md" --out tables.txt
wrong_application "cannot write into the folder of 'nowhere/tables.md'" --out nowhere/tables.md
: >file
wrong_application "cannot write into the folder 'file'" --weights-dir file
wrong_application "does not compile for --march no" --march no
wrong_application "invalid choice: 'train'" --judge-by train
expect 77 applications --only '*_lm' --out tables.md
says err "bench/applications.sh: skipped: word_lm, as there is no $PWD/none/text/wikitext-2"
[ ! -e tables.md ] || fail "tables of nothing"

# program NAME SOURCE...
program() {
  name=$1
  shift
  ${CC:-cc} -O0 -I"$here/../runtime/include" "$here/$name.c" "$@" -lm -o "$name"
}
program tiles
program stored "$here/../runtime/src/memory.c"
program train "$here/../runtime/src/memory.c"
for name in tiles stored; do
  for rounds in x 0 -1 100 --help; do
    expect 2 ./$name $rounds
    says err "'$rounds' is no number from 1 to 99"
  done
  expect 2 ./$name 1 256
  says err "UNITS 256 are without COLUMNS"
  expect 2 ./$name 1 256 0
  says err "'0' is no number from 1 to 4096"
  expect 2 ./$name 1 256 16 999999999 16
  says err "'999999999' is no number from 1 to 8192"
done
expect 2 ./stored 1 300 16
says err "UNITS are 256, 512, 1024 or 2048"
expect 2 ./train 10
says err "usage: train N M"

# judge: what `rnn eval` says of the program, but for a preview, of which it judges what is computed.
cat >words.rnn <<'END'
model words {
  const V = 300, n = 24
  input  word: index[V]
  param  E[V, n] ~ normal(1), U[n, n] ~ normal(0.3), W[V, n] ~ normal(1), b[V]
  h = tanh(embed(E, word) + U @ h[t-1])
  logits = W @ h + b
  output p = softmax(logits)
  target y: index[V]
  loss   cross_entropy(logits, y)
}
END
python3 -B - "$here/../scripts" <<'END'
import importlib, random, sys
sys.path.insert(0, sys.argv[1])
prepare = importlib.import_module("prepare-data")
ids = [random.Random(i).randrange(300) for i in range(600)]
prepare.write_sequences("words.safetensors", [prepare.Sequence(ids[:-1], ids[1:])], {})
END
"$BUILD/bin/rnn" train words.rnn --data words.safetensors --epochs 1 --streams 4 --window 20 --quiet --out words-1.safetensors

# judged WEIGHTS ARGUMENT...: sets loss to that of emitted code, of rnnc
judged() {
  weights=$1
  shift
  "$BUILD/bin/rnnc" "$@" --prefix=net -o net.c
  ${CC:-cc} -O0 -I"$here/../runtime/include" "$here/judge.c" net.c "$BUILD/lib/librnn_runtime.a" -ljansson -lm -o judge
  expect 0 ./judge "$weights" words.safetensors
  loss=$(awk '/^loss/ { print $2 }' out)
}

near() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 <= (1e-4 * a) ^ 2) }'; }
expect 0 "$BUILD/bin/rnn" eval words.rnn --weights words-1.safetensors --data words.safetensors --streams 1
whole=$(awk '/^loss/ { print $2 }' out) accuracy=$(grep '^accuracy' out)
judged words-1.safetensors words.rnn
near "$whole" "$loss" || fail "the loss is $loss, and \`rnn eval\` says $whole"
says out "$accuracy"
"$BUILD/bin/rnn" factor words.rnn --weights words-1.safetensors --form W=svd:24:preview=2:refine=3 --out previewed >log || fail "no preview: $(cat log)"
judged previewed/weights.safetensors previewed/words.rnn
! near "$whole" "$loss" || fail "a preview by 2 of 24 columns has the loss of all, $loss"
expect 2 ./judge words-1.safetensors
expect 1 ./judge nowhere.safetensors words.safetensors
says err "nowhere.safetensors"
expect 1 ./judge previewed/weights.safetensors words-1.safetensors
says err "judge: the data have no series 'word'"

#!/bin/sh
# The output layer of a word language model, dense and with a preview (SVD-softmax, see docs/forms.md): microseconds of a step, and
# how often both find the same word most probable, and the same ten.
#   sh bench/softmax.sh WEIGHTS DATA [RANK:PREVIEW:REFINE...]      (default: 512:32:64 512:64:128)
# WEIGHTS are those of examples/word_lm, DATA an array of its ids, as `rnn train` and `rnn eval` read them. Of vocabularies other
# than that of the model, VOCABULARIES (10000 13777 33000), the first rows are taken, or some twice: then only times count. STREAMS
# (1 16), ROUNDS (9); MARCH (native x86-64-v3) are options of the C compiler, CC; BUILD is the folder of the programs (build).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/arguments.sh"
[ $# -ge 2 ] || wrong "give the weights of examples/word_lm and an array of ids"
number ROUNDS "${ROUNDS:=9}"
build=$(cd "$root" && programs "${BUILD:-build}" bin/rnn bin/rnnc lib/librnn_runtime.a)
weights=$1 data=$2
shift 2
[ $# -gt 0 ] || set -- 512:32:64 512:64:128
for streams in ${STREAMS:=1 16}; do number STREAMS "$streams"; done
for words in ${VOCABULARIES:=10000 13777 33000}; do number VOCABULARIES "$words"; done

# split FORM: sets rank, preview and refine
split() {
  rank=${1%%:*} rest=${1#*:}
  preview=${rest%%:*} refine=${rest#*:}
  [ "$rank:$preview:$refine" = "$1" ] || wrong "'$1' is no RANK:PREVIEW:REFINE, as 512:64:128"
  number "the rank of '$1'" "$rank"
  number "the preview of '$1'" "$preview"
  number "the units to refine of '$1'" "$refine"
}
for form; do split "$form"; done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# What the model says before its output.
sed 's/output p = .*/output h/' "$root/examples/word_lm/word_lm.rnn" >"$work/states.rnn"
"$build/bin/rnn" run "$work/states.rnn" --weights "$weights" --input word="$data" \
  --output "$work/states.safetensors" >"$work/log" || fail "the model does not run, see above"

printf '%-13s %-11s %6s %3s %9s %9s %6s  %s\n' form machine words x "dense us" "us" gain "same"
for form; do
  split "$form"
  rm -rf "$work/factors"
  "$build/bin/rnn" factor "$root/examples/word_lm/word_lm.rnn" --weights "$weights" --form "W=svd:$rank:preview=$preview:refine=$refine" \
    --out "$work/factors" >"$work/log" || fail "there are no factors"
  for words in $VOCABULARIES; do
    "$build/bin/rnnc" "$root/bench/nets/output.rnn" -D "V=$words" --prefix dense -o "$work/dense.c" --header="$work/dense.h"
    "$build/bin/rnnc" "$root/bench/nets/output.rnn" -D "V=$words" --form "W=svd:$rank:preview=$preview:refine=$refine" --prefix preview \
      -o "$work/preview.c" --header="$work/preview.h"
    for march in ${MARCH:-native x86-64-v3}; do
      ${CC:-cc} -std=gnu11 -O3 "-march=$march" -I "$root/runtime/include" -I "$work" "$root/bench/softmax.c" "$work/dense.c" "$work/preview.c" \
        "$build/lib/librnn_runtime.a" -ljansson -lm -o "$work/softmax"
      for streams in $STREAMS; do
        printf '%-13s %-11s ' "$form" "$march"
        ${RUN:-} "$work/softmax" "$work/states.safetensors" "$weights" "$work/factors/weights.safetensors" "$streams" "$ROUNDS"
      done
    done
  done
done

#!/bin/sh
# `rnn import` of ONNX files: axes, parts of them, and what is computed of constants.
#   import_onnx_axes.sh RNN PROTOC_C SOURCE_FOLDER
set -eu
rnn=$1 protoc=$2 source=$3
. "$(dirname "$0")/onnx_models.sh"

# ---- what stands around layers ----

rest() {
  node Gather embedding "E ids" "e"
  node Transpose turn "e" "e_t" 'name: "perm" ints: 0 ints: 2 ints: 1'
  node Conv conv "e_t K k" "c_t" 'name: "pads" ints: 2 ints: 0
name: "strides" ints: 1'
  node Transpose back "c_t" "c" 'name: "perm" ints: 2 ints: 0 ints: 1'
  node Shape size "c" "shape"
  node Gather count "shape one" "n"
  node Concat whole "two n two" "state" 'name: "axis" i: 0'
  node ConstantOfShape zeros "state" "h0"
  node GRU gru "c W R - - h0" "Y Y_h" 'name: "direction" s: "bidirectional"'
  node Transpose order "Y" "Y_t" 'name: "perm" ints: 2 ints: 0 ints: 1 ints: 3'
  node Reshape join "Y_t joined" "y"
  node Split parts "y" "a b" 'name: "axis" i: -1'
  node LayerNormalization norm "a G" "an" 'name: "epsilon" f: 0.001'
  node Concat both "an b" "ab" 'name: "axis" i: 2'
  node Mul half "ab point_five" "mixed"
  node Gather backward "Y_h one_alone" "h"
  node Add sum "mixed sums" "out"
  node Softmax p "h" "q"
  for tensor in E=3,2 K=2,2,3 k=2 W=2,6,2 R=2,6,2 G=2 sums=1,1,4; do
    dims=$(echo "${tensor#*=}" | tr , ' ') count=1
    for length in $dims; do count=$((count * length)); done
    echo "initializer { $(floats "${tensor%=*}" "$dims" "$(seq $count | tr '\n' ' ')") }"
  done
  echo "initializer { $(floats point_five '' 0.5) } initializer { $(whole one 1 1) } initializer { $(whole one_alone '' 1) }"
  echo "initializer { $(whole two 1 2) } initializer { $(whole joined 3 '0 0 -1') }"
  echo "input { $(place ids 7 '0 0') } output { $(place out 1 '0 0 4') } output { $(place q 1 '0 2') }"
}
rest | model m.onnx
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors
cat >expected <<'END'
# ONNX, opset 17
import std.onnx

fn centred(v) = v - mean(v)
fn layer_norm(v, gain, bias) = gain * centred(v) / sqrt(mean(centred(v) * centred(v)) + 0.00100000005) + bias

model net {
  input ids: index[3]
  param E[3, 2]
  param K[3, 2, 2]
  param k[2]
  param G[2]
  param sums[4]
  embedding = embed(E, ids)
  conv = K[0] @ embedding[t-2] + K[1] @ embedding[t-1] + K[2] @ embedding + k
  gru = onnx.BiGRU[2](conv)
  norm = layer_norm(gru[:2], G, 0)
  both = concat(norm, gru[2:])
  half = both * 0.5
  output out = half + sums
  output q = softmax(first(gru[2:]))
}
END
cmp net.rnn expected || fail "the program is $(cat net.rnn)"
expect 0 "$rnn" compile net.rnn

rest | sed 's/ints: 2 ints: 0 }/ints: 0 ints: 0 }/' | model m.onnx
refuses "'m.onnx': the Conv 'conv' gives another number of frames than it takes: its pads have to add up to 2"
rest | sed 's/name: "axis" i: 2/name: "axis" i: 0/' | model m.onnx
refuses "the Concat 'both' can be imported only where it joins features, or directions, of values with the same axes; 'an' has the axes NTF"

# ---- whole numbers, and what would be read as something else ----

{
  node Shape size "x" "shape"
  node Gather count "shape two" "n"
  node Div half "n divisor" "n_2"
  node Mul even "n_2 divisor" "end"
  node Slice part "x zero end axis" "y"
  echo "initializer { $(whole two 1 2) } initializer { $(whole divisor 1 2) } initializer { $(whole zero 1 0) } initializer { $(whole axis 1 2) }"
  echo "input { $(place x 1 '0 0 7') } output { $(place y 1 '0 0 6') }"
} | model m.onnx
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors
says net.rnn "x[:6]"
{
  node Slice none "x from to axis" "y"
  echo "initializer { $(whole from 1 -1) } initializer { $(whole to 1 0) } initializer { $(whole axis 1 0) }"
  echo "input { $(place x 1 '0 0 7') } output { $(place y 1 '0 0 7') }"
} | model m.onnx
refuses "the Slice 'none' can be imported only where it takes features, directions, or the first or the last frame"
{
  node LSTM both "x W R" "Y" 'name: "direction" s: "bidirectional"'
  node Transpose turn "Y" "turned" 'name: "perm" ints: 0 ints: 2 ints: 3 ints: 1'
  node Add shift "turned k" "y"
  for tensor in W=2,12,1 R=2,12,3 k=3,2; do
    dims=$(echo "${tensor#*=}" | tr , ' ') count=1
    for length in $dims; do count=$((count * length)); done
    echo "initializer { $(floats "${tensor%=*}" "$dims" "$(seq $count | tr '\n' ' ')") }"
  done
  echo "input { $(place x 1 '0 0 1') } output { $(place y 1 '0 0 3 2') }"
} | model m.onnx
refuses "the Add 'shift' has 'k' of [3, 2] beside 'turned' of 3 features"

# ---- axes come of the attribute alone, however many inputs there are ----

{
  node Transpose turn "k k k k k k k k k perm" "turned"
  node Add shift "x turned" "y"
  echo "initializer { $(floats k '2 1' '1 2') } initializer { $(whole perm 2 '0 1') }"
  echo "input { $(place x 1 '0 0 2') } output { $(place y 1 '0 0 2') }"
} | model m.onnx
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors

# ---- frames at the end that are left out ----

cut() { # LENGTH_OF_FRAMES, nodes on standard input
  cat
  for number in zero=0 one=1 minus_one=-1 ten=10; do
    echo "initializer { $(whole "${number%=*}" 1 "${number#*=}") }"
  done
  echo "input { $(place x 1 "0 $1 8") } output { $(place y 1 '0 0 8') }"
}
node Slice cut "x zero minus_one one" "y" | cut 0 | model m.onnx
refuses "the Slice 'cut' can be imported only where it takes features, directions, or the first or the last frame"
less="$(node Shape size "x" "shape")$(node Gather count "shape one" "n")$(node Sub less "n one" "end")"
{ echo "$less"; node Slice cut "x zero end one" "y"; } | cut 0 | model m.onnx
refuses "the Slice 'cut' can be imported only where it takes features, directions, or the first or the last frame"
{ echo "$less"; node Gather final "x end" "z" 'name: "axis" i: 1'; node Neg minus "z" "y"; } | cut 0 | model m.onnx
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors
says net.rnn "output y = -last(x)"
{
  node Transpose turn "x" "x_t" 'name: "perm" ints: 0 ints: 2 ints: 1'
  node Pad pad "x_t before" "padded"
  node Slice cut "padded zero ten two" "part"
  node Conv conv "part K" "y"
  echo "initializer { $(whole before 6 '0 0 1 0 0 0') } initializer { $(whole two 1 2) }"
  echo "initializer { $(floats K '1 8 2' '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16') }"
} | cut 10 | model m.onnx
refuses "the Slice 'cut' can be imported only where it takes no part of frames around which a Pad has put zeros; 'padded' has the axes NFT"

# ---- how much is computed of constants, and how often ----

zeros() { # COUNT, nodes that read `zeros` on standard input
  cat
  node ConstantOfShape fill "count" "zeros"
  echo "initializer { $(whole count 1 "$1") } initializer { $(whole zero 1 0) } initializer { $(whole one 1 1) }"
  echo "input { $(place x 1 '0 1 0') } output { $(place y 1 '0 1 0') }"
}
{
  node GlobalAveragePool pool "x" "y"
  node Slice all "zeros zero count" "zeros_2"
  node Shape size "zeros" "shape"
} | zeros 16777216 | model m.onnx
refuses "the Shape 'size' makes a constant of more than 4 dimensions or 16777216 elements, or, with those before it, 33554432"
{
  node Slice few "zeros zero one" "k"
  node Conv conv "x K k" "z"
  node Conv again "z K" "y"
  echo "initializer { $(floats K '1 1 1' 3) }"
} | zeros 6800000 | model m.onnx
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors
printf '  input x[1]\n  param K[1, 1, 1]\n  param k[1]\n  conv = K[0] @ x + k\n  output y = K[0] @ conv\n' >expected
grep '  ' net.rnn | cmp - expected || fail "the program is $(cat net.rnn)"

# ---- Cast of constants ----

cast() {
  for type in 7 9 10 16; do
    node Cast "there_$type" "c" "c_$type" "name: \"to\" i: $type"
    node Cast "back_$type" "c_$type" "r_$type" 'name: "to" i: 1'
  done
  node Concat all "r_7 r_9 r_10 r_16" "r" 'name: "axis" i: 0'
  node Add sum "x r" "y"
  echo "initializer { $(floats c 5 '0.1 -2.5 65519 5e-8 0') }"
  echo "input { $(place x 1 '0 0 20') } output { $(place y 1 '0 0 20') }"
}
cast | model m.onnx
mkdir cast
floats x '1 1 20' "$(seq 20 | sed 's/.*/0/' | tr '\n' ' ')" | encode TensorProto cast/input_0.pb
floats y '1 1 20' "0 -2 65519 0 0 1 1 1 1 0 0.0999755859375 -2.5 65504 5.960464477539063e-08 0
  0.10009765625 -2.5 65536 5.005858838558197e-08 0" | encode TensorProto cast/output_0.pb
expect 0 "$rnn" import m.onnx --check=cast --tolerance 0
cast | sed 's/i: 7$/i: 3/; s/i: 7 }/i: 3 }/' | model m.onnx
refuses "the Cast 'there_7' changes a constant to int8, which rnn import does not compute"

# ---- sums over features ----

{
  node ReduceMean mean "x" "m" 'name: "axes" ints: -1'
  node Sub centred "x m" "d"
  node Erf erf "d" "y"
  echo "input { $(place x 1 '0 0 2') } output { $(place y 1 '0 0 2') }"
} | model m.onnx
mkdir sums
floats x '1 1 2' '3 1' | encode TensorProto sums/input_0.pb
floats y '1 1 2' '0.84270079 -0.84270079' | encode TensorProto sums/output_0.pb
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors --check=sums --tolerance 1e-6
says net.rnn "mean_2 = concat(mean(x))"
says net.rnn "centred = x - mean_2[0]"

{
  node GlobalAveragePool pool "x" "y"
  echo "input { $(place x 1 '0 2 0') } output { $(place y 1 '0 2 1') }"
} | model m.onnx
mkdir pool
floats x '1 2 3' '1 2 3 -1 -2 -6' | encode TensorProto pool/input_0.pb
floats y '1 2 1' '2 -3' | encode TensorProto pool/output_0.pb
expect 0 "$rnn" import m.onnx --check=pool --tolerance 0
{
  node Concat twice "x x" "x_x" 'name: "axis" i: 2'
  node GlobalAveragePool pool "x_x" "y"
  echo "input { $(place x 1 '0 0 2') } output { $(place y 1 '0 0 1') }"
} | model m.onnx
refuses "the GlobalAveragePool 'pool' can be imported only where it is over time, of sequences, features and frames"

# ---- lengths that are not fixed, as numbers ----

divided() { # FRAMES
  node ReduceMax highest "x" "s" 'name: "axes" ints: 1
name: "keepdims" i: 0'
  node Shape size "x" "shape"
  node Gather count "shape one" "n"
  node Cast real "n" "n_real" 'name: "to" i: 1'
  node Div per_frame "s n_real" "y"
  echo "initializer { $(whole one '' 1) } input { $(place x 1 "0 $1 2") } output { $(place y 1 '0 2') }"
}
divided 4 | model m.onnx
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors
says net.rnn "output y = highest / 4"
divided 0 | model m.onnx
refuses "the Div 'per_frame' computes with 'n_real', which follows from a number of frames or sequences that the file leaves open and a program does not know: export the model with fixed axes"
divided 0 | sed 's/input: "n_real"/input: "less"/' | {
  cat
  node Concat both "n_real_1 n_real_1" "two" 'name: "axis" i: 0'
  node Unsqueeze turn "n_real zero_1" "n_real_1"
  node Slice part "two zero_1 one_1" "rows"
  node Mul less "rows rows" "less"
  echo "initializer { $(whole zero_1 1 0) } initializer { $(whole one_1 1 1) }"
} | model m.onnx
refuses "the Div 'per_frame' computes with 'less', which follows from a number of frames"

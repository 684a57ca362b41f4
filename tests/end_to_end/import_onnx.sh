#!/bin/sh
# `rnn import` of ONNX files, which this script writes as text for protoc-c: programs, reference data, mistakes.
#   import_onnx.sh RNN PROTOC_C SOURCE_FOLDER
set -eu
rnn=$1 protoc=$2 source=$3
. "$(dirname "$0")/expect.sh"

encode() { "$protoc" --encode="onnx.$1" -I "$source/tools/import" onnx.proto >"$2"; }
# words KEY WORD...: a field for each word; - is an empty one
words() {
  key=$1
  shift
  for word; do [ "$word" = - ] && echo "$key: \"\"" || echo "$key: \"$word\""; done
}
# numbers KEY NUMBER...
numbers() {
  key=$1
  shift
  for number; do echo "$key: $number"; done
}
# node OP NAME "INPUTS" "OUTPUTS" [ATTRIBUTES]
node() {
  echo "node { op_type: \"$1\" name: \"$2\" $(words input $3) $(words output $4)"
  printf '%s\n' "${5-}" | sed 's/.*/attribute { & }/'
  echo "}"
}
# floats NAME "DIMENSIONS" "NUMBERS"; whole NAME "DIMENSIONS" "NUMBERS"
floats() { echo "name: \"$1\" data_type: 1 $(numbers dims $2) $(numbers float_data $3)"; }
whole() { echo "name: \"$1\" data_type: 7 $(numbers dims $2) $(numbers int64_data $3)"; }
# place NAME TYPE LENGTHS: of an input or output; 0 is not fixed
place() {
  echo "name: \"$1\" type { tensor_type { elem_type: $2 shape {"
  for length in $3; do [ "$length" = 0 ] && echo 'dim { dim_param: "any" }' || echo "dim { dim_value: $length }"; done
  echo "} } }"
}
# model FILE: of the graph on standard input
model() { { echo 'opset_import { version: 17 } graph {'; cat; echo '}'; } | encode ModelProto "$1"; }
refuses() {
  rm -f net.rnn net.safetensors
  expect 1 "$rnn" import m.onnx -o net.rnn -w net.safetensors
  says err "$1"
  [ ! -e net.rnn ] && [ ! -e net.safetensors ] || fail "something is written all the same"
}

# ---- reference data: h = relu(x_0 + 2 x_1 + h[t-1]), from states and with lengths that are inputs ----

printf '\0\0\0\0\0\0\0\077\0\0\0\300\0\0\0\0' >weights.bin # 0, 0.5, -2, 0, of which V has those between
rnn_model() {
  node RNN cell "x W R - lengths start" "Y Y_h" 'name: "activations" strings: "Relu"'
  node Squeeze squeeze "Y_h axes" "last"
  node Gemm head "last V" "p" 'name: "transB" i: 1'
  echo "initializer { $(floats W '1 1 2' '1 2') } initializer { $(floats R '1 1 1' 1) } initializer { $(whole axes 1 0) }"
  echo 'initializer { name: "V" data_type: 1 dims: 2 dims: 1 data_location: 1
    external_data { key: "location" value: "weights.bin" } external_data { key: "offset" value: "4" } }'
  echo "input { $(place x 1 '0 0 2') } input { $(place lengths 6 0) } input { $(place start 1 '1 0 1') }"
  echo "output { $(place Y 1 '0 1 0 1') } output { $(place p 1 '0 2') }"
}
rnn_model | model m.onnx
mkdir -p test_data_set_0
floats x '3 2 2' '1 0 0 1 1 1 2 0 -1 0 9 9' | encode TensorProto test_data_set_0/input_0.pb
echo 'data_type: 6 dims: 2 int32_data: 3 int32_data: 2' | encode TensorProto test_data_set_0/input_1.pb
floats start '1 2 1' '1 -1' | encode TensorProto test_data_set_0/input_2.pb
floats Y '3 1 2 1' '2 1 5 3 4 0' | encode TensorProto test_data_set_0/output_0.pb
floats p '2 2' '2 -8 1.5 -6' | encode TensorProto test_data_set_0/output_1.pb
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors --check --tolerance 0
says out "test_data_set_0: 2 streams of 3 frames, outputs at most 0 apart"
cat >expected <<'END'
# ONNX, opset 17
import std.onnx

model net {
  input x[2]
  # lengths: lengths of the call
  input start[1] once
  param V[2, 1]
  cell_2 = onnx.RNN[1, relu](x)
  init cell_2.Y.h = start
  output p = V @ last(cell_2)
  output Y = cell_2
}
END
cmp net.rnn expected || fail "the program is $(cat net.rnn)"

mv test_data_set_0 elsewhere
expect 1 "$rnn" import m.onnx --check
says err "'.' has no reference data: no input_0.pb, and no test_data_set_0"
floats p '2 2' '2 -8 1.5 -5' | encode TensorProto elsewhere/output_1.pb
expect 1 "$rnn" import m.onnx --check=elsewhere
says out "elsewhere: 2 streams of 3 frames, outputs at most 0.2 apart"
says err "'elsewhere': output 'p' at [1, 1] is -6 instead of -5"
expect 0 "$rnn" import m.onnx --check=elsewhere --tolerance 0.3
floats p 4 '2 -8 1.5 -6' | encode TensorProto elsewhere/output_1.pb
expect 1 "$rnn" import m.onnx --check=elsewhere
says err "'elsewhere': the data of 'p' is [4], which does not fit the axes NF and 2 features of the program"
rm elsewhere/output_1.pb
expect 1 "$rnn" import m.onnx --check=elsewhere
says err "'elsewhere' has 3 inputs and 1 outputs instead of 3 and 2"
expect 2 "$rnn" import m.onnx -o net.rnn -w net.safetensors --tolerance 0.3
says err "--tolerance needs --check"

# ---- both files or none ----

rm net.rnn net.safetensors
expect 1 "$rnn" import m.onnx -o net.rnn -w nowhere/net.safetensors
[ ! -e net.rnn ] || fail "there is a program without weights"
expect 1 "$rnn" import m.onnx -o nowhere/net.rnn -w net.safetensors
[ ! -e net.safetensors ] || fail "there are weights without a program"
rnn_model | sed 's/"weights.bin"/"..\/weights.bin"/' | model m.onnx
refuses "the initializer 'V' has its numbers in another file, which has to be in the same folder"
rnn_model | sed 's/value: "4"/value: "4" } external_data { key: "length" value: "4"/' | model m.onnx
refuses "the initializer 'V' has more or fewer numbers than [2, 1] has"
rnn_model | sed 's/value: "4"/value: "12"/' | model m.onnx
refuses "the initializer 'V' is not within 'weights.bin', which is shorter"
rnn_model | sed 's/value: "4"/value: "17"/' | model m.onnx
refuses "the initializer 'V' is not within 'weights.bin', which is shorter"

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

# ---- ids below 0 ----

{
  node Gather embedding "E ids" "e"
  echo "initializer { $(floats E '3 1' '1 2 3') } input { $(place ids 7 '0 0') } output { $(place e 1 '0 0 1') }"
} | model m.onnx
mkdir below
whole ids '2 1' '0 -1' | encode TensorProto below/input_0.pb
floats e '2 1 1' '1 3' | encode TensorProto below/output_0.pb
expect 0 "$rnn" import m.onnx --check=below --tolerance 0
says err "'ids' has ids below 0, which ONNX counts from the end of the table; the program was given them as ids of 0 and more"

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

# ---- frames last; zeros before the frames, and what comes out behind them; BatchNormalization; comparisons ----

convolved() {
  node Pad pad "x before" "padded"
  node Conv conv "padded K" "c"
  node BatchNormalization batch "c g b m v" "n" 'name: "epsilon" f: 0.5'
  node Conv late "n K_2" "more" 'name: "pads" ints: 1 ints: 1'
  node Slice chomp "more zero minus_one axis" "l"
  node PRelu slope "l s" "p"
  node Greater above "p limit" "is_above"
  node Where chosen "is_above p x" "y"
  for tensor in "K=1 1 2=1 10" "K_2=1 1 2=1 -1" "g=1=6" "b=1=1" "m=1=2" "v=1=3.5" "s=1 1=0.5" "limit==-14"; do
    rest=${tensor#*=}
    echo "initializer { $(floats "${tensor%%=*}" "${rest%=*}" "${rest#*=}") }"
  done
  echo "initializer { $(whole before 6 '0 0 1 0 0 0') } initializer { $(whole zero 1 0) }"
  echo "initializer { $(whole minus_one 1 -1) } initializer { $(whole axis 1 2) }"
  echo "input { $(place x 1 '0 1 0') } output { $(place y 1 '0 1 0') }"
}
convolved | model m.onnx
mkdir convolved
floats x '1 1 3' '1 2 3' | encode TensorProto convolved/input_0.pb
floats y '1 1 3' '-12.5 2 3' | encode TensorProto convolved/output_0.pb
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors --check=convolved --tolerance 0
cat >expected <<'END'
# ONNX, opset 17
import std.onnx

model net {
  input x[1]
  param K[2, 1, 1]
  param batch_scale
  param batch_shift
  param K_2[2, 1, 1]
  param s
  conv = K[0] @ x[t-1] + K[1] @ x
  batch = batch_scale * conv + batch_shift
  late = K_2[0] @ batch[t-1] + K_2[1] @ batch
  slope = relu(late) + s * min(late, 0)
  above = slope > (-14)
  output y = where(above, slope, x)
}
END
cmp net.rnn expected || fail "the program is $(cat net.rnn)"
convolved | sed 's/int64_data: -1/int64_data: -2/' | model m.onnx
refuses "the Slice 'chomp' can be imported only where it leaves out the frames that a Conv gives behind the last one"
convolved | sed 's/op_type: "Slice"/op_type: "Relu"/' | model m.onnx
refuses "the Relu 'chomp' reads 'more', in which a Conv gives more than it takes: a Slice has to leave those behind the last frame out"
convolved | sed 's/op_type: "Conv" name: "conv"/op_type: "Relu" name: "conv"/' | model m.onnx
refuses "the Relu 'conv' reads 'padded', in which a Pad has put zeros: only a Conv that gives as many frames as there were is read behind it"
convolved | sed 's/f: 0.5/f: 0.5 } attribute { name: "training_mode" i: 1/' | model m.onnx
refuses "the BatchNormalization 'batch' is in training mode: export the model for inference"
convolved | sed 's/input: "before"/& input: "limit"/' | model m.onnx
refuses "the Pad 'pad' can be imported only where it puts zeros (mode 'constant', value 0)"

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

# ---- types of numbers, and numbers that are not finite ----

typed() {
  node Cast narrow "x" "x_h" 'name: "to" i: 10'
  node Mul half "x_h h" "a"
  node Mul brain "a f" "b"
  node Mul double "b d" "c"
  node Add far "c o" "y"
  echo 'initializer { name: "h" data_type: 10 dims: 2 int32_data: 15360 int32_data: 49408 }'
  echo 'initializer { name: "f" data_type: 16 dims: 2 raw_data: "\200\077\300\377" }'
  echo 'initializer { name: "d" data_type: 11 dims: 2 double_data: 0.5 double_data: 0.1 }'
  echo "initializer { $(floats o 2 '0 inf') }"
  echo "input { $(place x 1 '0 0 2') } output { $(place y 1 '0 0 2') }"
}
typed | model m.onnx
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors
says err "rnn: warning: 'f' has nan at [1]"
says err "rnn: warning: 'o' has inf at [1]"
says err "rnn: note: 'd' is rounded to float, by 1.5e-08 of a number's size at most"
says err "rnn: note: the graph computes in numbers of two bytes in parts, the program in float"
{
  node Log log "x" "y"
  echo "input { $(place x 1 '0 0 2') } output { $(place y 1 '0 0 2') }"
} | model m.onnx
mkdir infinite
floats x '1 1 2' '0 1' | encode TensorProto infinite/input_0.pb
floats y '1 1 2' '-inf 0' | encode TensorProto infinite/output_0.pb
expect 0 "$rnn" import m.onnx --check=infinite --tolerance 0
says out "infinite: 1 stream of 1 frame, outputs at most 0 apart"
floats y '1 1 2' 'inf 0' | encode TensorProto infinite/output_0.pb
expect 1 "$rnn" import m.onnx --check=infinite
says err "'infinite': output 'y' at [0, 0, 0] is -inf instead of inf"
typed | sed 's/double_data: 0.5 double_data: 0.1/double_data: 1e39 double_data: -1e39/' | model m.onnx
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors
says err "rnn: warning: 'd' has inf at [0], the first of 2 numbers that are not finite: float cannot hold 1e+39"
typed | sed '/input { name: "x"/s/elem_type: 1 /elem_type: 10 /' | model m.onnx
refuses "the input 'x' is of float16: those of a program are of float; export the model with such inputs and outputs, and a Cast where it computes in another type"
typed | sed '/output { name: "y"/s/elem_type: 1 /elem_type: 16 /' | model m.onnx
refuses "the output 'y' is of bfloat16"
typed | sed 's/data_type: 16/data_type: 19/' | model m.onnx
refuses "the initializer 'f' is of float8e5m2: only float, double, float16, bfloat16, int32, int64 and bool are read"

# ---- nodes before those that they read ----

{
  node Sub difference "b c" "y"
  node Exp power "b" "c"
  node Neg minus "x" "b"
  echo "input { $(place x 1 '0 0 2') } output { $(place y 1 '0 0 2') }"
} | model m.onnx
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors
printf '  input x[2]\n  minus = -x\n  power = exp(minus)\n  output y = minus - power\n' >expected
grep '  ' net.rnn | cmp - expected || fail "the program is $(cat net.rnn)"

# ---- Scan: h = relu(h[t-1] + x), and twice that ----

{
  node Add add "before x_t" "sum"
  node Relu relu "sum" "after"
  node Add twice "after after" "double"
  echo 'input { name: "before" } input { name: "x_t" } output { name: "after" } output { name: "double" }'
} | encode GraphProto body
scan() {
  node Scan scan "start x" "end all" "name: \"body\" g: \"$(od -An -v -to1 body | tr -d '\n' | tr ' ' '\\')\"
name: \"num_scan_inputs\" i: 1"
  echo "input { $(place start 1 '0 1') } input { $(place x 1 '0 0 1') } output { $(place end 1 '0 1') } output { $(place all 1 '0 0 1') }"
}
scan | model m.onnx
mkdir scan
floats start '2 1' '1 -5' | encode TensorProto scan/input_0.pb
floats x '3 2 1' '1 6 -3 2 0 1' | encode TensorProto scan/input_1.pb
floats end '2 1' '0 4' | encode TensorProto scan/output_0.pb
floats all '3 2 1' '4 2 0 6 0 8' | encode TensorProto scan/output_1.pb
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors --check=scan --tolerance 0
cat >expected <<'END'
# ONNX, opset 17
import std.onnx

model net {
  input start[1] once
  input x[1]
  add = after[t-1] + x
  after = relu(add)
  twice = after + after
  init after = start
  output end = last(after)
  output all = twice
}
END
cmp net.rnn expected || fail "the program is $(cat net.rnn)"
scan | sed 's/i: 1 }/i: 3 }/' | model m.onnx
refuses "the Scan 'scan' has a body with other inputs or outputs than its own"

#!/bin/sh
# `rnn import` of ONNX files: reference data, files, types of numbers, the order of nodes, Scan.
#   import_onnx.sh RNN PROTOC_C SOURCE_FOLDER
set -eu
rnn=$1 protoc=$2 source=$3
. "$(dirname "$0")/onnx_models.sh"

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
  after[1] = relu(add)
  twice = after + after
  init after = start
  output end = last(after)
  output all = twice
}
END
cmp net.rnn expected || fail "the program is $(cat net.rnn)"
scan | sed 's/i: 1 }/i: 3 }/' | model m.onnx
refuses "the Scan 'scan' has a body with other inputs or outputs than its own"

# ---- attributes, and names given twice ----

attributed() { # ATTRIBUTES
  node LeakyRelu leaky "x" "y" "$1"
  echo "input { $(place x 1 '0 0 2') } output { $(place y 1 '0 0 2') }"
}
attributed 'name: "alpha" f: 0.5 type: 1' | model m.onnx
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors
says net.rnn "output y = leaky_relu(x, 0.5)"
attributed 'name: "alpha" type: 1' | model m.onnx # as writers do that leave zeros out
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors
says net.rnn "output y = leaky_relu(x, 0)"
attributed 'name: "negative_slope" f: 0.5' | model m.onnx
refuses "the LeakyRelu 'leaky' has the attribute 'negative_slope', which rnn import does not read: export the model without it, if it changes nothing"
attributed '' | sed 's/LeakyRelu/HardSigmoid/; s/output: "y"/& attribute { name: "alpha=f beta" f: 0.5 }/' | model m.onnx
refuses "the HardSigmoid 'leaky' has the attribute 'alpha=f beta', which rnn import does not read"
attributed 'name: "alpha" i: 1' | model m.onnx
refuses "the LeakyRelu 'leaky' has the attribute 'alpha' as another thing than a float"
attributed 'name: "alpha" f: 1 type: 2' | model m.onnx
refuses "the LeakyRelu 'leaky' has the attribute 'alpha' as another thing than a float"
attributed 'name: "alpha" f: 0.5
name: "alpha" f: 0.1' | model m.onnx
refuses "the LeakyRelu 'leaky' has the attribute 'alpha' twice"
{ attributed ''; echo "input { $(place x 1 '0 0 3') }"; } | model m.onnx
refuses "'m.onnx': two inputs have the name 'x': names have one value"
{ attributed ''; echo "initializer { $(floats k 1 1) } initializer { $(floats k 1 2) }"; } | model m.onnx
refuses "'m.onnx': two initializers have the name 'k': names have one value"
scan | sed 's/i: 1 }/i: 1 } attribute { name: "body" type: 5 }/' | model m.onnx
refuses "the Scan 'scan' has the attribute 'body' twice"
node Constant c "" "c" 'name: "value" type: 4' | model m.onnx
refuses "'m.onnx' has no graph with outputs"
{ attributed ''; node Constant c "" "c" 'name: "value" type: 4'; } | model m.onnx
refuses "the Constant 'c' has the attribute 'value' without a tensor"
{ attributed '' | sed 's/LeakyRelu/Gelu/'; } | sed 's/output: "y"/& attribute { name: "approximate" s: "tanh" }/' | model m.onnx
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors
says net.rnn "output y = onnx.gelu_tanh(x)"

# ---- what is beside dense tensors and nodes of the operators ----

{ attributed ''; echo "sparse_initializer { values { $(floats sparse 1 1) } }"; } | model m.onnx
refuses "'m.onnx': the initializer 'sparse' is sparse, which rnn import does not read: write it with all its numbers, as an initializer"
{ attributed ''; echo '} functions { name: "LeakyRelu"'; } | model m.onnx
refuses "the LeakyRelu 'leaky' calls a function of the model: in Python, onnx.inliner.inline_local_functions(model) writes what it does"
{ attributed ''; echo '} functions { name: "LeakyRelu" domain: "other"'; } | model m.onnx # which nothing calls
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors

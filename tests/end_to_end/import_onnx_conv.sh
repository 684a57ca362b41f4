#!/bin/sh
# `rnn import` of ONNX files: convolutions, and zeros around frames.
#   import_onnx_conv.sh RNN PROTOC_C SOURCE_FOLDER
set -eu
rnn=$1 protoc=$2 source=$3
. "$(dirname "$0")/onnx_models.sh"

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
convolved | sed 's/f: 0.5/f: 0.5 } attribute { name: "spatial" i: 0/' | model m.onnx
refuses "the BatchNormalization 'batch' has the attribute 'spatial' of 0, statistics of each frame by itself, which a program does not have"
convolved | sed 's/input: "before"/& input: "limit"/' | model m.onnx
refuses "the Pad 'pad' can be imported only where it puts zeros (mode 'constant', value 0)"

# ---- attributes of a Conv that say what others do not ----

shaped() { # ATTRIBUTES
  node Conv conv "x K" "y" "$1"
  echo "initializer { $(floats K '1 1 3' '1 2 3') } input { $(place x 1 '0 1 0') } output { $(place y 1 '0 1 0') }"
}
shaped 'name: "auto_pad" s: "SAME_LOWER"
name: "kernel_shape" ints: 3' | model m.onnx
expect 0 "$rnn" import m.onnx -o net.rnn -w net.safetensors
says net.rnn "output y = K[0] @ x[t-1] + K[1] @ x + K[2] @ x[t+1]"
shaped 'name: "pads" ints: 1 ints: 1
name: "kernel_shape" ints: 5' | model m.onnx
refuses "the Conv 'conv' has a kernel_shape of 5, but its kernel 'K' is [1, 1, 3]"
shaped 'name: "pads" ints: 1 ints: 1 ints: 1 ints: 1' | model m.onnx
refuses "the Conv 'conv' has 4 numbers in its pads instead of 2"
shaped 'name: "auto_pad" s: "SAME"' | model m.onnx
refuses "the Conv 'conv' has the auto_pad 'SAME'; there are NOTSET, SAME_UPPER, SAME_LOWER and VALID"
shaped 'name: "auto_pad" s: "VALID"
name: "pads" ints: 1 ints: 1' | model m.onnx
refuses "the Conv 'conv' gives another number of frames than it takes"

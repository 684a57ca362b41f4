# For scripts that write ONNX files as text for protoc-c: `rnn=... protoc=... source=...; . onnx_models.sh`
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
  [ -z "${5-}" ] || printf '%s\n' "$5" | sed 's/.*/attribute { & }/'
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

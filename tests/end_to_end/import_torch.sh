#!/bin/sh
# `rnn import`: layers of PyTorch found in state_dicts, which this script writes, against programs written by hand.
#   import_torch.sh RNN
set -eu
rnn=$1
. "$(dirname "$0")/expect.sh"

# state_dict FILE NAME=ROWS[,COLUMNS[,DEPTH]]...: F32; a number depends on its place in its tensor, of those named ...zero... it is 0
state_dict() {
  file=$1
  shift
  printf '%s\n' "$@" | awk -F '[=,]' '
    { size = 4 * $2 * (NF > 2 ? $3 : 1) * (NF > 3 ? $4 : 1)
      printf "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%d,%d]}", (NR > 1 ? "," : "{"), $1,
             $2 (NF > 2 ? "," $3 : "") (NF > 3 ? "," $4 : ""), at, at + size
      at += size }
    END { print "}" }' >header
  length=$(wc -c <header)
  printf '%b' "$(printf '\\0%03o\\0%03o\\0\\0\\0\\0\\0\\0' $((length % 256)) $((length / 256)))" >"$file"
  cat header >>"$file"
  printf '%b' "$(printf '%s\n' "$@" | awk -F '[=,]' '
    BEGIN { split("0\\0\\0200\\0076 0\\0\\0\\0277 0\\0\\0\\0076 0\\0\\0200\\0276 0\\0\\0100\\0077", bytes, " ") }
    { for (i = 0; i < $2 * (NF > 2 ? $3 : 1) * (NF > 3 ? $4 : 1); i++)
        printf "%s", /bias/ && ENVIRON["zero"] ? "\\0\\0\\0\\0" : "\\" bytes[(i * i + int(i / 7) + length($1)) % 5 + 1] }')" >>"$file"
}
import() { "$rnn" import "$@" -o net.rnn -w net.safetensors; }
refuses() {
  words=$1
  shift
  rm -f net.rnn net.safetensors
  expect 1 import "$@"
  says err "$words"
  [ ! -e net.rnn ] && [ ! -e net.safetensors ] || fail "something is written all the same"
}
printf '1,0.5\n-1,0.25\n0.125,2\n' >x.csv

# runs_as PROGRAM: net.rnn and this one have the same outputs with the weights
runs_as() {
  expect 0 "$rnn" run net.rnn --weights net.safetensors --input x.csv --output y.csv
  printf '%s\n' "import std.torch" "model net { input x[2]" "$1" "output y = $2 }" >hand.rnn
  expect 0 "$rnn" run hand.rnn --weights "${3:-net.safetensors}" --input x.csv --output z.csv
  cmp y.csv z.csv || fail "outputs are not those of $1"
  ! grep -q nan y.csv || fail "outputs are NaN"
}

# ---- layers that std.torch has ----

state_dict enc.safetensors enc.weight_ih_l0=12,2 enc.weight_hh_l0=12,3 enc.bias_ih_l0=12 enc.bias_hh_l0=12 \
  enc.weight_ih_l0_reverse=12,2 enc.weight_hh_l0_reverse=12,3 enc.bias_ih_l0_reverse=12 enc.bias_hh_l0_reverse=12 head.weight=4,6
refuses "'enc.safetensors' has more than the recurrent layer 'enc': 1 other tensor, of 'head': name all modules with --chain" \
  enc.safetensors
expect 0 import enc.safetensors --prefix enc
says err "1 other tensor of 'enc.safetensors' left out, those of 'head'"
says net.rnn "enc = torch.BiLSTM[3](x)"
says net.rnn "# PyTorch: nn.LSTM(2, 3, bidirectional=True)"
runs_as "enc = torch.BiLSTM[3](x)" enc enc.safetensors

state_dict bare.safetensors weight_ih_l0=3,2 weight_hh_l0=3,3 bias_ih_l0=3 bias_hh_l0=3
refuses "give --as torch:rnn_tanh or --as torch:rnn_relu" bare.safetensors
expect 0 import bare.safetensors --as torch:rnn_relu
runs_as "rnn = torch.RNN[3, relu](x)" rnn

state_dict p.safetensors 0.weight_ih_l0=12,2 0.weight_hh_l0=12,2 0.weight_hr_l0=2,3 0.bias_ih_l0=12 0.bias_hh_l0=12
expect 0 import p.safetensors
runs_as "layer.0 = torch.LSTMP[3, 2](x)" layer.0

# ---- numbers that are not finite ----

head -c -8 bare.safetensors >broken.safetensors
printf '\0\0\300\177\0\0\200\377' >>broken.safetensors # nan, -inf
expect 0 import broken.safetensors --as torch:rnn_tanh
says err "rnn: warning: 'rnn.bias_hh_l0' has nan at [1], the first of 2 numbers that are not finite"

# ---- and that it does not have: without biases, as with biases of zero; more layers than three ----

for kind in LSTM:12 GRU:9; do
  rows=${kind#*:}
  state_dict unbiased.safetensors e.weight_ih_l0="$rows",2 e.weight_hh_l0="$rows",3 e.weight_ih_l1="$rows",3 e.weight_hh_l1="$rows",3
  zero=1 state_dict zeros.safetensors e.weight_ih_l0="$rows",2 e.weight_hh_l0="$rows",3 e.weight_ih_l1="$rows",3 \
    e.weight_hh_l1="$rows",3 e.bias_ih_l0="$rows" e.bias_hh_l0="$rows" e.bias_ih_l1="$rows" e.bias_hh_l1="$rows"
  expect 0 import unbiased.safetensors
  runs_as "e = torch.${kind%:*}2[3](x)" e zeros.safetensors
done
state_dict four.safetensors $(for k in 0 1 2 3; do echo "e.weight_ih_l$k=9,$((k ? 3 : 2)) e.weight_hh_l$k=9,3 e.bias_ih_l$k=9 e.bias_hh_l$k=9"; done)
state_dict halves.safetensors $(for k in 0 1; do echo "a.weight_ih_l$k=9,$((k ? 3 : 2)) a.weight_hh_l$k=9,3 a.bias_ih_l$k=9 a.bias_hh_l$k=9"; done) \
  $(for k in 0 1; do echo "b.weight_ih_l$k=9,3 b.weight_hh_l$k=9,3 b.bias_ih_l$k=9 b.bias_hh_l$k=9"; done)
expect 0 import four.safetensors
runs_as "a = torch.GRU2[3](x); b = torch.GRU2[3](a)" b halves.safetensors
refuses "several recurrent layers, 'a', 'b': choose one with --prefix" halves.safetensors
refuses "has no recurrent layer 'c'; there are: 'a', 'b'" halves.safetensors --prefix c
expect 0 import halves.safetensors --prefix b
says net.rnn "b = torch.GRU2[3](x)"

# ---- cells, and chains of modules ----

state_dict cell.safetensors c.weight_ih=9,2 c.weight_hh=9,3 c.bias_ih=9 c.bias_hh=9
expect 0 import cell.safetensors
says net.rnn "# PyTorch: nn.GRUCell(2, 3)"
says net.rnn "c = torch.GRUCell[3](x)"
state_dict bare_cell.safetensors weight_ih=9,2 weight_hh=9,3
expect 0 import bare_cell.safetensors
says net.rnn "gru.h = torch.gru[3](x, gru.weight_ih, gru.weight_hh, gru.zero, gru.zero)"
state_dict chain.safetensors lstm.weight_ih_l0=12,2 lstm.weight_hh_l0=12,3 lstm.bias_ih_l0=12 lstm.bias_hh_l0=12 fc.weight=4,3 fc.bias=4 \
  out.weight=2,4 e.weight=9,2 n.weight=3 n.bias=3
refuses "has more than the recurrent layer 'lstm': 6 other tensors, of 'fc', 'out', 'e', 'n'" chain.safetensors
expect 0 import chain.safetensors --chain lstm,last,fc,relu,out
says err "3 other tensors of 'chain.safetensors' left out"
runs_as "lstm = torch.LSTM[3](x); fc = torch.Linear[4](last(lstm)); param out.weight[2, 4]" "out.weight @ relu(fc)" chain.safetensors
expect 0 import chain.safetensors --chain e,lstm,n,softmax
says net.rnn "  input x: index[9]"
says net.rnn "#   e = nn.Embedding(9, 2)"
says net.rnn "  n = torch.LayerNorm(lstm)"
says err "rnn: note: 'e' is taken for nn.Embedding; if it is nn.Linear without bias, name it 'e:linear'"
says err "rnn: note: 'n' is taken for nn.LayerNorm with eps=1e-05; nn.GroupNorm has such tensors too, and is not read"
says net.rnn "  output y = softmax(n)"
expect 0 import chain.safetensors --chain out:linear,softmax
says net.rnn "  input x[4]"
says net.rnn "#   out = nn.Linear(4, 2, bias=False)"
refuses "--chain: there is neither a module 'fc2' nor a function of one value" chain.safetensors --chain lstm,fc2
refuses "--chain: there is neither a module 'sum' nor a function of one value" chain.safetensors --chain lstm,sum
refuses "--chain: 'relu' needs a module before it" chain.safetensors --chain relu,lstm
refuses "'lstm' reads frames, but 'last' before it gives one value for each sequence" chain.safetensors --chain e,last,lstm
refuses "--chain: 'last' takes frames, but 'last' before it gives one value" chain.safetensors --chain lstm,last,last
refuses "'out' reads 4 features, but 'lstm' before it gives 3" chain.safetensors --chain lstm,out
refuses "--chain: 'lstm' is called twice" chain.safetensors --chain lstm,lstm
refuses "--chain names no module" chain.safetensors --chain ""
refuses "leave out --prefix" chain.safetensors --chain lstm --prefix lstm
refuses "--chain: 'fc' is no nn.Conv1d, so that 'causal' cannot stand behind it" chain.safetensors --chain lstm,fc:causal
refuses "--chain: 'lstm' is no nn.Linear, so that 'linear' cannot stand behind it" chain.safetensors --chain lstm:linear
refuses "--chain: there is no module 'relu' of which '2' could be said" chain.safetensors --chain lstm,relu:2

# ---- Conv1d: what a state_dict does not tell is asked for ----

state_dict net.safetensors c.weight=3,2,3 c.bias=3 bn.weight=3 bn.bias=3 bn.running_mean=3 bn.running_var=3 bn.num_batches_tracked=1 \
  d.weight=3,1,2 f.weight=6,1,3 p.weight=4,3,1 p.bias=4 g.weight=4,2,3 g.bias=4 gru.weight_ih=9,4 gru.weight_hh=9,3
cp net.safetensors conv.safetensors
expect 0 import conv.safetensors --chain c:padding=1,bn,relu,d:causal:dilation=2,p,g:same:dilation=1,gru
says err "1 other tensor of 'conv.safetensors' left out, those of 'f'" # bn.num_batches_tracked is not missed
says err "'c' is taken for nn.Conv1d(2, 3, 3, padding=1) with stride=1; nn.ConvTranspose1d has such tensors too"
says net.rnn "c = nn.Conv1d(2, 3, 3, padding=1)"
says net.rnn "c.y = c.weight[:, :, 0] @ x[t-1] + c.weight[:, :, 1] @ x + c.weight[:, :, 2] @ x[t+1] + c.bias"
says net.rnn "d = nn.Conv1d(3, 3, 2, dilation=2, groups=3, bias=False), behind 2 zeros before the first frame"
says net.rnn "d.x = relu(bn.y)"
says net.rnn "d.y = d.weight[:, 0, 0] * d.x[t-2] + d.weight[:, 0, 1] * d.x"
says net.rnn "p.y = p.weight[:, :, 0] @ d.y + p.bias"
says net.rnn "g = nn.Conv1d(4, 4, 3, padding='same', groups=2)"
says net.rnn "g.y = concat(g.weight[0:2, :, 0] @ (p.y[0:2])[t-1] + "
expect 0 "$rnn" run net.rnn --weights net.safetensors --input x.csv --output y.csv
expect 0 import conv.safetensors --chain c:causal:dilation=2
runs_as "c = torch.Conv1d_3[3, 2](x)" c conv.safetensors
expect 0 import conv.safetensors --chain d:causal:groups=3
says net.rnn "input x[3]"
expect 0 import conv.safetensors --chain c:same,f:same
says net.rnn "f.y = concat(f.weight[0:2, :, 0] @ (c.y[0:1])[t-1] + "
refuses "does not say where nn.Conv1d(2, 3, 3) 'c' has zeros around the frames: in --chain, name it 'c:causal'" conv.safetensors --chain c
refuses "'c' with padding=2 gives another number of frames than it takes, which a program does not: with a kernel of 3 and dilation=1 \
as many come of padding=1, or of 'causal'" conv.safetensors --chain c:padding=2
refuses "'d' with padding=1 gives another number of frames than it takes, which a program does not: with a kernel of 2 and dilation=1 \
as many come of 'same' or 'causal'" conv.safetensors --chain d:padding=1
refuses "'c' with stride=2 gives another number of frames than it takes" conv.safetensors --chain c:same:stride=2
refuses "--chain: there is no 'dilate=2' that may stand behind 'c', an nn.Conv1d: there are causal, same" conv.safetensors --chain c:dilate=2
refuses "--chain: 'dilation=0' of 'c' needs a whole number from 1 to 1000000" conv.safetensors --chain c:dilation=0
refuses "--chain: 'c' is given two of causal, same and padding=N" conv.safetensors --chain c:same:causal
refuses "'c' gives 3 features, which are not 2 groups" conv.safetensors --chain c:same:groups=2
expect 0 import conv.safetensors --chain gru,p
state_dict normed.safetensors w.weight_g=3,1,1 w.weight_v=3,2,3 w.bias=3
refuses "the weight of 'w.' is made of others, as weight_norm does" normed.safetensors --chain w
state_dict conv.safetensors c.kernel=4,3 l.weight_ih=9,2
state_dict prelu.safetensors p.weight=3
refuses "'p.' is no module that is read" prelu.safetensors --chain p
refuses "'c.' is no module that is read" conv.safetensors --chain c
refuses "'l.weight_ih' needs 'l.weight_hh' beside it" conv.safetensors

# ---- what is no such layer ----

state_dict part.safetensors e.weight_ih_l0=12,2 e.weight_hh_l0=12,3 e.bias_ih_l0=12
refuses "lacks 'e.bias_hh_l0'" part.safetensors
state_dict shape.safetensors e.weight_ih_l0=12,2 e.weight_hh_l0=12,3 e.bias_ih_l0=12 e.bias_hh_l0=11
refuses "'e.bias_hh_l0' is [11] instead of [12]" shape.safetensors
refuses "'enc.weight_hh_l0' [12, 3], as in no GRU" enc.safetensors --as torch:gru
state_dict alone.safetensors e.weight_ih_l0=12,2
refuses "needs 'e.weight_hh_l0' beside it" alone.safetensors
state_dict empty.safetensors e.weight_ih_l0=0,2 e.weight_hh_l0=0,0
refuses "as in no LSTM, GRU or RNN" empty.safetensors
state_dict more.safetensors e.weight_ih_l0=9,2 e.weight_hh_l0=9,3 e.weight_ih_l2=9,3
refuses "has 3 tensors under 'e.', but an nn.GRU of 1 layers as these has 2" more.safetensors
state_dict odd.safetensors 'a-b.weight_ih_l0=9,2' 'a-b.weight_hh_l0=9,3'
refuses "equations cannot be named 'a-b'" odd.safetensors
state_dict other.safetensors head.weight=4,6
refuses "no tensor's name ends in 'weight_ih_l0'" other.safetensors
refuses "save_file(module.state_dict()" module.pt
head -c 100 enc.safetensors >cut.safetensors
refuses "cut.safetensors" cut.safetensors
refuses "missing.safetensors" missing.safetensors
expect 1 "$rnn" import enc.safetensors -o nowhere/net.rnn -w new.safetensors
[ ! -e new.safetensors ] || fail "weights without a program"
expect 1 "$rnn" import enc.safetensors -o net.rnn -w net.npz
says err "weights go into a .safetensors file"
expect 2 "$rnn" import enc.safetensors -o net.rnn
says err "give -o FILE.rnn and -w FILE.safetensors"
expect 2 "$rnn" import
says err "which file?"
expect 2 import enc.safetensors four.safetensors
says err "it takes one file, so not 'four.safetensors' too"
expect 2 import enc.safetensors --as torch:sru
says err "--as: there is no 'torch:sru'"
expect 2 "$rnn" import enc.safetensors -o net.rnn -w enc.safetensors

(comment) @comment
(string) @string
[(integer) (float)] @number

["cell" "model" "fn" "const" "import" "param" "input" "output" "target" "loss" "init" "as" "stack" "reverse"] @keyword
["index" "labels" "once" "svd" "cp" "preview" "refine" "f32" "f16" "bf16" "int8" "fixed" "normal" "uniform" "glorot"
 "orthogonal" "identity"] @type.builtin

["+" "-" "*" "/" "@" "<" "<=" ">" ">=" "==" "!=" "=" "->" "~"] @operator
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," "." ":"] @punctuation.delimiter

(cell name: (name) @type)
(model name: (name) @type)
(function name: (name) @function)
(import name: (name) @module)
(parameter name: (path) @variable.parameter)
(member name: (_) @property)
(call function: (name) @function.builtin
  (#match? @function.builtin "^(sigmoid|tanh|relu|leaky_relu|elu|softplus|log_sigmoid|softsign|hard_sigmoid|hard_tanh|gelu|silu|exp|log|sqrt|abs|sign|floor|mod|sin|cos|pow|min|max|clip|where|dropout|stop_gradient|softmax|log_softmax|layernorm|sum|mean|maximum|transpose|diag|concat|split|embed|first|last|mean_over_time|max_over_time|sum_over_time|softmax_over_time|frame_number|cross_entropy|binary_cross_entropy|mse|ctc)$"))

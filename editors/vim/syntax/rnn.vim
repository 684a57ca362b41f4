" Colours for programs of rnnc.
if exists('b:current_syntax')
  finish
endif

" Words that statements begin with are names behind anything else.
syntax match rnnStatement /\v(^|[{;])\s*\zs(cell|model|fn|const|param|input|output|target|loss|init|import)>(\s*[=,[])@!/
syntax match rnnWord /\v<(as|stack|reverse|index|labels|once|svd|cp|preview|refine|f32|f16|bf16|int8|fixed|normal|uniform|glorot|orthogonal|identity)>/
syntax match rnnFunction /\v<(sigmoid|tanh|relu|leaky_relu|elu|softplus|log_sigmoid|softsign|hard_sigmoid|hard_tanh|gelu|silu|exp|log|sqrt|abs|sign|floor|mod|sin|cos|pow|min|max|clip|where|dropout|stop_gradient|softmax|log_softmax|layernorm|sum|mean|maximum|transpose|diag|concat|split|embed|first|last|mean_over_time|max_over_time|sum_over_time|softmax_over_time|frame_number|cross_entropy|binary_cross_entropy|mse|ctc)>\ze\s*\(/
syntax match rnnNumber /\v<\d+(\.\d+)?([eE][-+]?\d+)?>/
syntax match rnnDelay /\v\[\s*\zst\s*[-+]\s*\d+\ze\s*\]/
syntax match rnnOperator /[-+*\/@<>=~:!]/
syntax region rnnString start=/"/ end=/"/ oneline
syntax match rnnComment /#.*/ contains=@Spell

highlight default link rnnStatement Keyword
highlight default link rnnWord Type
highlight default link rnnFunction Function
highlight default link rnnNumber Number
highlight default link rnnDelay Special
highlight default link rnnOperator Operator
highlight default link rnnString String
highlight default link rnnComment Comment

let b:current_syntax = 'rnn'

" Settings for programs of rnnc.
if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal commentstring=#\ %s comments=:#
setlocal expandtab shiftwidth=2 softtabstop=2 textwidth=0
setlocal suffixesadd=.rnn

" :make checks the program; gq over the whole file (gggqG) formats it.
setlocal makeprg=rnnc\ -fsyntax-only\ -fdiagnostics-color=never\ %:S
setlocal errorformat=%f:%l:%c:\ %trror:\ %m,%f:%l:%c:\ %tarning:\ %m,%f:%l:%c:\ %tote:\ %m,%-G%.%#
setlocal formatprg=rnnc\ --emit=source\ -

let b:undo_ftplugin = 'setlocal commentstring< comments< expandtab< shiftwidth< softtabstop< textwidth< suffixesadd< makeprg< errorformat< formatprg<'

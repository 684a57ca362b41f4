# shell: for i in $(seq 1000); do echo "const c = 1" >f$i.rnn; echo "import \"f$i.rnn\""; done >many.rnn; rnnc -fsyntax-only many.rnn
echo "const c = 1"

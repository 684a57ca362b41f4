#!/bin/sh
# Every word that stands in emitted C, or means something to C++, may be the name of an input, a target, a parameter or an equation: what comes of it compiles.
#   names.sh RNNC ROOT
set -eu
rnnc=$1
root=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

for name in both_directions columns ctc embedding ids_of_two_times inits_late inits_once lstm moves products; do
  "$rnnc" --train --input-gradients "$root/tests/gradient/programs/$name.rnn" --prefix=zzz -o zzz.c
  cat zzz.c >>all
done
echo and or not compl explicit friend mutable throw typeid constexpr nullptr thread_local wchar_t char16_t static_cast >>all # C++
# Numbered names are made of others.
grep -oE '\b[a-zA-Z][A-Za-z0-9_]*\b' all | grep -vE '^zzz|_[0-9]+(_|$)|_in$|_by_' | sort -u >words

# Without those that the language has for itself.
while read -r word; do
  printf 'model m {\n  input %s\n  output zzz = %s\n}\n' "$word" "$word" >one.rnn
  if "$rnnc" -fsyntax-only one.rnn 2>/dev/null; then echo "$word"; fi
done <words >names
[ "$(wc -l <names)" -gt 150 ] || { echo "only $(wc -l <names) names" >&2; exit 1; }

# Some hundred names at once in one role, and every other thing named otherwise.
declared() { sed "s/.*/&$1/" part | paste -sd, | sed 's/,/, /g'; }
inputs() { echo "  input $(declared '[2]')
  target zzz_y[2]
  output zzz = $sum"; }
targets() { echo "  target $(declared '[2]')
  input zzz_x[2]
  output zzz = zzz_x * 0.5
  zzz_y = $sum"; }
parameters() { echo "  param $(declared '[2]')
  input zzz_x[2]
  target zzz_y[2]
  output zzz = tanh(zzz_x * ($sum))"; }
sizes() { echo "$(sed 's/.*/  const & = 2/' part)
  input zzz_x[2]
  target zzz_y[2]
$(sed 's/.*/  param zzz_&_p[&]/' part)
  output zzz = tanh(zzz_x * ($(sed 's/.*/zzz_&_p/' part | paste -sd+)))"; }
equations() { echo "  input zzz_x[2]
  target zzz_y[2]
  param zzz_w[2, 2]
$(sed 's/.*/  & = tanh(zzz_w @ &[t-1] + zzz_x)/' part)
  output zzz = $sum"; }
split -l 200 names names.
for names in names.*; do
  cp "$names" part
  sum=$(paste -sd+ part)
  for role in inputs targets parameters sizes equations; do
    printf 'model net {\n%s\n  param zzz_p[2]\n  loss mse(zzz * zzz_p, zzz_y)\n}\n' "$($role)" >$role.rnn
    "$rnnc" --train --input-gradients $role.rnn --header=$role.h -o $role.c
    if [ $role != equations ] && command -v c++ >/dev/null; then # they are no part of a header
      echo "#include \"$role.h\"" | c++ -x c++ -fsyntax-only -I. -I"$root/runtime/include" -
    fi
    cc -std=gnu11 -fsyntax-only -Wall -Wextra -Werror -I"$root/runtime/include" $role.c || { echo "$role" >&2; exit 1; }
  done
done

# Networks beside the network, NAME_train_... and NAME_vjp_..., whose regions are named like those of values that begin so.
for word in train vjp; do
  printf 'model m {\n  input x[3]\n  target z[3]\n  param W[3, 3], Q[3, 3]\n  y = tanh(W @ x + Q @ y[t-1])\n  %s_y = tanh(W @ y + Q @ %s_y[t-1])\n  output o = %s_y\n  loss mse(o, z)\n}\n' \
    $word $word $word >beside.rnn
  "$rnnc" --train --vjp beside.rnn -o beside.c
  cc -std=gnu11 -fsyntax-only -Wall -Wextra -Werror -I"$root/runtime/include" beside.c
done

# Values named like arguments of NAME_vjp_backward.
cat >arguments.rnn <<'END'
model m {
  input gradient[3]
  param W[3, 3]
  end_adjoint = tanh(W @ gradient + W @ begin_adjoint[t-1] * (end_adjoint[t-1])[1])
  begin_adjoint = W @ end_adjoint + (end_adjoint[t-1] * gradient)[t-1]
  output end_adjoint
  output begin_adjoint
  output d_end_end_adjoint = begin_adjoint
}
END
"$rnnc" --vjp-states arguments.rnn -o arguments.c
cc -std=gnu11 -fsyntax-only -Wall -Wextra -Werror -I"$root/runtime/include" arguments.c

# And `pack`, whose scans are called as the packing is.
cat >pack.rnn <<'END'
model m {
  input x[4]
  param W[4, 4], U[4, 4]
  pack = tanh(W @ x + U @ pack[t-1])
  output pack
}
END
"$rnnc" --vjp pack.rnn -o pack.c
cc -std=gnu11 -fsyntax-only -Wall -Wextra -Werror -I"$root/runtime/include" pack.c

#!/bin/sh
# Trainings of several ranks, one of which is killed at any moment: each run ends by itself within 30 s, says which rank it was, and goes
# on from its checkpoint to the bits of a training that was never killed. Prints each kill as it happens.
#   ranks_kills.sh RNN [KILLS [SEED]]
set -eu
rnn=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
kills=${2:-4}
random=${3:-1}
. "$here/training.sh"
. "$here/mpi.sh"
count=3

# Momentum, dropout, factors and what is left out of them all have to go on.
long() { # NAME ARGUMENTS...
  train "$@" --double --epochs 4 --quiet --optimizer sgd,momentum=0.9 -D n=40 --compress powersgd:1 --compress-after 4 \
    --checkpoint "$1.checkpoint" --checkpoint-every 5
}
draw() { # MOST: a number below it, in $drawn
  random=$(((random * 1103515245 + 12345) % 2147483648))
  drawn=$((random / 65536 % $1))
}
milliseconds() { echo $(($(date +%s%N) / 1000000)); }

begin=$(milliseconds)
launch="mpirun -n $count"
expect 0 long whole
whole=$(($(milliseconds) - begin))

ranks_left() { # the processes of the run
  for id in $(pgrep -f -- "--out killed.safetensors"); do
    [ "$(readlink "/proc/$id/cwd")" != "$work" ] || [ "$(cat "/proc/$id/comm" 2>/dev/null)" != rnn ] || echo "$id"
  done
}
find_rank() { # RANK: its process in $victim; false where it has not begun or has ended
  victim=
  for id in $(ranks_left); do
    tr '\0' '\n' <"/proc/$id/environ" 2>/dev/null | grep -qx "OMPI_COMM_WORLD_RANK=$1" && victim=$id
  done
  [ -n "$victim" ]
}

# Each run is killed within about the time that a whole one takes, or gets to the end; then the next one begins anew.
done=0 ended=0 slowest=0 limit=$((60 + whole / 250)) # seconds: of a machine that has other things to do, too
while [ $done -lt "$kills" ] || [ $ended = 0 ]; do
  { launch="exec timeout $limit mpirun -n $count"; long killed --resume; } >out 2>err &
  process=$!
  if [ $done -lt "$kills" ]; then
    draw "$whole" && delay=$drawn
    draw $count && rank=$drawn
    sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
    until find_rank $rank || ! kill -0 $process 2>/dev/null; do sleep 0.01; done
    begin=$(milliseconds)
    [ -z "$victim" ] || kill -9 "$victim" 2>/dev/null || victim=
  else
    victim=
  fi
  status=0
  wait $process || status=$?
  process=
  if [ $status = 0 ]; then # it was done before
    cmp whole.safetensors killed.safetensors
    [ "$(without_seconds whole.csv)" = "$(without_seconds killed.csv)" ] || fail "after kills the log is another"
    ended=$((ended + 1))
    rm -f killed.*
    echo "a run got to the end, to the same bits, after $done of $kills kills"
    continue
  fi
  [ $status != 124 ] || fail "a run, of which rank $rank was killed after $delay ms, is not through after $limit s"
  [ -n "$victim" ] || fail "exit status $status of a run that nobody killed: $(cat err)"
  took=$(($(milliseconds) - begin))
  [ $took -lt 30000 ] || fail "the ranks wait $took ms for a dead one"
  [ $took -le $slowest ] || slowest=$took
  says err "process rank $rank "
  [ -z "$(ranks_left)" ] || sleep 1
  [ -z "$(ranks_left)" ] || fail "a rank goes on without rank $rank, which is dead"
  done=$((done + 1))
  echo "kill $done of $kills: rank $rank after $delay ms; the run ended $took ms later"
done
[ -z "$(ls -A | grep partial)" ] || fail "kills left behind: $(ls -A)"
echo "$done kills, $ended runs to the end; the slowest run ended $slowest ms after its kill"

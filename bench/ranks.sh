#!/bin/sh
# Two ranks on two cores beside one on one core, and how much of the time that their sums take over a slow link is hidden behind the
# computation. The link: two network namespaces of Linux, a rank in each, and between them an interface that lets through so many bits a
# second.
#   sudo sh bench/ranks.sh [MBITS [UNITS [STREAMS]]]      (1000, 512 and 32: two layers of LSTM, windows of 64 frames)
# Prints times of a step: of one rank, of two in shared memory, of two over the link with --no-overlap, and of two over the link. The
# median counts, of STEPS (24) behind the first three. BUILD is the folder of the programs (build). It needs root, `ip` and `tc`.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/arguments.sh"
mbits=${1:-1000} units=${2:-512} streams=${3:-32}
number MBITS "$mbits"
number UNITS "$units"
number STREAMS "$streams"
number STEPS "${STEPS:=24}"
build=$(cd "$root" && programs "${BUILD:-build}" bin/rnn bin/rnnc)
for command in ip tc unshare mpirun taskset; do command -v $command >/dev/null || fail "there is no '$command'"; done
[ "$(id -u)" = 0 ] || fail "only root may make network namespaces"
work=$(mktemp -d)
space=rnn$$
finish() {
  for i in 1 2; do ip netns del $space-$i 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# The link: 10.99.0.1 and 10.99.0.2, each of which sends at the rate.
for i in 1 2; do ip netns add $space-$i; done
ip link add ${space}a netns $space-1 type veth peer name ${space}b netns $space-2
for i in 1 2; do
  end=$space$([ $i = 1 ] && echo a || echo b)
  ip -n $space-$i addr add 10.99.0.$i/24 dev "$end"
  ip -n $space-$i link set lo up
  ip -n $space-$i link set "$end" up
  tc -n $space-$i qdisc add dev "$end" root tbf rate "${mbits}mbit" burst 256k latency 200ms
done

# mpirun starts what belongs to the other end by this command, as it else would by ssh.
cat >"$work/agent" <<EOF
#!/bin/sh
shift
exec unshare --uts sh -c "hostname $space-2 && exec ip netns exec $space-2 sh -c '\$*'"
EOF
chmod +x "$work/agent"

OMP_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMP_NUM_THREADS OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM
together="mpirun -n 2 --oversubscribe --bind-to none"
apart="ip netns exec $space-1 mpirun -n 2 --host 10.99.0.1,10.99.0.2 --bind-to none --mca plm rsh --mca plm_rsh_agent $work/agent
  --mca pml ob1 --mca btl tcp,self --mca btl_tcp_if_include 10.99.0.0/24 --mca oob_tcp_if_include 10.99.0.0/24"

# One epoch: so many frames that each stream has STEPS windows, and three before them that do not count.
frames=$(((STEPS + 3) * 64 * streams))
awk -v frames=$frames 'BEGIN { for (i = 0; i < frames; i++) printf "%c", 97 + int((sin(i * i) + 1) * 12.999) }' >"$work/text"

# step LAUNCHER ARGUMENTS...: the median of the seconds of a step
step() {
  launcher=$1
  shift
  (cd "$work" && $launcher "$build/bin/rnn" train "$root/examples/tinyshakespeare/tinyshakespeare.rnn" -D n="$units" -D V=32 --data text \
    --streams "$streams" --window 64 --epochs 1 --clip 1 --quiet --log log.csv --out weights.safetensors "$@") >"$work/out" 2>&1 ||
    fail "a training fails: $(cat "$work/out")"
  awk -F, 'NR > 4 { print $7 - before } { before = $7 }' "$work/log.csv" | sort -n | awk '{ s[NR] = $1 } END { print s[int((NR + 1) / 2)] }'
}

# line TEXT SECONDS
line() { awk -v text="$1" -v s="$2" -v frames=$((64 * streams)) 'BEGIN { printf "%-32s %7.3f s a step, %6.0f frames/s\n", text, s, frames / s }'; }

one=$(step "taskset -c 1")
line "one rank" "$one"
two=$(step "$together")
line "two ranks" "$two"
without=$(step "$together" --no-overlap)
line "two ranks, --no-overlap" "$without"
waits=$(step "$apart" --no-overlap)
line "$mbits Mb/s, --no-overlap" "$waits"
overlaps=$(step "$apart")
line "$mbits Mb/s" "$overlaps"
awk -v one="$one" -v two="$two" -v a="$without" -v b="$waits" -v c="$overlaps" 'BEGIN {
  printf "two ranks are %.2f times as fast as one; ", one / two
  if (b - a > 0.02 * a) printf "%.0f %% of the %.3f s that the link takes are hidden\n", 100 * (b - c) / (b - a), b - a
  else print "the link takes no time that could be told from noise: what of it is hidden cannot be said. Take fewer MBITS"
}'

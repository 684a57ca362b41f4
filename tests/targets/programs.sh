# Programs compiled with --target=multi, run on an emulated processor or here, and compared with the oracle. Exit 77 where there is no
# emulator.
#   programs.sh PROCESSOR RANDOM_PROGRAMS [ARGUMENT | FILE.rnn]...     PROCESSOR: a model of qemu-x86_64, aarch64, or here
processor=$1
random_programs=$2
shift 2
case $processor in
  here) ;;
  aarch64) . "$(dirname "$0")/../aarch64/tools.sh" ;;
  *) command -v qemu-x86_64 >/dev/null 2>&1 || { echo "skipped: there is no qemu-x86_64 here"; exit 77; } ;;
esac
case $processor in
  here) "$random_programs" --target=multi "$@" ;;
  aarch64) CC=aarch64-linux-gnu-gcc CFLAGS="$CFLAGS -static" "$random_programs" --target=multi --run-with=qemu-aarch64 "$@" ;;
  *) "$random_programs" --target=multi --run-with="qemu-x86_64 -cpu $processor" "$@" ;;
esac

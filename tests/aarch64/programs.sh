# Programs compiled for aarch64 and run under an emulator, compared with the oracle, which runs on this machine. Exit 77 where the
# compiler or the emulator is missing.
#   programs.sh PROJECT RANDOM_PROGRAMS [ARGUMENT | FILE.rnn]...
. "$1/tests/aarch64/tools.sh"
random_programs=$2
shift 2
export CC=aarch64-linux-gnu-gcc CFLAGS="$CFLAGS -static"
"$random_programs" --machine=neon --run-with=qemu-aarch64 "$@"

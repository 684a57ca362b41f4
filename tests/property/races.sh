# Random programs whose threads ThreadSanitizer watches: a race ends the network. Exit 77 where that is not possible.
#   races.sh PROJECT RANDOM_PROGRAMS ARGUMENT...
root=$1
. "$root/tests/thread_sanitizer.sh"
random_programs=$2
shift 2
export CC=clang CFLAGS="$sanitize" OMP_NUM_THREADS=3
exec "$random_programs" --run-with=env "$@"

#!/bin/sh
# Emitted code beside its peers on this machine, in turn within one run: tables (Markdown), all figures (CSV) and a plot (SVG).
# Before a task is measured, each peer's result is compared with ours: same weights, same input.
#
#   sh bench/run.sh [OPTION...]
#
#   --quick           a few tasks of each group, shorter: about five minutes
#   --tasks PATTERN   tasks or groups of bench/tasks.txt whose names match, as 'train lstm*' or 'streams'
#   --peers LIST      of onednn,onnxruntime,openvino,torch,torch-compiled,jax,libxsmm,openblas; none; all (default)
#   --base DIR        an earlier version of this project, built in DIR/build, is measured beside it
#   --base-cc CC      compiles that one, as with --base . --base-cc clang
#   --build DIR       rnnc and the runtime are there (default: build, brought up to date)
#   --march MARCH     for which the compiler makes code (default native); with x86-64-v3 peers are held to AVX2 too
#   --threads N       for peers (default 1); emitted code has one
#   --rounds N        each system once a round (default 5, quick 3)
#   --seconds S       of a system in a round (default 0.3, quick 0.1)
#   --csv FILE        (default bench.csv); beside it, as .md, the tables, as .svg the plot, as .json what the report says beside
#   --install         peers that are missing are installed: from PyPI, about 6 GB, into virtual environments, and from Debian
#
# The virtual environments are in $RNNC_PEERS, or in rnnc-peers in $XDG_CACHE_HOME or ~/.cache. The C compiler is $CC. Keep other
# work off the machine.
set -eu
export PYTHONDONTWRITEBYTECODE=1
top=$(cd "$(dirname "$0")/.." && pwd)
folder=${RNNC_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/rnnc-peers}
quick='' tasks='*' peers=all base='' base_cc='' build='' march=native threads=1 rounds='' seconds='' csv=bench.csv install='' failed=''
usage() { sed -n '/^#!/d; /^#/!q; s/^# \{0,1\}//; p' "$0"; }

# make_environment NAME PACKAGE...: a virtual environment with packages of PyPI; what fails is named in the report.
make_environment() {
  environment=$folder/$1
  shift
  [ -x "$environment/bin/pip" ] || python3 -m venv "$environment" || return 0
  for package in "$@"; do
    "$environment/bin/pip" -q install "$package" >&2 || echo "bench/run.sh: cannot install $package" >&2
  done
}

# The shell reads all of it before it begins: the file may change while the bench runs.
main() {
  while [ $# -gt 0 ]; do
    option=$1
    shift
    case $option in
      --quick) quick=--quick; continue ;;
      --install) install=1; continue ;;
      --help) usage; exit 0 ;;
      --tasks | --peers | --base | --base-cc | --build | --march | --threads | --rounds | --seconds | --csv) ;;
      *) echo "bench/run.sh: no option '$option'; see --help" >&2; exit 2 ;;
    esac
    [ $# -gt 0 ] || { echo "bench/run.sh: $option needs an argument" >&2; exit 2; }
    name=$(echo "${option#--}" | tr - _)
    eval "$name=\$1"
    shift
  done
  rounds=${rounds:-$([ "$quick" ] && echo 3 || echo 5)}
  seconds=${seconds:-$([ "$quick" ] && echo 0.1 || echo 0.3)}
  command -v python3 >/dev/null || { echo "bench/run.sh: no python3" >&2; exit 77; }
  if [ -z "$build" ]; then
    build=$top/build
    (cd "$top" && { [ -e build/CMakeCache.txt ] || cmake --preset release; } && cmake --build build --target rnnc rnn_runtime) >&2
  fi

  if [ "$install" ]; then
    sh "$top/scripts/install-deps.sh" bench >&2 || echo "bench/run.sh: goes on without packages of Debian" >&2
    mkdir -p "$folder"
    make_environment python numpy onnx onnxruntime openvino torch jax
    make_environment onednn onednn-cpu-gomp onednn-devel-cpu-gomp
  fi
  python=python3
  [ ! -x "$folder/python/bin/python" ] || python=$folder/python/bin/python
  mkdir -p "$(dirname "$csv")"
  rm -f "${csv%.csv}.json"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  "$python" "$top/bench/measure.py" --work "$work" --project "$top" --build "$build" --peers "$peers" --folder "$folder" \
    --base "${base:+$(cd "$base" && pwd)}" --base-cc "${base_cc:-${CC:-cc}}" --cc "${CC:-cc}" --march "$march" --threads "$threads" \
    --tasks "$tasks" --rounds "$rounds" --seconds "$seconds" $quick --csv "$csv" --about "${csv%.csv}.json" || failed=1
  [ -e "${csv%.csv}.json" ] || exit 1
  "$python" "$top/bench/report.py" "$csv" "${csv%.csv}.json" "${csv%.csv}.md" "${csv%.csv}.svg"
  cat "${csv%.csv}.md"
  [ -z "$failed" ] || { echo "bench/run.sh: emitted code failed, see the end of the tables" >&2; exit 1; }
}
main "$@"
exit

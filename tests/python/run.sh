# Tests of the Python package, on a build of rnnc, with a Python of this machine: $PYTHON, python3 or Debian's.
#   run.sh SOURCE BUILD FILE [MODULE...]      77: no Python here has the modules
set -eu
source=$1 build=$2 file=$3
shift 3
modules=$(printf 'import sys;' && printf 'import %s;' "$@")
for python in "${PYTHON:-python3}" /usr/bin/python3; do
  if "$python" -c "$modules" 2>/dev/null; then
    export RNNC_PREFIX="$build" PYTHONPATH="$source/python${PYTHONPATH:+:$PYTHONPATH}" PYTHONDONTWRITEBYTECODE=1
    exec "$python" "$source/tests/python/$file"
  fi
done
echo "skipped: no python3 here with the modules $*"
exit 77

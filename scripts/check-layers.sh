#!/bin/sh
# Holds the code to compiler/LAYERS and tools/LAYERS: which folder may include headers of which, and that files of a folder do
# not call each other in a circle. Also, names of files have underscores, and stage `do-this` is a function do_this in do_this.c.
#   sh scripts/check-layers.sh [ROOT]         prints all breaches of the tables; exit 1 if there are any
#   sh scripts/check-layers.sh --self-test    shows that breaches are found
#
# Beyond the tables: compiler/*.[ch] is the layer `top`, which alone of the compiler may include the runtime (it reads weights
# files), and files/, which includes nothing; grammar/ belongs to syntax; the runtime includes nothing but itself and files/, and
# every folder of tools/ may use base, syntax, sema, oracle, files/ and the runtime; tools/*.[ch] is `tools/top`.
set -eu
home=$(cd "$(dirname "$0")/.." && pwd)

# check_circles ROOT
check_circles() (
  cd "$1"
  files=$(find compiler files runtime tools -name '*.c' | LC_ALL=C sort)
  awk -v tables="compiler/LAYERS tools/LAYERS" -f "$home/scripts/check-circles.awk" $files $files
)

# check_names ROOT
check_names() (
  cd "$1"
  bad=$(find compiler files runtime tools tests -name '*-*' ! -path '*/corpus/*' 2>/dev/null | LC_ALL=C sort)
  [ -z "$bad" ] || { echo "$bad: names of files have underscores"; return 1; }
  status=0
  for stage in $(sed -n '/define PIPELINE_STAGES/,/^$/ s/.*X([A-Z_]*, "\(.*\)").*/\1/p' compiler/pipeline.h); do
    function=$(printf %s "$stage" | tr - _)
    grep -qsE "^[a-z].*[ *]$function(_[a-z]+)?\(" compiler/*/"$function.c" ||
      { echo "compiler/pipeline.h: stage '$stage' has no function $function in a file $function.c"; status=1; }
  done
  return "$status"
)

# check_includes ROOT
check_includes() {
  find "$1/compiler" "$1/files" "$1/grammar" "$1/runtime" "$1/tools" -name '*.[chly]' 2>/dev/null | LC_ALL=C sort |
    xargs awk -v root="$1/" '
      function layer_of(path,  part) {
        split(path, part, "/")
        if (part[1] == "grammar") return "syntax"
        if (part[1] != "compiler" && part[1] != "tools") return part[1]
        return (part[1] == "tools" ? "tools/" : "") (part[2] ~ /\.[chly]$/ ? "top" : part[2])
      }
      # Reads a table; its folders are called PREFIX and their name.
      function read_table(path, prefix,  line, layer, count, may, i) {
        while ((getline line < path) > 0) {
          sub(/#.*/, "", line)
          if (line !~ /:/ || line ~ /^circle /) continue
          layer = prefix substr(line, 1, index(line, ":") - 1)
          count = split(substr(line, index(line, ":") + 1), may, " ")
          known[layer] = 1
          for (i = 1; i <= count; i++) allowed[layer, prefix may[i]] = 1
        }
      }
      BEGIN {
        read_table(root "compiler/LAYERS", "")
        read_table(root "tools/LAYERS", "tools/")
        known["runtime"] = known["files"] = 1
        allowed["top", "files"] = allowed["runtime", "files"] = 1
        allowed["top", "rnn"] = allowed["runtime", "rnn"] = 1
        count = split("base syntax sema oracle files rnn", of_tools, " ")
        for (layer in known)
          if (layer ~ /^tools\//)
            for (i = 1; i <= count; i++) allowed[layer, of_tools[i]] = 1
      }
      FNR == 1 {
        path = substr(FILENAME, length(root) + 1)
        layer = layer_of(path)
        tools = layer ~ /^tools\//
        if (!(layer in known)) {
          print path ": folder `" layer "` is not in " (tools ? "tools" : "compiler") "/LAYERS"; bad = 1
        }
      }
      /^[ \t]*#[ \t]*include[ \t]*["<]/ {
        header = $0
        sub(/^[ \t]*#[ \t]*include[ \t]*["<]/, "", header)
        sub(/[">].*/, "", header)
        if (index(header, "/") == 0) next
        folder = substr(header, 1, index(header, "/") - 1)
        if (folder == "." || folder == "..") {
          print path ":" FNR ": " header ": name the folder instead"; bad = 1; next
        }
        if (tools && ("tools/" folder) in known) folder = "tools/" folder
        if (!(folder in known) && folder != "rnn") next   # a header of the system
        if (folder != layer && !((layer, folder) in allowed)) {
          print path ":" FNR ": `" layer "` may not include \"" header "\""; bad = 1
        }
      }
      END { exit bad }'
}

check() {
  status=0
  check_includes "$1" || status=1
  check_circles "$1" || status=1
  check_names "$1" || status=1
  return "$status"
}

self_test() {
  tree=$(mktemp -d)
  trap 'rm -rf "$tree"' EXIT
  mkdir -p "$tree/compiler/base" "$tree/compiler/sema" "$tree/files" "$tree/grammar" "$tree/runtime/src" "$tree/tools/data" "$tree/tools/run"
  printf 'base:\nsyntax: base\nsema: base syntax\ntop: base syntax sema\n' >"$tree/compiler/LAYERS"
  printf 'data:\nrun: data\ntop: data run\n' >"$tree/tools/LAYERS"
  printf '#define PIPELINE_STAGES(X) \\\n  X(DO_THIS, "do-this")\n\n' >"$tree/compiler/pipeline.h"
  printf 'struct a *do_this(void)\n{\n}\n' >"$tree/compiler/sema/do_this.c"
  # expect STATUS FILE INCLUDE: the tree with this one include is accepted (0) or refused (1).
  expect() {
    printf '#include <stdio.h>\n#include %s\n' "$3" >"$tree/$2"
    status=0
    check "$tree" >/dev/null || status=1
    rm "$tree/$2"
    [ "$status" = "$1" ] || { echo "check-layers: self-test: $2 with #include $3: got $status, expected $1" >&2; exit 1; }
  }
  expect 0 compiler/sema/a.c '"base/a.h"'
  expect 0 compiler/sema/a.c '"sema/b.h"'
  expect 0 compiler/main.c '"sema/b.h"'
  expect 0 compiler/main.c '"rnn/weights.h"'
  expect 0 grammar/rnn.y '"base/a.h"'
  expect 0 tools/run/a.c '"rnn/model.h"'
  expect 0 tools/run/a.c '"data/a.h"'
  expect 0 tools/run/a.c '"sema/a.h"'
  expect 0 tools/a.c '"run/a.h"'
  expect 1 tools/data/a.c '"run/a.h"'
  expect 0 runtime/src/a.c '"rnn/model.h"'
  expect 0 runtime/src/a.c '<sys/stat.h>'
  expect 1 compiler/base/a.c '"sema/a.h"'
  expect 1 compiler/base/a.c ' <sema/a.h>'
  expect 1 compiler/base/a.c '"../sema/a.h"'
  expect 1 compiler/sema/a.c '"rnn/model.h"'
  expect 1 grammar/rnn.y '"sema/a.h"'
  expect 0 runtime/src/a.c '"files/a.h"'
  expect 0 tools/a.c '"files/a.h"'
  expect 0 compiler/main.c '"files/a.h"'
  expect 1 compiler/sema/a.c '"files/a.h"'
  expect 1 files/a.c '"base/a.h"'
  expect 1 files/a.c '"rnn/model.h"'
  expect 1 runtime/src/a.c '"base/a.h"'
  mkdir "$tree/compiler/other" "$tree/tools/other"
  expect 1 compiler/other/a.c '"base/a.h"'
  expect 1 tools/other/a.c '"data/a.h"'
  rmdir "$tree/compiler/other" "$tree/tools/other"

  # expect_tree STATUS: the files as they are.
  expect_tree() {
    status=0
    check "$tree" >/dev/null || status=1
    [ "$status" = "$1" ] || { echo "check-layers: self-test: names or circles: got $status, expected $1" >&2; exit 1; }
  }
  printf 'int one(void)\n{\n    return two(); /* "\n}\n' >"$tree/compiler/sema/one.c"
  printf '/* one() */\nint two(void)\n{\n    static int one;\n    return "one()", one;\n}\n' >"$tree/compiler/sema/two.c"
  expect_tree 0
  printf 'int two(\n    void)\n{\n    return one();\n}\n' >"$tree/compiler/sema/two.c"
  expect_tree 1
  printf 'circle sema: one two # they are meant to\n' >>"$tree/compiler/LAYERS"
  expect_tree 0
  printf 'static int one(void)\n{\n    return 1;\n}\nint two(void)\n{\n    return one();\n}\n' >"$tree/compiler/sema/two.c"
  expect_tree 1
  rm "$tree/compiler/sema/two.c" "$tree/compiler/sema/one.c"
  sed -i '/^circle/d' "$tree/compiler/LAYERS"
  expect_tree 0
  mv "$tree/compiler/sema/do_this.c" "$tree/compiler/sema/do-this.c"
  expect_tree 1
  mv "$tree/compiler/sema/do-this.c" "$tree/compiler/sema/do_that.c"
  expect_tree 1
  echo "check-layers: self-test passed"
}

if [ "${1:-}" = --self-test ]; then
  self_test
else
  root=${1:-$home}
  check "$root" || { echo "check-layers: what is above breaks compiler/LAYERS or tools/LAYERS" >&2; exit 1; }
  echo "check-layers: includes, calls and names keep to compiler/LAYERS and tools/LAYERS"
fi

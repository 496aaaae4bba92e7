#!/bin/sh
# first_differences_test.sh SCRIPT
set -eu
script=$1

# Three actions in a row, the second with a folder for an output, and one beside.
cat > "$TEST_TMPDIR/actions" <<'END'
action 'Executing genrule //a:clock'
  Mnemonic: Genrule
  Target: //a:clock
  Inputs: [bazel-out/bin/a/date.sh]
  Outputs: [bazel-out/bin/a/clock.txt, bazel-out/bin/a/zone.txt]

action 'Collecting //b:folder'
  Mnemonic: Folder
  Target: //b:folder
  Inputs: [bazel-out/bin/a/clock.txt, external/x]
  Outputs: [bazel-out/bin/b/folder]

action 'Packing //c:packed'
  Mnemonic: Pack
  Target: //c:packed
  Inputs: [bazel-out/bin/b/folder]
  Outputs: [bazel-out/bin/c/packed]

action 'Writing //d:list'
  Mnemonic: FileWrite
  Target: //d:list
  Inputs: []
  Outputs: [bazel-out/bin/d/list]
END

expect() {
  printf '%s\n' $1 > "$TEST_TMPDIR/paths"
  found=$(awk -f "$script" "$TEST_TMPDIR/paths" "$TEST_TMPDIR/actions")
  if [ "$found" != "$2" ]; then
    echo "of $1: '$found' (expected '$2')" >&2
    exit 1
  fi
}

# Where all begins, and no action after it.
expect "bazel-out/bin/a/clock.txt bazel-out/bin/b/folder/clock.txt bazel-out/bin/c/packed" \
  "//a:clock (Genrule): bazel-out/bin/a/clock.txt"
# A file in a folder that an action makes.
expect "bazel-out/bin/b/folder/clock.txt bazel-out/bin/c/packed" \
  "//b:folder (Folder): bazel-out/bin/b/folder"
# Each cause, also of actions without inputs.
expect "bazel-out/bin/c/packed bazel-out/bin/d/list" \
  "//c:packed (Pack): bazel-out/bin/c/packed
//d:list (FileWrite): bazel-out/bin/d/list"
# What no action makes has no cause.
expect "bazel-out/bin/e" ""

#!/bin/sh
# Edits and builds in quick succession never leave an output of an earlier edit:
# ./bazelw copies outputs out of memory with times of whole seconds, by which Bazel
# must not tell them apart.
#
#   ci/quick_edits.sh
#
# Builds a chain of copies, of which the last step compares all of them, 20 times in
# a workspace of its own, each time after an edit that keeps the size.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
builds=20
work=$(mktemp -d)

bazel() {
  (cd "$work/workspace" && "$root/bazelw" --output_base="$work/output" "$@")
}

clean_up() {
  bazel shutdown || true
  chmod -R u+w "$work"
  rm -rf "$work"
}
trap clean_up EXIT

mkdir "$work/workspace"
: > "$work/workspace/WORKSPACE.bazel"
cat > "$work/workspace/BUILD.bazel" << 'END'
# Several outputs a step: what is deleted leaves its place on the disk to another.
_STEPS = range(1, 5)

_COPIES = range(32)

[
    genrule(
        name = "step_%d" % step,
        srcs = ["source"] if step == 1 else ["copy_%d_0" % (step - 1)],
        outs = ["copy_%d_%d" % (step, copy) for copy in _COPIES],
        cmd = "for copy in $(OUTS); do cp $< $$copy; done",
    )
    for step in _STEPS
]

genrule(
    name = "same",
    srcs = ["copy_%d_%d" % (step, copy) for step in _STEPS for copy in _COPIES],
    outs = ["compared"],
    cmd = "for copy in $(SRCS); do cmp $(location copy_1_0) $$copy; done > $@",
)
END

edit=0
while [ "$edit" -lt "$builds" ]; do
  edit=$((edit + 1))
  printf 'edit %03d\n' "$edit" > "$work/workspace/source"
  bazel build --disk_cache= //:same > "$work/log" 2>&1 || {
    tail -n 20 "$work/log" >&2
    echo "quick_edits: FAILED: build $edit of $builds has an output of another" >&2
    exit 1
  }
done
echo "quick_edits: OK: $builds builds, $builds edits"

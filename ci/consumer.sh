#!/bin/sh
# The rules in somebody else's workspace: a copy of examples/consumer outside this
# repository is tested and its packet built and verified by Bazel 4.2.3 and the
# pinned 7.7.1 through WORKSPACE.bazel, and by 7.7.1 through MODULE.bazel. The
# packet must be the same.
#
#   ci/consumer.sh [BAZEL OPTION]...
set -eu
cd "$(dirname "$0")/.."
root=$PWD
# shellcheck source=ci/bazel_ways.sh
. ci/bazel_ways.sh

work=$(mktemp -d)
# The same path each time, for what Bazel keeps by the workspace's path.
workspace=${XDG_CACHE_HOME:-$HOME/.cache}/pedigree/bazel/consumer
clean_up() {
  for way in $bazel_ways; do
    in_workspace "$way" shutdown 2> /dev/null || true
  done
  rm -rf "$work" "$workspace"
}
trap clean_up EXIT

# in_workspace WAY ARGUMENT...
in_workspace() {
  (cd "$workspace" && by_way "$@")
}

rm -rf "$workspace"
mkdir -p "$workspace" "$work/digests"
cp -R examples/consumer/. "$workspace"
for file in .bazelrc MODULE.bazel WORKSPACE.bazel; do
  sed "s|%workspace%/../..|$root|; s|path = \"../..\"|path = \"$root\"|" \
    "examples/consumer/$file" > "$workspace/$file"
done

for way in $bazel_ways; do
  start=$(date +%s)
  in_workspace "$way" test "$@" //... || {
    echo "consumer: FAILED: $way: tests" >&2
    exit 1
  }
  in_workspace "$way" build "$@" //:packet //:packet.digest
  bin=$(in_workspace "$way" info bazel-bin 2> /dev/null)
  digest=$(cat "$bin/packet.digest")
  in_workspace "$way" run "$@" @pedigree//:pedigree -- packet verify \
    "$bin/packet" "--digest=$digest" || {
    echo "consumer: FAILED: $way: $bin/packet is not whole" >&2
    exit 1
  }
  echo "$digest" > "$work/digests/$way"
  echo "consumer: $way: $digest, $(($(date +%s) - start)) s"
done

same_digests "$work/digests" || {
  echo "consumer: FAILED: digests of the packet differ" >&2
  exit 1
}
echo "consumer: OK"

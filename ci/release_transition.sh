#!/bin/sh
# Neither the command line nor the workspace must leak into a packet: the same
# digest here with the default flags, and in a workspace that uses @pedigree with
# `-c dbg --copt=-DX --strip=never`.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
# shellcheck source=ci/other_workspace.sh
. ci/other_workspace.sh

work=$(mktemp -d)
mkdir "$work/other"

# Bazel on the other workspace.
bazel() {
  (cd "$work/other" && "$root/bazelw" --output_base="$work/output" "$@")
}

clean_up() {
  [ ! -d "$work/output" ] || bazel shutdown || true
  chmod -R u+w "$work"
  rm -rf "$work"
}
trap clean_up EXIT

./bazelw build //fixtures:packet.digest
plain=$(cat bazel-bin/fixtures/packet.digest)

other_workspace "$work/other"
bazel build @pedigree//fixtures:packet.digest
debug=$(cat "$work/other/bazel-bin/external/pedigree/fixtures/packet.digest")

if [ "$plain" != "$debug" ]; then
  echo "release_transition: FAILED: $plain by default, $debug with -c dbg in another workspace" >&2
  exit 1
fi
echo "release_transition: OK: $plain"

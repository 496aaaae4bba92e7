#!/bin/sh
# How a registry's work grows: 10, 100 and 1,000 small packets in one.
#
#   ci/registry_scale.sh [DIR]
#
# DIR: where to work, by default a temporary folder; what a sync costs there is
# part of the times. Prints the table of release/registry/registry_benchmark.cc.
set -eu
cd "$(dirname "$0")/.."
./bazelw build //release/registry:registry_benchmark
work=$(mktemp -d "${1:-${TMPDIR:-/tmp}}/registry_scale.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
bazel-bin/release/registry/registry_benchmark "$work"
echo "registry_scale: OK"

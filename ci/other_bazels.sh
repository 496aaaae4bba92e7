#!/bin/sh
# The same packets and passing tests by every Bazel: 4.2.3 and the pinned 7.7.1
# through WORKSPACE.bazel, and 7.7.1 through MODULE.bazel.
#
#   ci/other_bazels.sh [--all] [BAZEL OPTION]...
#
# Builds the packets of //fixtures:demo by each and compares their digests; runs
# under 7.7.1, both ways, the tests of rules, packets and WebAssembly, or, with
# --all, every test. Says how long each took. The first run fetches Bazel 7 and
# compiles everything twice more: objects of one way are none of another.
# Exit status: 0 when all digests are equal and all tests pass.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
# shellcheck source=ci/bazel_ways.sh
. ci/bazel_ways.sh

tests="//bazel/... //evaluator/tests/... //fixtures:all //packager/tests/...
  //release/lab/... //release/tests/... //runtime/client/... //runtime/exports/...
  //third_party/..."
if [ "${1-}" = --all ]; then
  tests=//...
  shift
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# timed WHAT COMMAND...
timed() {
  what=$1
  shift
  start=$(date +%s)
  "$@" || {
    echo "other_bazels: FAILED: $what" >&2
    exit 1
  }
  echo "other_bazels: $what: $(($(date +%s) - start)) s"
}

packets=$(by_way 4.2.3-workspace query \
  'kind("_release_packet rule", deps(//fixtures:demo))' 2> /dev/null | sort)
[ -n "$packets" ] || {
  echo "other_bazels: FAILED: //fixtures:demo has no packet" >&2
  exit 1
}

mkdir "$work/digests"
for way in $bazel_ways; do
  # shellcheck disable=SC2086  # a word a target
  timed "$way: packets" by_way "$way" build "$@" \
    $(printf '%s.digest\n' $packets)
  bin=$(by_way "$way" info bazel-bin 2> /dev/null)
  for packet in $packets; do
    path=$(printf %s "${packet#//}" | tr : /)
    echo "$packet $(cat "$bin/$path.digest")"
  done > "$work/digests/$way"
  case $way in
    7.7.1-*)
      # shellcheck disable=SC2086
      timed "$way: tests" by_way "$way" test "$@" $tests
      ;;
  esac
done

same_digests "$work/digests" || {
  echo "other_bazels: FAILED: digests of packets differ" >&2
  exit 1
}
cat "$work/digests/4.2.3-workspace"
echo "other_bazels: OK: $(echo "$packets" | wc -l) packets, equal $(echo "$bazel_ways" | wc -w) ways"

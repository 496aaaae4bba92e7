#!/bin/sh
# Kills and power cuts at every call by which a registry is written: before it,
# after it, and half-way through a write; see release/registry/crash_test.cc.
#
#   ci/registry_kill.sh
#
# Fails with fewer than 10,000 moments. Works in memory where /dev/shm is there:
# what a sync costs changes nothing but the time.
set -eu
cd "$(dirname "$0")/.."
./bazelw build //release/registry:crash_test
tmp=${TMPDIR:-/tmp}
[ ! -w /dev/shm ] || tmp=/dev/shm
work=$(mktemp -d "$tmp/registry_kill.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir "$work/0" "$work/1"

# Two shards, since each moment is the work of one process.
run() {
  TEST_TMPDIR=$work/$1 GTEST_TOTAL_SHARDS=2 GTEST_SHARD_INDEX=$1 \
    PEDIGREE_CRASH_STRIDE=1 PEDIGREE_CRASH_ROUNDS=4 bazel-bin/release/registry/crash_test \
    > "$work/$1.log" 2>&1
}
run 0 &
first=$!
status=0
run 1 || status=$?
wait "$first" || status=$?
grep -h -e ' kills, ' "$work"/[01].log || status=1
if [ "$status" -ne 0 ]; then
  grep -h -v '^\[' "$work"/[01].log | tail -60
  echo "registry_kill: FAILED"
  exit 1
fi
awk '/ kills, / { kills += $2; cuts += $4 }
  END {
    printf "registry_kill: %d kills, %d power cuts\n", kills, cuts
    if (kills + cuts < 10000) {
      print "registry_kill: FAILED: fewer than 10000 moments"
      exit 1
    }
    print "registry_kill: OK"
  }' "$work"/[01].log

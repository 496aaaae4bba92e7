#!/bin/sh
# Runs every fuzz target of the tree by libFuzzer, under AddressSanitizer and
# UndefinedBehaviorSanitizer.
#
#   ci/fuzz.sh [SECONDS [TARGET]...]
#
# SECONDS: of a processor's time for each target, default 60. TARGETS: labels of
# programs that //bazel:fuzz.bzl made; default all. Seeds are a target's committed
# corpus and what earlier runs found, which is kept, with any input that fails, in
# ${PEDIGREE_FUZZ_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pedigree/fuzz}.
#
# An input that fails, once its cause is mended, goes into the target's corpus
# below fixtures/: its replay is part of every test run.
# Exit status: 0 when no target crashed, leaked, hung (25 s for an input) or took
# more than 2 GiB.
set -eu
seconds=${1:-60}
case $seconds in
  '' | *[!0-9]*)
    echo "usage: ci/fuzz.sh [SECONDS [TARGET]...]" >&2
    exit 2
    ;;
esac
[ $# -eq 0 ] || shift
cd "$(dirname "$0")/.."
kept=${PEDIGREE_FUZZ_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pedigree/fuzz}

query() {
  ./bazelw "$@" 2> /dev/null
}

[ $# -gt 0 ] ||
  # shellcheck disable=SC2046  # labels are words
  set -- $(query query 'attr(tags, "\bfuzzer\b", //...)' | sort)
[ $# -gt 0 ] || {
  echo "fuzz: FAILED: no fuzz target in the tree"
  exit 1
}
./bazelw build --config=fuzz --experimental_convenience_symlinks=ignore "$@"
execroot=$(query info execution_root)
bin=$(query info --config=fuzz bazel-bin)

# libFuzzer's own C++ library, and the program that names addresses.
clang=$execroot/external/pedigree_clang
export LD_LIBRARY_PATH="$clang/usr/lib/x86_64-linux-gnu"
export ASAN_SYMBOLIZER_PATH="$clang/usr/lib/llvm-19/bin/llvm-symbolizer"
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1

# Processor time of the programs so far, by what `times` has written. (In a pipe it
# would tell the pipe's.)
processor_seconds() {
  awk 'NR == 2 { split($1, user, /[ms]/); split($2, kernel, /[ms]/)
    printf "%d\n", (user[1] + kernel[1]) * 60 + user[2] + kernel[2] }' "$times"
}

mkdir -p "$kept"
times=$(mktemp)
trap 'rm -f "$times"' EXIT
status=0
for label; do
  name=$(echo "${label#//}" | tr : /)
  found=$kept/$name
  mkdir -p "$found/corpus" "$found/failures"
  program=$bin/$name
  seeds=$program.runfiles/pedigree/fixtures
  folders=$(find -L "$seeds" -type f -exec dirname {} + | sort -u)
  log=$found/log
  times > "$times"
  before=$(processor_seconds)
  spent=0
  executions=0
  passed=true
  echo "fuzz: $label for $seconds s of a processor's time"
  # The program's own limit is by the clock, which passes faster on a busy machine.
  while [ "$spent" -lt "$seconds" ]; do
    # shellcheck disable=SC2086  # paths of the tree hold no spaces
    "$program" -max_total_time=$((seconds - spent)) -timeout=25 -rss_limit_mb=2048 \
      -print_final_stats=1 -artifact_prefix="$found/failures/" \
      "$found/corpus" $folders > "$log" 2>&1 || passed=false
    times > "$times"
    spent=$(($(processor_seconds) - before))
    $passed || {
      status=1
      grep -v -e '^#' -e '^INFO' "$log" | head -n 60
      echo "fuzz: FAILED: $label; the input is in $found/failures, the log is $log"
      break
    }
    executions=$((executions +
      $(sed -n 's/^stat::number_of_executed_units: *//p' "$log")))
  done
  echo "  processor time: $spent s, executions: $executions"
  sed -n 's/.*DONE *\(cov: [0-9]* ft: [0-9]* corp: [^ ]*\).*/  \1/p' "$log"
done
[ "$status" -ne 0 ] || echo "fuzz: OK: $# targets, $seconds s of a processor's time each"
exit "$status"

#!/bin/sh
# How builds grow with the number of descendants: what loading, analysis, a first
# build, a no-op and the change of one adapter cost at each size.
#
#   ci/scale.sh [SIZES [FOLDER [ROUNDS]]]
#
# SIZES: numbers of descendants, multiples of 10 in ascending order, at least three
# for a verdict on growth; default "10 100 1000". FOLDER: where to work, default a
# temporary one that is removed. One that is given keeps scale.json, scale.svg and
# what Bazel unpacked, which the next run there need not unpack again. ROUNDS: how
# often all but the first build is measured, default 2.
#
# Makes a workspace outside this repository with a population of each size
# (ci/scale/population.sh) and builds it without a cache of actions, in turn, so that
# what a size costs is its own. Prints a table and, as ci/scale/costs.h defines it,
# what grows faster than linearly. Exit status: 0 when nothing does, a no-op takes
# at most 15 s, and a changed adapter executes no more actions than at the first
# size. docs/scale.md explains the limits.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
# shellcheck source=ci/other_workspace.sh
. ci/other_workspace.sh
sizes=${1:-10 100 1000}
rounds=${3:-2}

fail() {
  echo "scale: FAILED: $*" >&2
  exit 1
}

temporary=
if [ -n "${2:-}" ]; then
  mkdir -p "$2"
  work=$(cd "$2" && pwd)
else
  temporary=$(mktemp -d)
  work=$temporary
fi
workspace=$work/workspace
measurements=$work/measurements

bazel() {
  (cd "$workspace" && "$root/bazelw" --output_base="$work/output" "$@")
}

clean_up() {
  [ ! -d "$workspace" ] || bazel shutdown || true
  [ -n "$temporary" ] || return 0
  chmod -R u+w "$temporary"
  rm -rf "$temporary"
}
trap clean_up EXIT

# quiet COMMAND...: its output is shown only when it fails.
quiet() {
  "$@" > "$work/log" 2>&1 || {
    tail -n 30 "$work/log" >&2
    fail "$*"
  }
}

now_ms() {
  echo $(($(date +%s%N) / 1000000))
}

# Processor time of the server and of what it executed, 0 when there is none.
cpu_ms() {
  server=$(cat "$work/output/server/server.pid.txt" 2> "$work/ignored") ||
    server=none
  if [ -r "/proc/$server/stat" ]; then
    sed 's/.*) //' "/proc/$server/stat" |
      awk -v ticks="$(getconf CLK_TCK)" \
        '{ printf "%d\n", ($12 + $13 + $14 + $15) * 1000 / ticks }'
  else
    echo 0
  fi
}

# timed COST COMMAND...: notes how long it took.
timed() {
  cost=$1
  shift
  cpu_start=$(cpu_ms)
  start=$(now_ms)
  quiet "$@"
  note "${cost}_ms" $(($(now_ms) - start))
  note "${cost}_cpu_ms" $(($(cpu_ms) - cpu_start))
}

note() {
  echo "$size $1 $2" | tee -a "$measurements" | sed 's/^/scale: /'
}

# build [FLAG]...: of the population. A cache of actions would make a first build
# one of the cache.
build() {
  rm -f "$work/actions.json"
  bazel build --disk_cache= "$@" "//n$size/..."
}

# logged COST: a build that is timed, and the actions that it executed.
logged() {
  timed "$1" build --execution_log_json_file="$work/actions.json"
  count_actions "$work/actions.json" > "$work/kinds"
  note "$1_actions" "$(awk '{ sum += $1 } END { print sum + 0 }' "$work/kinds")"
}

# What the server holds once everything is built, and held at most.
measure_memory() {
  heap=$(bazel info used-heap-size-after-gc 2> "$work/ignored") ||
    fail "no heap size"
  note heap_kib $((${heap%MB} * 1024))
  server=$(bazel info server_pid 2> "$work/ignored")
  note resident_kib "$(awk '/^VmHWM/ { print $2 }' "/proc/$server/status")"
}

measure_graph() {
  bazel query "kind(rule, //n$size/...)" > "$work/targets" 2> "$work/log" ||
    fail "no query"
  note targets "$(wc -l < "$work/targets")"
  bazel aquery "filter('^//n$size[/:]', deps(//n$size/...))" > "$work/graph" \
    2> "$work/log" || fail "no action query"
  note actions "$(grep -c '^action ' "$work/graph")"
  note graph_bytes "$(wc -c < "$work/graph")"
}

packages() {
  find "$workspace/n$size" -name BUILD.bazel
}

# All packages of the population are others than before, though they say the same.
change_packages() {
  packages | while read -r package; do
    echo '# Loaded again.' >> "$package"
  done
}

# Whether the last command loaded all packages of the population, and no others.
loaded_again() {
  grep -q "($(packages | wc -l) packages loaded, [1-9]" "$work/log" || {
    grep Analyzed "$work/log" >&2 || true
    fail "$(packages | wc -l) packages changed, but others were loaded"
  }
}

rm -rf "$workspace"
: > "$measurements"
other_workspace "$workspace"
for size in $sizes; do
  ci/scale/population.sh "$size" "$workspace/n$size"
done
# What an earlier run built in FOLDER would be no first build.
quiet bazel clean
# The tools, from the cache of actions where they are in it.
./bazelw build //ci/scale:scale_report
ci/scale/population.sh 10 "$workspace/tools"
bazel build //tools/...

for size in $sizes; do
  for _ in $(seq "$rounds"); do
    quiet bazel shutdown
    timed cold_analysis build --nobuild
  done
  timed first_build build
  measure_memory
  for _ in $(seq "$rounds"); do
    logged no_op
  done
  for round in $(seq "$rounds"); do
    # One more thing to say.
    echo "sequences { text: \"%$(echo "$round" | tr 0-9 A-J)%\" stop: true strength: \"1\" }" \
      >> "$workspace/n$size/group_0000/adapter_0.textproto"
    logged change
  done
  awk '{ printf "scale:   %d %s\n", $1, $2 }' "$work/kinds"
  measure_graph
done

# By one server, which has seen all of it before and compiled itself. Sizes take
# turns, so that none is measured by a warmer one than others are.
for size in $sizes; do
  quiet build --nobuild
done
for size in $sizes; do
  change_packages
  quiet build --nobuild
done
for _ in $(seq "$rounds"); do
  for size in $sizes; do
    change_packages
    timed warm_analysis build --nobuild
    loaded_again
  done
done

bazel-bin/ci/scale/scale_report judge "$measurements" \
  --json="$work/scale.json" --plot="$work/scale.svg" || fail "see above"
echo "scale: OK"

#!/bin/sh
# Changing one adapter in a pipeline of 20 descendants runs its own evals again
# and nothing else: counts the actions that Bazel executes.
#
#   ci/descendants.sh [COUNT]
#
# Makes a workspace outside this repository: a parent, COUNT adapters (20), for
# each a descendant, its evidence in two shards, and a gate against the parent's
# evidence, which all share. Builds it; builds it again; changes one adapter;
# changes one case of the suite.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
# shellcheck source=ci/other_workspace.sh
. ci/other_workspace.sh
count=${1:-20}
work=$(mktemp -d)
workspace=$work/many

bazel() {
  (cd "$workspace" && "$root/bazelw" --output_base="$work/output" "$@")
}

clean_up() {
  [ ! -d "$work/output" ] || bazel shutdown || true
  chmod -R u+w "$work"
  rm -rf "$work"
}
trap clean_up EXIT

fail() {
  echo "descendants: FAILED: $*" >&2
  exit 1
}

other_workspace "$workspace"
cp fixtures/models/parent.textproto fixtures/suites/gate_policy.textproto \
  fixtures/suites/smoke.lock fixtures/models/LICENSE "$workspace"
cat fixtures/suites/alphabet.jsonl fixtures/suites/digits.jsonl \
  > "$workspace/smoke.jsonl"
cat > "$workspace/BUILD.bazel" <<END
load("@pedigree//:defs.bzl", "eval_gate", "eval_suite", "slm_adapter", "slm_descendant", "slm_eval", "slm_model")

slm_model(
    name = "parent",
    src = "parent.textproto",
    family = "mock",
    format = "mock",
    license_files = {"LICENSE": "CC0-1.0"},
    version = "1",
)

eval_suite(name = "smoke", srcs = ["smoke.jsonl"], lock = "smoke.lock", version = "1")

slm_eval(name = "parent_smoke", model = ":parent", suite = ":smoke")

[
    (
        slm_adapter(name = "adapter_%d" % i, spec = "adapter_%d.textproto" % i, parent = ":parent", version = "1"),
        slm_descendant(
            name = "descendant_%d" % i,
            adapters = [":adapter_%d" % i],
            operator = "adapter",
            parent = ":parent",
            version = "1",
        ),
        slm_eval(name = "smoke_%d" % i, model = ":descendant_%d" % i, shards = 2, suite = ":smoke"),
        eval_gate(name = "gate_%d" % i, baselines = [":parent_smoke"], evals = [":smoke_%d" % i], policy = "gate_policy.textproto"),
    )
    for i in range($count)
]
END
i=0
while [ "$i" -lt "$count" ]; do
  # Each says another number behind the digits, and so has other weights.
  sed "s|^sequences.*|&\nsequences { text: \"#$i#\" stop: true strength: \"1\" }|" \
    fixtures/models/digits_adapter.textproto > "$workspace/adapter_$i.textproto"
  i=$((i + 1))
done

# build WHAT: builds all and counts the actions executed, by kind, into
# $work/counts.
build() {
  rm -f "$work/log.json"
  bazel build --execution_log_json_file="$work/log.json" //... ||
    fail "no build: $1"
  count_actions "$work/log.json" > "$work/counts"
  summary=$(awk '/Slm|Eval/ { printf "%s%s %s", sep, $1, $2; sep = ", " }' \
    "$work/counts")
  echo "descendants: $1: ${summary:-no action}"
}

# expect KIND NUMBER: of the last build.
expect() {
  found=$(awk -v kind="$1" '$2 == kind { print $1 }' "$work/counts")
  [ "${found:-0}" -eq "$2" ] || fail "${found:-0} $1 (expected $2)"
}

build "all"
expect SlmEval $((2 * count + 1))
expect SlmEvalMerge "$count"
expect EvalGate "$count"

build "nothing changed"
expect SlmEval 0
expect SlmEvalMerge 0
expect EvalGate 0

sed 's|#7#|#seven#|' "$workspace/adapter_7.textproto" > "$work/changed"
cmp -s "$work/changed" "$workspace/adapter_7.textproto" && fail "no change"
cp "$work/changed" "$workspace/adapter_7.textproto"
build "adapter 7 changed"
expect SlmEval 2
expect SlmEvalMerge 1
expect EvalGate 1

sed 's|"expected": "bcd"|"expected": "bcdx"|' "$workspace/smoke.jsonl" \
  > "$work/changed"
cp "$work/changed" "$workspace/smoke.jsonl"
bazel run //:smoke.freeze
build "a case changed and frozen"
expect SlmEval $((2 * count + 1))
expect EvalGate "$count"

echo "descendants: OK"

#!/bin/sh
# Writes packages of Bazel: a population of descendants, with evidence and a gate
# for each.
#
#   ci/scale/population.sh COUNT FOLDER
#
# COUNT: descendants, a multiple of 10. FOLDER: an empty one, or one to make, in the
# root of a workspace that has @pedigree. A mock parent and a suite are in FOLDER
# itself; ten descendants each in FOLDER/group_0000 and on: four with adapters that
# are not fused, two fused, a quantised sibling of each of these, and two merges of
# them. The first of a group has a packet, of which `digest` is what to build:
# tagged `manual`, since a packet's directory is a copy.
#
# Each adapter has other weights. All files depend on COUNT and on the fixtures of
# this repository alone.
set -eu

fail() {
  echo "population: $*" >&2
  exit 2
}

[ $# -eq 2 ] || fail "usage: population.sh COUNT FOLDER"
count=$1
folder=$2
case $count in
  '' | *[!0-9]* | 0*) fail "Invalid count: $count (expected 10, 20, ...)" ;;
esac
[ $((count % 10)) -eq 0 ] && [ "$count" -le 100000 ] ||
  fail "Invalid count: $count (expected a multiple of 10, at most 100000)"
fixtures=$(cd "$(dirname "$0")/../../fixtures" && pwd)
mkdir -p "$folder"
[ -z "$(ls -A "$folder")" ] || fail "Invalid folder: $folder is not empty"
cd "$folder"

cp "$fixtures/models/parent.textproto" "$fixtures/models/LICENSE" \
  "$fixtures/suites/gate_policy.textproto" "$fixtures/suites/smoke.lock" .
cat "$fixtures/suites/alphabet.jsonl" "$fixtures/suites/digits.jsonl" \
  > smoke.jsonl
# What is copied may be read-only.
chmod u+w -- *

cat > BUILD.bazel <<'END'
load("@pedigree//:defs.bzl", "eval_suite", "slm_eval", "slm_model")

package(default_visibility = [":__subpackages__"])

exports_files(["gate_policy.textproto"])

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
END

# group PACKAGE: the BUILD file of ten descendants. PACKAGE holds the parent.
group() {
  cat << END
load("@pedigree//:defs.bzl", "eval_gate", "release_packet", "slm_adapter", "slm_descendant", "slm_eval")
END
  for i in 0 1 2 3; do
    cat << END

slm_adapter(name = "adapter_$i", spec = "adapter_$i.textproto", parent = "//$1:parent", version = "1")

slm_descendant(name = "stacked_$i", adapters = [":adapter_$i"], operator = "adapter", parent = "//$1:parent", version = "1")
END
  done
  for i in 0 1; do
    cat << END

slm_descendant(name = "fused_$i", adapters = [":adapter_$i"], operator = "fuse", parent = "//$1:parent", version = "1")
END
  done
  cat << END

slm_descendant(name = "q8_0", dtype = "q8_0", operator = "quantize", parent = ":fused_0", version = "1")

slm_descendant(name = "q4_0", dtype = "q4_0", operator = "quantize", parent = ":fused_1", version = "1")

slm_descendant(
    name = "soup",
    operator = "merge",
    parents = [":fused_0", ":fused_1"],
    recipe = "soup.textproto",
    version = "1",
)

slm_descendant(
    name = "sum",
    operator = "merge",
    parents = ["//$1:parent", ":fused_0", ":fused_1"],
    recipe = "sum.textproto",
    version = "1",
)
END
  for name in stacked_0 stacked_1 stacked_2 stacked_3 fused_0 fused_1 q8_0 q4_0 \
    soup sum; do
    cat << END

slm_eval(name = "${name}_smoke", model = ":$name", suite = "//$1:smoke")

eval_gate(
    name = "${name}_gate",
    baselines = ["//$1:parent_smoke"],
    evals = [":${name}_smoke"],
    policy = "//$1:gate_policy.textproto",
)
END
  done
  cat << END

release_packet(name = "packet", gate = ":stacked_0_gate", model = ":stacked_0", tags = ["manual"], version = "1")

filegroup(name = "digest", srcs = [":packet.digest"])
END
}

package=${folder##*/}
group "$package" > group.BUILD
cat > soup.textproto << 'END'
schema_version: "pedigree.merge_recipe.v1"
method: "soup"
models { model: "fused_0" }
models { model: "fused_1" }
END
cat > sum.textproto << 'END'
schema_version: "pedigree.merge_recipe.v1"
method: "task_arithmetic"
base: "parent"
models { model: "fused_0" weight: "0.5" }
models { model: "fused_1" weight: "0.5" }
END

number=0
while [ $((number * 10)) -lt "$count" ]; do
  name=$(printf 'group_%04d' "$number")
  mkdir "$name"
  cp group.BUILD "$name/BUILD.bazel"
  cp soup.textproto sum.textproto "$name"
  for i in 0 1 2 3; do
    # Each says another number behind the digits, in letters: it would else say
    # that another digit follows.
    name_of=$(echo "$number.$i" | tr 0-9 A-J)
    echo "sequences { text: \"#$name_of#\" stop: true strength: \"1\" }" |
      cat "$fixtures/models/digits_adapter.textproto" - \
        > "$name/adapter_$i.textproto"
  done
  number=$((number + 1))
done
rm group.BUILD soup.textproto sum.textproto

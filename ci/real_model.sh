#!/bin/sh
# Proves the pipeline on a model that somebody else trained: llama2.c's
# stories260K checkpoint.
#
#   ci/real_model.sh
#
# Imports it with the command, compares greedy texts with llama2.c's own, letter
# by letter; then makes a workspace outside this repository from examples/release
# around the checkpoint, and builds, gates, records and verifies packets there;
# then compares all logits of whole generations on every target.
#
# PEDIGREE_REAL_MODEL_DIR: folder of stories260K.bin and tok512.bin, default
# ../shared/models beside the repository. Without the files the script says so and
# is content, unless CI=true: then that is an error.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
# shellcheck source=ci/other_workspace.sh
. ci/other_workspace.sh
models=${PEDIGREE_REAL_MODEL_DIR:-$root/../shared/models}

fail() {
  echo "real_model: FAILED: $*" >&2
  exit 1
}

for file in stories260K.bin tok512.bin; do
  if [ ! -f "$models/$file" ]; then
    [ "${CI:-}" != true ] || fail "$file is not in $models"
    echo "real_model: skipped: $file is not in $models (PEDIGREE_REAL_MODEL_DIR)"
    exit 0
  fi
done

(cd "$models" && sha256sum --check --quiet) <<'END' || fail "another checkpoint"
b0a507e7ad0f626624f17112325e66691f9076d622e1d3274d103d00299f2696  stories260K.bin
037cb335abb25d1fa9e8ecae30ed2a3a8ace9302862ebcdc05d51a6bbb10c312  tok512.bin
END

work=$(mktemp -d)
workspace=$work/release

# Bazel on the workspace of step 2.
bazel() {
  (cd "$workspace" && "$root/bazelw" --output_base="$work/output" "$@")
}

clean_up() {
  [ ! -d "$work/output" ] || bazel shutdown || true
  chmod -R u+w "$work"
  rm -rf "$work"
}
trap clean_up EXIT

# 1. The command, without Bazel's rules.
./bazelw build //:pedigree
pedigree=$root/bazel-bin/pedigree
"$pedigree" import --format=llama2c "$models/stories260K.bin" \
  --tokenizer="$models/tok512.bin" --out="$work/stories.slm"

# expect PROMPT MAX_NEW_TOKENS TEXT: llama2.c counts 100 steps after BOS, so the
# prompt's own tokens are among them: 4 of the first prompt, 10 of the second.
expect() {
  text=$("$pedigree" generate "$work/stories.slm" --prompt="$1" \
    --max-new-tokens="$2" --temperature=0 --echo)
  [ "$text" = "$3" ] || fail "$(printf 'found\n%s\nexpected\n%s' "$text" "$3")"
  echo "real_model: text of \"$1\": OK"
}

expect 'Once upon a time' 96 "Once upon a time, there was a little girl named \
Lily. She loved to play outside in the park. One day, she saw a big, red ball. \
She wanted to play with it, but it was too high.
Lily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know w"
expect 'Tom had a red ball. He' 90 "Tom had a red ball. He liked to play with his \
toys. He liked to play with his toys. He liked to play with his toys. One day, he \
saw a big ball. He wanted to play with it.
Tom wanted to play with the ball. He wanted to play with the ball. He wanted to \
play with the ball. He put the ball in the"

# 2. The rules, in a workspace of their own.
cp -r examples/release "$workspace"
rm -f "$workspace"/bazel-*
cp "$models/stories260K.bin" "$models/tok512.bin" "$workspace"
chmod -R u+w "$workspace"
other_workspace "$workspace"
bazel run //:packet_test.update
bazel test //...
bazel build //:packet //:q8_0_packet
for packet in packet q8_0_packet; do
  digest=$(cat "$workspace/bazel-bin/$packet.digest")
  "$pedigree" packet verify "$workspace/bazel-bin/$packet" --digest="$digest" ||
    fail "$packet does not verify"
  echo "real_model: $packet $digest"
done

# 3. Whole generations of it in all types: every logit the same on every target,
# with any threads, batches and forms of the weights, native and in WebAssembly;
# and how far those are from a forward pass in double precision.
"$pedigree" quantize "$work/stories.slm" --dtype=q8_0 --out="$work/q8_0.slm"
"$pedigree" quantize "$work/stories.slm" --dtype=q8_0 --q8-0-group=32 \
  --out="$work/q8_0_block.slm"
"$pedigree" quantize "$work/stories.slm" --dtype=q4_0 --out="$work/q4_0.slm"
set -- "$work/stories.slm" "$work/q8_0.slm" "$work/q8_0_block.slm" \
  "$work/q4_0.slm"
./bazelw run //runtime/conformance:conformance_test -- "$@"
./bazelw run //runtime/bench:accuracy -- "$@"

# The command and the rules import alike.
cmp "$work/stories.slm" "$workspace/bazel-bin/stories.slm" ||
  fail "the imports differ"

echo "real_model: OK"

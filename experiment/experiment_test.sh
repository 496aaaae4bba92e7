#!/bin/sh
# `pedigree experiment` on the fixtures: the loop that ends in a packet, and a
# refusal at each stage that looks at files.
set -eu
pedigree=$PWD/$1
model=$2
other_model=$3
adapter=$4
careless=$5
suite=$6
policy=$7
license=$8
scratch=$(mktemp -d "$TEST_TMPDIR/experiment.XXXXXX")

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# expect EXIT PATTERN ARGS...: runs an experiment and checks exit and output.
expect() {
  expected=$1
  pattern=$2
  shift 2
  code=0
  "$pedigree" experiment "$@" "--out=$scratch/out" > "$scratch/log" 2>&1 ||
    code=$?
  cat "$scratch/log"
  [ "$code" = "$expected" ] || fail "$* exits $code (expected $expected)"
  grep -q -e "$pattern" "$scratch/log" || fail "$* does not say: $pattern"
  if [ "$expected" != 0 ]; then
    [ ! -e "$scratch/out" ] || fail "$* left something in its folder"
    [ -z "$(find "$scratch" -name 'out.*')" ] || fail "$* left a folder"
  fi
}

# Copies a model or adapter with its records to the scratch folder.
copy() {
  for file in "$1" "$1".*; do
    cp -L "$file" "$scratch/${file##*/}"
    chmod u+w "$scratch/${file##*/}"
  done
}

expect 0 '^verify: OK$' "$model" "--adapter=$adapter" "--suite=$suite" \
  "--policy=$policy" "--license=$license"
for stage in load validate apply evaluate diagnostics gate packet; do
  grep -q "^$stage " "$scratch/log" || fail "no line of stage $stage"
done
digest=$(sed -n 's/^packet *//p' "$scratch/log")
"$pedigree" packet verify "$scratch/out/packet" "--digest=$digest" ||
  fail "the packet does not verify"
"$pedigree" packet inspect "$scratch/out/packet" | grep -q '^runtime *none$' ||
  fail "the record names runtimes that nobody gave"
mv "$scratch/out" "$scratch/first"

# The same again, with runtimes and by the default policy: another packet.
expect 0 '^verify: OK$' "$model" "--adapter=$adapter" "--suite=$suite" \
  "--license=$license" "--native-runtime=$pedigree"
mv "$scratch/out" "$scratch/second"

# What is there stays.
mkdir "$scratch/mine"
echo mine > "$scratch/mine/file"
code=0
"$pedigree" experiment "$model" "--adapter=$adapter" "--suite=$suite" \
  "--out=$scratch/mine" 2> "$scratch/log" || code=$?
[ "$code" = 2 ] || fail "an experiment into a used folder exits $code"
[ "$(cat "$scratch/mine/file")" = mine ] || fail "the used folder changed"

# Load: a damaged model.
copy "$model"
broken=$scratch/${model##*/}
printf 'X' | dd of="$broken" bs=1 seek=3000 conv=notrunc 2> "$scratch/dd"
expect 1 '^REJECT at load: ' "$broken" "--adapter=$adapter" \
  "--suite=$suite"

# Validate: an adapter for another model; the same adapter twice.
expect 1 '^REJECT at validate: .*Adapter does not fit model' "$other_model" \
  "--adapter=$adapter" "--suite=$suite"
expect 1 '^REJECT at validate: ' "$model" "--adapter=$adapter" \
  "--adapter=$adapter" "--suite=$suite"

# Apply: the derivation node beside the model is another model's.
copy "$model"
cp -L "$other_model.node.json" "$broken.node.json"
expect 1 '^REJECT at apply: ' "$broken" "--adapter=$adapter" "--suite=$suite"

# Evaluate: a suite that is none.
echo '{}' > "$scratch/suite.json"
expect 1 '^REJECT at evaluate: Invalid suite' "$model" "--adapter=$adapter" \
  "--suite=$scratch/suite.json"

# Gate: an adapter that unlearns; a policy that is none.
expect 1 '^REJECT at gate: verdict is FAIL-HARD-CASE' "$model" \
  "--adapter=$careless" "--suite=$suite" "--policy=$policy" \
  "--license=$license"
expect 1 '^REJECT at gate: .*policy' "$model" "--adapter=$adapter" \
  "--suite=$suite" "--policy=$scratch/suite.json" "--license=$license"

# Packet: the text of a licence is missing.
expect 1 '^REJECT at packet: .*the text of licence CC0-1.0' "$model" \
  "--adapter=$adapter" "--suite=$suite" "--policy=$policy"

# Files that are not there are bad usage.
expect 2 'No such file' "$scratch/absent.slm" "--adapter=$adapter" \
  "--suite=$suite"
expect 2 'adapter.*required' "$model" "--suite=$suite"

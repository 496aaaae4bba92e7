#!/bin/sh
# Shows what `packet rederive` says of the fixture packet and four states of its
# sources: as committed (GOOD); a byte changed that reaches a weight (BAD, with
# artifact, tensor and index); a byte changed in a C++ comment (GOOD, the source
# noted as different); a toolchain pin without its archive (COULD-NOT-RUN).
#
#   ci/rederive.sh [WORK_FOLDER]
#
# WORK_FOLDER (default: a temporary folder, removed at the end) gets a clone, its
# caches and the reports; 10 GB. The packet itself is built in this workspace.
#
# The first state is built from nothing: a fresh output base and an empty disk
# cache, so each of its actions is executed. It fills that cache, which the other
# three states use, whose reports say so. All share downloads, which are named by
# SHA-256. Takes a cold build and three short ones. With PEDIGREE_ARCHIVES=DIR
# (see ci/collect_archives.sh) nothing is downloaded.
set -eu
cd "$(dirname "$0")/.."
root=$PWD

if [ $# -gt 0 ]; then
  mkdir -p "$1"
  work=$(cd "$1" && pwd)
else
  work=$(mktemp -d)
  trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
fi

fail() {
  echo "rederive: FAILED: $*" >&2
  exit 1
}

if [ -n "$(git status --porcelain)" ]; then
  echo "rederive: uncommitted changes are in the packet, not in the clone" >&2
fi
./bazelw build //:pedigree //fixtures:packet
cp bazel-bin/pedigree "$work/pedigree"
rm -rf "$work/packet"
cp -rL bazel-bin/fixtures/packet "$work/packet"
commit=$(git rev-parse HEAD)

# state NAME: a fresh clone in $work/NAME.
state() {
  git clone -q "$root" "$work/$1"
  git -C "$work/$1" checkout -q "$commit"
}

# rederive NAME EXIT [FLAG]...: the verdict on state NAME must have that exit code;
# leaves NAME.txt, NAME.json and NAME.statement.json.
rederive() {
  name=$1 expected=$2
  shift 2
  start=$(date +%s)
  status=0
  "$work/pedigree" packet rederive "$work/packet" --source="$work/$name" \
    --target=//fixtures:packet --disk-cache="$work/actions" --scratch="$work" \
    --expected-commit="$commit" --out="$work/$name.json" \
    --statement="$work/$name.statement.json" "$@" > "$work/$name.txt" ||
    status=$?
  echo "rederive: $name: $(tail -n 1 "$work/$name.txt"), exit $status, $(($(date +%s) - start)) s"
  sed 's/^/  /' "$work/$name.txt"
  [ "$status" -eq "$expected" ] || fail "$name: exit $status (expected $expected)"
}

# says NAME PATTERN: the text on state NAME has such a line.
says() {
  grep -q -e "$2" "$work/$1.txt" || fail "$1: no line is like '$2'"
}

# change NAME FILE EXPRESSION: edits a file of state NAME.
change() {
  sed "$3" "$work/$1/$2" > "$work/changed"
  cmp -s "$work/changed" "$work/$1/$2" && fail "$1: $2 is as before"
  cat "$work/changed" > "$work/$1/$2"
}

rm -rf "$work/actions"
state as-committed
rederive as-committed 0
grep -q '"action_cache":"none"' "$work/as-committed.json" ||
  fail "as-committed: results of earlier builds were used"
if grep -q '^source differs' "$work/as-committed.txt"; then
  fail "as-committed: the source is said to differ"
fi
source_digest=$(sed -n 's/^source \(sha256:[0-9a-f]*\),.*/\1/p' \
  "$work/as-committed.txt")

state weight
change weight fixtures/models/parent.textproto 's/strength: "1"/strength: "1.001"/'
rederive weight 1 --expected-source="$source_digest"
says weight '^first divergence: model.slm: tensor [a-z0-9_.]*, index [0-9]* \[[0-9]*, [0-9]*\]: .* -> '
says weight '^source differs: inputs digest of '
says weight '^source differs: fixtures/models/parent.textproto '

state comment
change comment runtime/base/json.cc 's|^// Builds a value|// builds a value|'
rederive comment 0 --expected-source="$source_digest"
says comment '^source differs: source digest is '
says comment '^source differs: runtime/base/json.cc '

state pin
change pin third_party/xxhash/archives.lock '/^xxhash/d'
rederive pin 3 --expected-source="$source_digest"
says pin '^reason: toolchain-pin: .*third_party/xxhash'

# A report tells nothing of the machine.
for name in as-committed weight comment pin; do
  if grep -q -e "$work" -e "$root" -e "$HOME" "$work/$name.json" \
    "$work/$name.statement.json"; then
    fail "$name: the report names a folder of this machine"
  fi
done
echo "rederive: OK"

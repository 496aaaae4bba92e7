#!/bin/sh
# Populations have as many descendants as asked for, one shape at all sizes, and
# the same bytes each time.
#
#   population_test.sh POPULATION
set -eu
population=$1
work=$TEST_TMPDIR

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# count WHAT FOLDER: lines that begin with WHAT in its BUILD files.
count() {
  find "$2" -name BUILD.bazel -exec cat {} + | grep -c "^$1"
}

for size in 10 120; do
  "$population" "$size" "$work/$size/models"
  for rule in slm_descendant slm_eval eval_gate; do
    found=$(count "$rule(" "$work/$size/models/group_0000")
    [ "$found" -eq 10 ] || fail "$found $rule in a group (expected 10)"
  done
  found=$(count 'slm_descendant(' "$work/$size/models")
  [ "$found" -eq "$size" ] || fail "$found descendants (expected $size)"
  [ "$(count 'release_packet(' "$work/$size/models")" -eq $((size / 10)) ] ||
    fail "no packet for each group"
  [ "$(count 'slm_model(' "$work/$size/models")" -eq 1 ] || fail "parents"
done

# A group is the same wherever there are more, and adapters differ.
diff -r "$work/10/models" "$work/120/models" > "$work/differences" || true
grep -v '^Only in .*120/models: group_00' "$work/differences" &&
  fail "groups differ"
adapters=$(find "$work/120/models" -name 'adapter_*.textproto')
different=$(echo "$adapters" | xargs cat | grep -c '^sequences { text: "#')
[ "$(echo "$adapters" | xargs sha256sum | cut -c1-64 | sort -u | wc -l)" -eq 48 ] &&
  [ "$different" -eq 48 ] || fail "two adapters are alike"

"$population" 120 "$work/again/models"
diff -r "$work/120/models" "$work/again/models" || fail "other bytes"

# refused MESSAGE ARGUMENT...
refused() {
  message=$1
  shift
  status=0
  "$population" "$@" 2> "$work/error" || status=$?
  [ "$status" -eq 2 ] || fail "exit $status (expected 2): $*"
  grep -q "$message" "$work/error" || fail "no \"$message\": $(cat "$work/error")"
}

refused 'usage' 10
refused 'Invalid count: 15' 15 "$work/15"
refused 'Invalid count: 0' 0 "$work/0"
refused 'Invalid count: many' many "$work/many"
refused 'Invalid count: 100010' 100010 "$work/100010"
refused 'is not empty' 10 "$work/10"
[ ! -e "$work/15" ] || fail "a refused count left a folder"
echo "OK"

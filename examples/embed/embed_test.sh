#!/bin/sh
# embed_test.sh PROGRAM: what an example prints with the fixture models
# (fixtures/models/README.md).
set -eu
"$1" fixtures/parent.slm fixtures/adapter.adapter >"$TEST_TMPDIR/printed"
diff - "$TEST_TMPDIR/printed" <<EXPECTED
preflight: as it was
abcdefghijk (token-limit)
together: abcde
together: abcdefg
123456789 (token-limit)
xyz (stop-token)
EXPECTED
if "$1" missing.slm 2>"$TEST_TMPDIR/error"; then
  echo "$1: takes a file that is not there" >&2
  exit 1
fi
grep -q 'missing.slm' "$TEST_TMPDIR/error"

#!/bin/sh
# exports_test.sh LIBRARY HEADER NM: the library defines what the header declares,
# and nothing else.
set -eu
library=$1 header=$2 nm=$3
export LC_ALL=C

sed -n '/^PEDIGREE_API/,/;/p' "$header" | tr '\n' ' ' |
  grep -o 'pedigree_[a-z_]*(' | tr -d '(' | sort >"$TEST_TMPDIR/declared"
"$nm" --dynamic --defined-only --format=just-symbols "$library" |
  sort >"$TEST_TMPDIR/defined"

[ -s "$TEST_TMPDIR/declared" ] || {
  echo "$header: declares nothing" >&2
  exit 1
}
diff "$TEST_TMPDIR/declared" "$TEST_TMPDIR/defined"

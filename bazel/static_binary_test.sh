#!/bin/sh
# static_binary_test.sh BINARY NM BUILD_PATHS; see shipped_binary_test.bzl.
set -eu
binary=$1
# Beside that one, as all of LLVM's.
readelf=${2%-nm}-readelf
export LC_ALL=C
# shellcheck source=bazel/build_paths.sh
. "./$3"

status=0
fail() {
  echo "$binary: $1" >&2
  status=1
}

"$readelf" --file-header --program-headers --dynamic-table "$binary" \
  > "$TEST_TMPDIR/elf"
# A program, with a table that would list what it needs.
grep -q '^  Type: .*DYN ' "$TEST_TMPDIR/elf" ||
  fail "is not loadable at any address"
grep -q ' (FLAGS_1) .*PIE' "$TEST_TMPDIR/elf" || fail "is no program"
for entry in INTERP '(NEEDED)' '(TEXTREL)'; do
  ! grep -qF " $entry " "$TEST_TMPDIR/elf" || fail "has $entry"
done

# A loader has nothing to look up by name.
"$readelf" --relocations --wide "$binary" > "$TEST_TMPDIR/relocations"
grep -q ' R_X86_64_RELATIVE ' "$TEST_TMPDIR/relocations" ||
  fail "has no relocations to look at"
bound=$(grep -o ' R_X86_64_.*' "$TEST_TMPDIR/relocations" |
  grep -v -e '^ R_X86_64_RELATIVE ' -e '^ R_X86_64_IRELATIVE ' |
  sort -u | head -n 20) || true
[ -z "$bound" ] || fail "needs $bound"
paths=$(build_paths "$binary")
[ -z "$paths" ] || fail "holds paths of the build: $paths"

exit "$status"

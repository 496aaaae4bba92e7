#!/bin/sh
# shipped_binary_test.sh BINARY NM LIBM LIBC BUILD_PATHS; see shipped_binary_test.bzl.
set -eu
binary=$1 nm=$2 libm=$3 libc=$4
export LC_ALL=C
# shellcheck source=bazel/build_paths.sh
. "./$5"

# The names of dynamic symbols, without versions: symbols FLAG FILE.
symbols() {
  "$nm" --dynamic --format=just-symbols "$1" "$2" | sed 's/@.*//' | sort -u
}

symbols --undefined-only "$binary" >"$TEST_TMPDIR/imports"
symbols --defined-only "$libm" >"$TEST_TMPDIR/libm"
symbols --defined-only "$libc" >"$TEST_TMPDIR/libc"

status=0
fail() {
  echo "$binary: $1" >&2
  status=1
}

# Without these the checks below would hold for any file.
grep -qx memcpy "$TEST_TMPDIR/imports" || fail "imports nothing of libc: is it a program?"
grep -qx expf "$TEST_TMPDIR/libm" || fail "$libm does not define expf"

math=$(comm -12 "$TEST_TMPDIR/imports" "$TEST_TMPDIR/libm" |
  comm -23 - "$TEST_TMPDIR/libc" | tr '\n' ' ')
[ -z "$math" ] || fail "imports of libm: $math"

paths=$(build_paths "$binary")
[ -z "$paths" ] || fail "holds paths of the build: $paths"

exit "$status"

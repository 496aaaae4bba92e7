#!/bin/sh
# static_command_test.sh PEDIGREE PEDIGREE_STATIC: the static command finds hosts,
# and does what the other one does.
set -eu
pedigree=$PWD/$1
static=$PWD/$2
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# pull REGISTRY PATTERN: what is said of a registry that is not there.
pull() {
  code=0
  "$static" packet pull "$1/a/packet:v1" "--out=$TEST_TMPDIR/out" \
    > "$TEST_TMPDIR/log" 2>&1 || code=$?
  cat "$TEST_TMPDIR/log"
  [ "$code" = 2 ] || fail "pull from $1 exits $code (expected 2)"
  grep -q -e "$2" "$TEST_TMPDIR/log" || fail "pull from $1 does not say: $2"
}

# Nobody listens on port 1, which is told only when the host has an address.
pull 127.0.0.1:1 'connect'
pull registry.invalid 'resolve'

for command in '' import packet 'packet verify' experiment; do
  # shellcheck disable=SC2086  # a command of several words
  "$pedigree" $command --help > "$TEST_TMPDIR/one"
  # shellcheck disable=SC2086
  "$static" $command --help > "$TEST_TMPDIR/other"
  cmp "$TEST_TMPDIR/one" "$TEST_TMPDIR/other" || fail "$command --help differs"
done

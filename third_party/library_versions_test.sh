#!/bin/sh
# library_versions_test.sh BUILD MUSL_VERSION LIBCXX_CONFIG: whether the versions
# in BUILD are those of the musl and libc++ that Emscripten has.
set -eu

# version NAME: what BUILD says of the library.
version() {
  awk -v name="$2" '
    index($0, "name = \"" name "\"") || index($0, "\"" name "\",") { found = 1 }
    found && / version = / { gsub(/[^0-9.]/, ""); print; exit }' "$1"
}

expect() {
  if [ "$2" != "$3" ]; then
    echo "FAILED: $1 is $2 (expected $3)" >&2
    exit 1
  fi
}

expect "the version of musl" "$(version "$1" musl)" "$(cat "$2")"
# 180100 is 18.1.
number=$(sed -n 's/.*define _LIBCPP_VERSION *\([0-9]*\)$/\1/p' "$3")
expect "the version of libc++" "$(sed -n '/"wasm32-" + name/,/^]/s/.* version = "\(.*\)".*/\1/p' "$1")" \
  "$((number / 10000)).$((number / 100 % 100))"

#!/bin/sh
# Prints the digest of a folder's normalised tree: "sha256:<hex>" of one line a
# file, "<sha256> x|- <path>", or "link <target> <path>", sorted by bytes. Times,
# owners, empty folders and all permissions but "executable" do not count.
set -eu
LC_ALL=C
export LC_ALL
cd "$1"
list=$(mktemp)
trap 'rm -f "$list"' EXIT
{
  find . -type f -perm -u+x -print0 | xargs -0r sha256sum | sed 's/  / x /'
  find . -type f ! -perm -u+x -print0 | xargs -0r sha256sum | sed 's/  / - /'
  find . -type l -printf 'link %l %p\n'
} > "$list"
[ -s "$list" ] || { echo "$1: no files" >&2; exit 1; }
sort "$list" | sha256sum | sed 's/ .*//; s/^/sha256:/'

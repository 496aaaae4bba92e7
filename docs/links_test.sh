#!/bin/sh
# Relative links of documents lead to files of the source tree.
#
#   links_test.sh DOCUMENT...
#
# The tree is where the documents really lie, so the test runs outside a sandbox,
# and anew each time: Bazel does not know what it looks at.
set -eu
status=0
count=0
for document; do
  folder=$(dirname "$(readlink -f "$document")")
  links=$(grep -o ']([^)#]*' "$document" | cut -c3- | grep -v '^https\{0,1\}:' |
    sort -u)
  for link in $links; do
    count=$((count + 1))
    [ -e "$folder/$link" ] || {
      echo "FAILED: $document links to $link: no such file" >&2
      status=1
    }
  done
done
[ "$count" -gt 0 ] || {
  echo "FAILED: no link in $*" >&2
  status=1
}
[ "$status" -ne 0 ] || echo "OK: $count links"
exit "$status"

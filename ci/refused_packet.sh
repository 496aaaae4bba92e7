#!/bin/sh
# Shows that the packet of a descendant that its gate refuses does not build,
# and that the message says why.
set -eu
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ./bazelw build //fixtures:refused_packet > "$log" 2>&1; then
  echo "//fixtures:refused_packet was built (expected a refusal)" >&2
  exit 1
fi
for pattern in '^No packet of mock-alphabet-careless-digits:$' \
  'Refused by the gate: verdict is FAIL-HARD-CASE, action is reject'; do
  if ! grep -q -e "$pattern" "$log"; then
    cat "$log" >&2
    echo "The build fails for another reason (expected: $pattern)" >&2
    exit 1
  fi
done
sed -n '/^No packet of /,/^[^ ]/p' "$log" | grep -e '^No packet' -e '^ '
echo "refused_packet: OK"

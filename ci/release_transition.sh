#!/bin/sh
# The command line must not leak into a packet: the same digest with the
# default flags and with `-c dbg --copt=-DX --strip=never`.
set -eu
cd "$(dirname "$0")/.."

digest() {
  ./bazelw build "$@" //fixtures:packet.digest >&2
  cat bazel-bin/fixtures/packet.digest
}

plain=$(digest)
# With other flags bazel-bin names another folder; both digests are read from
# the same label.
debug=$(digest -c dbg --copt=-DX --strip=never)
./bazelw build //fixtures:packet.digest >&2  # leaves bazel-bin as it was

if [ "$plain" != "$debug" ]; then
  echo "release_transition: FAILED: $plain by default, $debug with -c dbg" >&2
  exit 1
fi
echo "release_transition: OK: $plain"

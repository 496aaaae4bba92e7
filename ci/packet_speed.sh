#!/bin/sh
# Measures what packets with large blobs cost, beside what stock tools take for
# the same bytes.
#
#   ci/packet_speed.sh [BYTES]     # of a blob; default 1000000000
#
# Prints a table: hashing one blob and two by `packet verify` and by `openssl dgst
# -sha256`; packing and unpacking by `packet pack` and by `zstd`, same level and
# threads; peak memory; and the bytes on disk of each form of the release. Every
# figure is the best of three, with the files in the page cache: what it cannot
# show is a disk that is slower than hashing.
#
# Needs openssl, zstd and GNU time, and about five times BYTES of disk in TMPDIR.
set -eu
cd "$(dirname "$0")/.."
bytes=${1:-1000000000}
runs=3

fail() {
  echo "packet_speed: FAILED: $*" >&2
  exit 1
}

for tool in openssl zstd taskset nproc; do
  command -v "$tool" > /dev/null || fail "needs $tool on PATH"
done
[ -x /usr/bin/time ] || fail "needs GNU time as /usr/bin/time"

./bazelw build //:pedigree //release/testing:large_packet
pedigree=$PWD/bazel-bin/pedigree
large_packet=$PWD/bazel-bin/release/testing/large_packet
cores=$(nproc)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# best COMMAND...: seconds and peak KiB of the fastest of some runs.
best() {
  : > "$work/times"
  for _ in $(seq "$runs"); do
    /usr/bin/time -a -o "$work/times" -f '%e %M' "$@" > /dev/null
  done
  sort -n "$work/times" | head -1
}

# row WHAT BYTES COMMAND...
row() {
  what=$1
  size=$2
  shift 2
  # shellcheck disable=SC2046
  set -- $(best "$@")
  printf '%-44s %8s s %8.0f MB/s %6d MiB\n' "$what" "$1" \
    "$(echo "$size $1" | awk '{ print $1 / $2 / 1e6 }')" "$(($2 / 1024))"
}

for blobs in 1 2; do
  "$large_packet" "$bytes" "$blobs" "$work/$blobs"
done
one=$work/1/files/runtime
two=$work/2/files/runtime.wasm

openssl version
zstd --version
echo "cores: $cores"
described() {
  echo "--manifest=$work/$1/manifest.json --blob-list=$work/$1/blobs.json"
}
# shellcheck disable=SC2046
{
  row "openssl dgst -sha256, one blob" "$bytes" openssl dgst -sha256 "$one"
  row "packet verify, one blob" "$bytes" "$pedigree" packet verify $(described 1)
  row "openssl dgst -sha256, two blobs" $((2 * bytes)) \
    openssl dgst -sha256 "$work/2/files/runtime" "$two"
  row "packet verify, two blobs, 1 thread" $((2 * bytes)) \
    "$pedigree" packet verify $(described 2) --threads=1
  row "packet verify, two blobs, 2 threads" $((2 * bytes)) \
    "$pedigree" packet verify $(described 2) --threads=2
}

pack="$pedigree packet pack $(described 1) --out=$work/packet.tar.zst"
for threads in 1 "$cores"; do
  row "zstd -3 -T$threads, one blob" "$bytes" \
    zstd -3 -T"$threads" -q -f "$one" -o "$work/blob.zst"
  # shellcheck disable=SC2086
  row "packet pack, level 3, $threads threads" "$bytes" $pack --level=3 \
    --threads="$threads"
done
row "zstd -d" "$bytes" zstd -d -q -f "$work/blob.zst" -o "$work/blob"
row "packet verify, packed" "$bytes" \
  "$pedigree" packet verify "$work/packet.tar.zst"
unpack() {
  rm -rf "$work/unpacked"
  "$pedigree" packet unpack "$work/packet.tar.zst" --out="$work/unpacked"
}
rm -f "$work/blob"
unpack > /dev/null

bytes_of() {
  du -sb --apparent-size "$@" | awk '{ total += $1 } END { print total }'
}
echo "bytes written for the release, besides its own files:"
record=$(bytes_of "$work/1/manifest.json" "$work/1/blobs.json")
for name in $(sed 's/},{/}\n{/g' "$work/1/blobs.json" |
  sed -n 's/.*"path":"\([^"]*\/files\/[0-9a-f]\{64\}\)".*/\1/p'); do
  record=$((record + $(bytes_of "$name")))
done
echo "  described                $record"
echo "  packet directory         $(bytes_of "$work/unpacked")"
echo "  packed, level 3          $(bytes_of "$work/packet.tar.zst")"

#!/bin/sh
# Shows what is said of mirrors that do not have what is pinned: one that serves
# other bytes, one from which a pinned archive is gone (an expired pin), and a folder
# of collected archives without it. Each must name the lock, the archive and the
# address, other bytes with both digests.
#
#   ci/mirrors.sh
#
# Uses the working tree, an empty HOME and the lock of bazel_skylib, which every build
# fetches first. Needs no network. Exit status: 0 when all is told.
set -eu
cd "$(dirname "$0")/.."
root=$PWD

work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
lock=third_party/bazel_skylib/archives.lock
read -r file digest place << END
$(awk '!/^#/ && NF == 3 { print; exit }' "$lock")
END

fail() {
  echo "mirrors: FAILED: $*" >&2
  exit 1
}

# fetch NAME VARIABLE=VALUE: fetches by it alone into a new HOME; leaves NAME.log.
fetch() {
  mkdir "$work/home"
  status=0
  env -i HOME="$work/home" PATH="$PATH" "$2" "$root/bazelw" --batch \
    --output_user_root="$work/home/bazel" build --nobuild //runtime/base:sha256 \
    > "$work/$1.log" 2>&1 || status=$?
  chmod -R u+w "$work/home"
  rm -rf "$work/home"
  return "$status"
}

# refused NAME VARIABLE=VALUE TEXT: that fetch fails, and says so.
refused() {
  if fetch "$1" "$2"; then
    fail "$1: is taken"
  fi
  if ! tr '\n' ' ' < "$work/$1.log" | tr -s ' ' | grep -q -F -e "$3"; then
    cat "$work/$1.log" >&2
    fail "$1: is not told as '$3'"
  fi
  echo "mirrors: $1: $3"
}

# A mirror that has that archive alone, and as something else.
mirror=$work/mirror
mkdir -p "$mirror/${place%/*}" "$work/archives"
echo "other bytes" > "$mirror/$place"
other=$(sha256sum "$mirror/$place" | cut -d' ' -f1)
name="//third_party/bazel_skylib:archives.lock: cannot fetch $file. Tried:"
refused "other bytes" "PEDIGREE_DEBIAN_MIRROR=file://$mirror" \
  "$name file://$mirror/$place (has sha256 $other, expected $digest)"
rm "$mirror/$place"
refused "an expired pin" "PEDIGREE_DEBIAN_MIRROR=file://$mirror" \
  "$name file://$mirror/$place (nothing is there, expected sha256 $digest)"
refused "an incomplete folder" "PEDIGREE_ARCHIVES=$work/archives" \
  "//third_party/bazel_skylib:archives.lock: $file is not in PEDIGREE_ARCHIVES"
echo "other bytes" > "$work/archives/$file"
refused "a folder with other bytes" "PEDIGREE_ARCHIVES=$work/archives" \
  "$name file://$work/archives/$file (has sha256 $other, expected $digest)"
echo "mirrors: OK"

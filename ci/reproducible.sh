#!/bin/sh
# Builds the fixture packet twice from nothing and compares digests. The two
# builds share no cache and differ in directory, HOME, umask, time zone,
# locale, host environment and, when run as root, in user.
#
#   ci/reproducible.sh [WORK_FOLDER]
#
# WORK_FOLDER (default: a temporary folder, removed at the end) gets both
# clones, homes and caches; 8 GB. Takes twice a cold build. With
# PEDIGREE_ARCHIVES=DIR (see ci/collect_archives.sh) nothing is downloaded.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

if [ $# -gt 0 ]; then
  work=$1
  mkdir -p "$work"
else
  work=$(mktemp -d)
  trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
fi
chmod 755 "$work"

if [ -n "$(git -C "$root" status --porcelain)" ]; then
  echo "reproducible: uncommitted changes are not part of the comparison" >&2
fi

# Artifacts compared besides the packet's digest.
artifacts="bazel-bin/pedigree bazel-bin/runtime/pedigree.wasm"

# build NAME CLONE UID UMASK TZ LANG: leaves NAME.digests in the work folder.
build() {
  name=$1 clone=$work/$2 uid=$3 mask=$4 zone=$5 locale=$6
  home=$work/home-$name
  mkdir -p "$(dirname "$clone")" "$home"
  git clone -q "$root" "$clone"
  as=
  if [ "$(id -u)" -eq 0 ] && [ "$uid" -ne 0 ]; then
    as="setpriv --reuid=$uid --regid=$uid --clear-groups"
    chown -R "$uid:$uid" "$clone" "$home"
  fi
  # shellcheck disable=SC2086  # $as is a command with arguments, or nothing
  $as env -i HOME="$home" USER="user$uid" PATH=/usr/bin:/bin:/usr/sbin:/sbin \
    TZ="$zone" LANG="$locale" ${PEDIGREE_ARCHIVES:+PEDIGREE_ARCHIVES="$PEDIGREE_ARCHIVES"} \
    ${PEDIGREE_DEBIAN_MIRROR:+PEDIGREE_DEBIAN_MIRROR="$PEDIGREE_DEBIAN_MIRROR"} \
    sh -c 'umask "$1"; cd "$2" && shift 2 &&
      ./bazelw build //:pedigree //runtime:wasm //fixtures:packet //fixtures:packet.digest &&
      { cat bazel-bin/fixtures/packet.digest; sha256sum "$@"; } >"$HOME/digests"
      built=$?; ./bazelw shutdown; exit "$built"' \
    build "$mask" "$clone" $artifacts
}

start=$(date +%s)
build a a/checkout "$(id -u)" 022 UTC C
middle=$(date +%s)
build b somewhere/else/entirely 4242 077 Asia/Kathmandu tr_TR.UTF-8
end=$(date +%s)

echo "reproducible: first build $((middle - start)) s, second $((end - middle)) s"
if ! diff "$work/home-a/digests" "$work/home-b/digests"; then
  echo "reproducible: FAILED: the builds differ as shown" >&2
  exit 1
fi
echo "reproducible: OK: packet $(head -n 1 "$work/home-a/digests")"

#!/bin/sh
# Proves that a build needs no network: a clone with an empty HOME builds from a
# folder of collected archives alone.
#
#   ci/offline.sh [--archives=DIR] [TARGET]...
#
# DIR: a folder filled by ci/collect_archives.sh; default: PEDIGREE_ARCHIVES, else
# a temporary folder that is filled first. TARGETS: default //fixtures:packet.
# Runs in a network namespace with nothing but loopback where the system allows
# one, else with a mirror and proxies that do not exist. Committed files only.
# Exit status: 0 when the targets build.
set -eu

archives=${PEDIGREE_ARCHIVES-}
case ${1-} in
  --archives=*)
    archives=${1#--archives=}
    shift
    ;;
esac
[ $# -gt 0 ] || set -- //fixtures:packet
cd "$(dirname "$0")/.."
root=$PWD

work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
if [ -z "$archives" ]; then
  archives=$work/archives
  "$root/ci/collect_archives.sh" "$archives"
fi
archives=$(cd "$archives" && pwd)

mkdir "$work/home"
git clone -q "$root" "$work/clone"

how="in a network namespace without any interface but loopback"
if unshare --net sh -c 'ip link set lo up' 2> /dev/null; then
  isolate="unshare --net"
elif unshare --map-root-user --net sh -c 'ip link set lo up' 2> /dev/null; then
  isolate="unshare --map-root-user --net"
else
  how="with a mirror and proxies that do not exist"
  isolate=
fi
echo "offline: building $* $how"

status=0
# shellcheck disable=SC2086  # $isolate is a command with arguments, or nothing
$isolate env -i HOME="$work/home" PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  PEDIGREE_ARCHIVES="$archives" \
  PEDIGREE_DEBIAN_MIRROR=http://mirror.invalid/debian \
  http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 \
  sh -c 'ip link set lo up 2> /dev/null
    cd "$1" && shift || exit 1
    ./bazelw build "$@"
    status=$?
    ./bazelw shutdown
    exit "$status"' build "$work/clone" "$@" || status=$?

if [ "$status" -ne 0 ]; then
  echo "offline: FAILED: $* do not build $how"
  exit 1
fi
echo "offline: OK: $* build $how"

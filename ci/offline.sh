#!/bin/sh
# Proves that nothing needs a network, Bazel included: a clone with an empty HOME
# works from a folder of collected archives alone, by the Bazel that is in it.
#
#   ci/offline.sh [--archives=DIR] [TARGET]...
#
# DIR: a folder filled by `ci/collect_archives.sh DIR third_party/*/archives.lock`;
# default: PEDIGREE_ARCHIVES, else a temporary folder that is filled first. Runs in a
# network namespace with nothing but loopback where the system allows one, else with
# a mirror and proxies that do not exist. Committed files only.
#
# Builds TARGETs. Without any, runs both commands of the README from nothing and the
# tests a second time, and tells how long each took and which ten tests are slowest.
# Exit status: 0 when the targets build or both commands pass.
set -eu

archives=${PEDIGREE_ARCHIVES-}
case ${1-} in
  --archives=*)
    archives=${1#--archives=}
    shift
    ;;
esac
cd "$(dirname "$0")/.."
root=$PWD
# shellcheck source=ci/bazel_ways.sh
. ci/bazel_ways.sh

work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
if [ -z "$archives" ]; then
  archives=$work/archives
  "$root/ci/collect_archives.sh" "$archives" third_party/*/archives.lock
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

# bazelw ARGUMENT...: in the clone, without a network.
bazelw() {
  # shellcheck disable=SC2086  # $isolate is a command with arguments, or nothing
  $isolate env -i HOME="$work/home" PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    PEDIGREE_ARCHIVES="$archives" PEDIGREE_BAZEL="$pinned_bazel" \
    PEDIGREE_DEBIAN_MIRROR=http://mirror.invalid/debian \
    http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 \
    sh -c 'ip link set lo up 2> /dev/null
      cd "$1" && shift || exit 1
      ./bazelw "$@"
      status=$?
      ./bazelw shutdown
      exit "$status"' bazelw "$work/clone" "$@"
}

# offline ARGUMENT...: of ./bazelw. A server of Bazel lives in the namespace that
# it was started in, so each command has a server of its own.
offline() {
  echo "offline: ./bazelw $* by Bazel $pinned_bazel $how"
  start=$(date +%s)
  bazelw "$@" || {
    echo "offline: FAILED: ./bazelw $* $how" >&2
    exit 1
  }
  echo "offline: OK: ./bazelw $*: $(($(date +%s) - start)) s"
}

if [ $# -gt 0 ]; then
  offline build "$@"
  exit
fi
offline test --build_event_json_file="$work/events" //...
echo "offline: the slowest tests, seconds:"
sed -n 's/.*"testSummary":{"label":"\([^"]*\)".*"totalRunDurationMillis":"\([0-9]*\)".*/\2 \1/p' \
  "$work/events" | sort -rn | head -n 10 | awk '{ printf "%8.1f  %s\n", $1 / 1000, $2 }'
offline test //...
offline run //fixtures:demo

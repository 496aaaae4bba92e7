#!/bin/sh
# Runs the tests of everything that runs in a browser, in Debian's Chromium.
#
#   ci/browser.sh [--artifacts=DIR] [--only=PART_OF_A_NAME] [TEST.mjs]...
#
# Without files it runs every *_test.mjs in the folders named `browser`: the
# harness's own, the client's, the example's, the lab's. Screenshots go to DIR, by
# default a folder named browser-artifacts that git ignores.
#
# Chromium and npm are installed with apt-get where they are missing and this runs
# as root or can sudo; playwright-core and axe-core come from npm by
# ci/browser/package-lock.json and stay in the cache that ./bazelw uses. The tests
# run by the Node that is pinned in third_party. Exit status: 0 when all pass.
set -eu
cd "$(dirname "$0")/.."

artifacts=browser-artifacts
only=
while [ $# -gt 0 ]; do
  case $1 in
    --artifacts=*) artifacts=${1#*=} ;;
    --only=*) only=$1 ;;
    -*)
      echo "usage: ci/browser.sh [--artifacts=DIR] [--only=TEXT] [TEST.mjs]..." >&2
      exit 2
      ;;
    *) break ;;
  esac
  shift
done
if [ $# -eq 0 ]; then
  # shellcheck disable=SC2046  # a file a word
  set -- $(find . -path './bazel-*' -prune -o -path '*/browser/*_test.mjs' -print | sort)
fi

fail() {
  echo "browser: FAILED: $*" >&2
  exit 1
}

# provide PROGRAM PACKAGE...: installs the packages when there is no such program.
provide() {
  program=$1
  shift
  ! command -v "$program" > /dev/null || return 0
  command -v apt-get > /dev/null || fail "needs $program; install $*"
  sudo=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo > /dev/null || fail "needs $program: run 'apt-get install $*' as root"
    sudo=sudo
  fi
  echo "browser: no $program found; installing Debian's $* with apt-get" >&2
  $sudo apt-get update -qq >&2 || true
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends "$@" > /dev/null || fail "apt-get could not install $*"
  command -v "$program" > /dev/null || fail "no $program in $*"
}

provide chromium chromium fonts-dejavu-core
chromium=$(command -v chromium)

# The packages of the lock, once for each lock.
lock=$(sha256sum ci/browser/package-lock.json | cut -c1-16)
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/pedigree/browser
modules=$cache/$lock/node_modules
if [ ! -d "$modules" ]; then
  provide npm npm
  mkdir -p "$cache"
  new=$(mktemp -d "$cache/new.XXXXXX")
  # The shell is replaced by Node in the end, so this is for failures.
  trap 'rm -rf "$new"' EXIT
  cp ci/browser/package.json ci/browser/package-lock.json "$new"
  (cd "$new" && npm ci --ignore-scripts --no-audit --no-fund >&2) ||
    fail "npm could not install ci/browser/package-lock.json"
  # Another run may have been quicker.
  mv -T "$new" "$cache/$lock" 2> /dev/null || rm -rf "$new"
  [ -d "$modules" ] || fail "no $modules"
fi

./bazelw build @node//:files
node=$(./bazelw info output_base 2> /dev/null)/external/node/bin/node
[ -x "$node" ] || fail "no $node"
targets=$("$node" ci/browser/main.mjs --targets "$@")
if [ -n "$targets" ]; then
  # shellcheck disable=SC2086  # a label a word
  ./bazelw build $targets
fi

exec "$node" ci/browser/main.mjs --chromium="$chromium" --modules="$modules" \
  --artifacts="$artifacts" ${only:+"$only"} "$@"

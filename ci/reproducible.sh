#!/bin/sh
# Builds twice from nothing, in surroundings that have nothing in common, and
# compares every file that was made. Then plants a clock in one action of both
# builds, which must be noticed and named.
#
#   ci/reproducible.sh [--statement=FILE] [WORK_FOLDER]
#
# FILE gets the result as an unsigned in-toto Statement (docs/formats/audit.md,
# "Reproduction"). WORK_FOLDER (default: a temporary folder, removed at the end)
# gets both clones, homes and caches; 10 GB. The builds share no cache.
#
# What differs: Bazel, path, HOME, umask, time zone, locale, the day (the builds follow
# each other; the second's sources are dated 1980), cores, instruction set, the order of
# files in folders; run as root, also user, host name and file system. What an
# action cannot see in its sandbox anyway (strict environment, made-up user and host
# name) the second build lets it see. PEDIGREE_SECOND_BAZEL names the second build's
# Bazel (default: the pinned one; empty: the first's).
#
# Not compared: the names of output folders below bazel-out, in which a Bazel encodes
# settings in its own way (two files at one path in two such folders are told apart
# by their digests), and what holds such names: command lines in files, lists of
# headers, lists of files for the next action, names of repositories.
#
# Takes a cold build on all cores and one on a single core. With
# PEDIGREE_ARCHIVES=DIR (see ci/collect_archives.sh) nothing is downloaded.
# Committed files only.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
export LC_ALL=C
# shellcheck source=ci/bazel_ways.sh
. "$root/ci/bazel_ways.sh"

statement=
work=
for argument; do
  case $argument in
    --statement=*) statement=${argument#*=} ;;
    -*)
      echo "usage: ci/reproducible.sh [--statement=FILE] [WORK_FOLDER]" >&2
      exit 2
      ;;
    *) work=$argument ;;
  esac
done
other=
stop_servers() {
  for home in "$work/home-a" "$work/home-b"; do
    pkill -f -- "--output_user_root=$home" || true
  done
}
cleanup() {
  stop_servers
  [ -z "$other" ] || rm -rf "$other"
  [ -z "$temporary" ] || { chmod -R u+w "$temporary" && rm -rf "$temporary"; }
}
temporary=
trap cleanup EXIT
if [ -n "$work" ]; then
  mkdir -p "$work"
  work=$(cd "$work" && pwd)
else
  work=$(mktemp -d)
  temporary=$work
fi
chmod 755 "$work"

fail() {
  echo "reproducible: FAILED: $*" >&2
  exit 1
}

if [ -n "$(git -C "$root" status --porcelain)" ]; then
  echo "reproducible: uncommitted changes are not part of the comparison" >&2
fi

targets="//:pedigree //runtime:wasm //fixtures:packet //fixtures:packet.digest
  //fixtures:fused_packet"
second_bazel=${PEDIGREE_SECOND_BAZEL-$pinned_bazel}

# The first build: a clone, on disk.
first=$work/a/checkout
rm -rf "$work/a" "$work/b" "$work/home-a" "$work/home-b"
git clone -q "$root" "$first"

# The second: in memory where there is any, its files made in the opposite order.
shared_memory=/dev/shm
if [ -w "$shared_memory" ]; then
  other=$(mktemp -d "$shared_memory/pedigree-reproducible.XXXXXX")
  chmod 755 "$other"
  second=$other/somewhere/else/entirely
else
  second=$work/b/somewhere/else/entirely
fi
mkdir -p "$second"
(cd "$first" && git ls-tree -r -z --name-only HEAD | sort -rz |
  tar --null --no-recursion -T - --mtime='1980-01-02' -cf -) | tar -xf - -C "$second"
cat > "$second/user.bazelrc" <<'END'
build --nosandbox_fake_hostname --nosandbox_fake_username
build --action_env=LANG=tr_TR.UTF-8 --action_env=LC_ALL=tr_TR.UTF-8
build --action_env=TZ=Asia/Kathmandu --action_env=USER=somebody
build --action_env=HOME=/nowhere
# Libraries and kernels as on a processor that knows SSE4 and no more.
build --action_env=PEDIGREE_TARGET=sse4
build --action_env=GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX512F,-ERMS
build --action_env=OPENSSL_ia32cap=~0x200000200000000:~0x20000020
END

uid=4242
as_other=
axes="--axis=path=$first=$second --axis=umask=022=077
  --axis=time-zone=UTC=Asia/Kathmandu --axis=locale=C=tr_TR.UTF-8
  --axis=dates-of-sources=today=1980-01-02 --axis=instruction-set=best=sse4"
if [ "$(nproc)" -gt 1 ]; then
  one_core="taskset -c 0"
  axes="$axes --axis=cores=$(nproc)=1"
else
  one_core=
  echo "reproducible: one core only: cores are the same in both builds" >&2
fi
if [ -n "$other" ]; then
  axes="$axes --axis=order-of-files=by-name=reversed,in-memory"
else
  axes="$axes --axis=order-of-files=by-name=reversed"
fi
if [ "$(id -u)" -eq 0 ]; then
  as_other="unshare --uts sh -c 'hostname elsewhere && exec \"\$@\"' sh
    setpriv --reuid=$uid --regid=$uid --clear-groups"
  axes="$axes --axis=user=0=$uid --axis=host-name=$(hostname)=elsewhere"
else
  echo "reproducible: not root: user and host name are the same in both builds" >&2
fi
[ -z "$second_bazel" ] || axes="$axes --axis=bazel=default=$second_bazel"

mkdir "$work/home-a" "$work/home-b"
[ "$(id -u)" -ne 0 ] || chown -R "$uid:$uid" "$second" "$work/home-b"

# Ends with the digests of all files that a build made.
cat > "$work/build.sh" <<'END'
set -eu
umask "$1"
cd "$2"
made=$3
shift 3
# shellcheck disable=SC2086
./bazelw build --show_progress_rate_limit=30 "$@"
find bazel-out/*/bin -name '*.runfiles' -prune -o -type f \
  ! -name '*.runfiles_manifest' ! -name '*.d' ! -name '*.params' \
  ! -name '*.blobs.json' ! -name '*.repo_mapping' -print0 |
  xargs -0 sha256sum > "$HOME/$made"
END

# build_first LIST, build_second LIST: leaves LIST, of digests, at home.
environment="PATH=/usr/bin:/bin:/usr/sbin:/sbin
  ${PEDIGREE_ARCHIVES:+PEDIGREE_ARCHIVES=$PEDIGREE_ARCHIVES}
  ${PEDIGREE_DEBIAN_MIRROR:+PEDIGREE_DEBIAN_MIRROR=$PEDIGREE_DEBIAN_MIRROR}"
build_first() {
  # shellcheck disable=SC2086  # lists of words
  env -i $environment HOME="$work/home-a" USER=first TZ=UTC LANG=C \
    sh "$work/build.sh" 022 "$first" "$1" $targets
}
build_second() {
  # shellcheck disable=SC2086
  eval "$as_other $one_core" env -i $environment 'HOME="$work/home-b"' \
    USER=second TZ=Asia/Kathmandu LANG=tr_TR.UTF-8 \
    "${second_bazel:+PEDIGREE_BAZEL=$second_bazel}" \
    sh '"$work/build.sh"' 077 '"$second"' '"$1"' $targets
}

# artifacts LIST: its files by path below the output folder; of several at one path
# with other bytes, the second is PATH#2.
artifacts() {
  sed 's|  bazel-out/[^/]*/bin/|  |' "$1" | sort -u |
    awk '{ path = substr($0, 67); n = ++count[path]; print $0 (n > 1 ? "#" n : "") }'
}

# compare LIST [FLAG]...: exit 0 when both builds made the same.
compare() {
  list=$1
  shift
  artifacts "$work/home-a/$list" > "$work/first"
  artifacts "$work/home-b/$list" > "$work/second"
  # shellcheck disable=SC2086
  "$work/pedigree" statement reproduction "$work/first" "$work/second" $axes "$@"
}

# causes LIST: the actions of the first build at which the differences begin.
causes() {
  artifacts "$work/home-b/$1" | sed 's/#[0-9]*$//' > "$work/second"
  awk 'FNR == NR { made[$0]; next }
    {
      path = substr($0, 67)
      below = path
      sub(/^bazel-out\/[^\/]*\/bin\//, "", below)
      if (!(substr($0, 1, 66) below in made)) print path
    }' "$work/second" "$work/home-a/$1" > "$work/differ"
  (
    cd "$first"
    # shellcheck disable=SC2086
    env -i $environment HOME="$work/home-a" USER=first TZ=UTC LANG=C \
      ./bazelw aquery --output=text \
      "deps($(echo $targets | sed 's/ / + /g'))" 2> /dev/null
  ) > "$work/actions"
  awk -f "$root/ci/reproducible/first_differences.awk" "$work/differ" "$work/actions"
}

begin=$(date +%s)
build_first built
middle=$(date +%s)
build_second built
echo "reproducible: first build $((middle - begin)) s, second $(($(date +%s) - middle)) s"
cp "$first/bazel-bin/pedigree" "$work/pedigree"
packet=$(cat "$first/bazel-bin/fixtures/packet.digest")

status=0
compare built ${statement:+--out="$statement"} || status=$?
if [ "$status" -ne 0 ]; then
  [ "$status" -eq 1 ] || fail "no comparison"
  causes built | head -n 20
  fail "the builds differ as shown"
fi

# The negative control: a clock where a licence is.
for clone in "$first" "$second"; do
  cat >> "$clone/fixtures/BUILD.bazel" <<'END'

genrule(
    name = "clock",
    outs = ["clock/LICENSE"],
    cmd = "date +%s%N > $@",
)
END
  sed -i 's|"models/LICENSE": "CC0-1.0"|":clock/LICENSE": "CC0-1.0"|' \
    "$clone/fixtures/BUILD.bazel"
done
build_first planted
build_second planted
found=$(causes planted)
status=0
compare planted --cause="$found" --out="$work/planted.json" || status=$?
[ "$status" -eq 1 ] || fail "a clock in an action makes no difference"
case $found in
  "//fixtures:clock (Genrule): bazel-out/"*/fixtures/clock/LICENSE) ;;
  *) fail "the clock is not named: '$found'" ;;
esac
echo "reproducible: OK: packet $packet"

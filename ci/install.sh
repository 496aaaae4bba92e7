#!/bin/sh
# Installs the command as a user does, from its tarball by the machine's own tar and
# zstd, and runs what was installed where there is nothing else.
#
#   ci/install.sh
#
#   prefix   a clean one; the installed command verifies its packet, makes its
#            evidence again, and packs it to the very tarball
#   chroot   a folder with the command and fixture files, no C library, no /proc: the
#            main loop, which ends in the packet that //:pedigree makes outside; and
#            names of hosts by /etc/hosts though /etc/nsswitch.conf asks for modules
#            that are not there
#   busybox  where it is on PATH: the installer by its shell and tools alone
#
# Prints sizes. Needs tar, zstd, and for the chroot root or `unshare`; it says when
# it does without.
set -eu
cd "$(dirname "$0")/.."

fail() {
  echo "install: FAILED: $*" >&2
  exit 1
}

for tool in tar zstd; do
  command -v "$tool" > /dev/null ||
    fail "needs $tool (Debian: apt-get install $tool)"
done

./bazelw build //release/install:packet //release/install:packet.digest \
  //release/install:pedigree //:pedigree //fixtures:parent //fixtures:adapter \
  //fixtures:smoke_suite
bin=$PWD/bazel-bin
tarball=$bin/release/install/pedigree.tar.zst
digest=$(cat "$bin/release/install/packet.digest")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

release/install/install.sh "$tarball" "--digest=$digest" "--prefix=$prefix"
pedigree=$prefix/bin/pedigree
"$pedigree" packet verify "$tarball" "--digest=$digest"
"$pedigree" packet unpack "$tarball" "--out=$work/packet" > "$work/log"
"$pedigree" packet pack "$work/packet" --level=19 "--out=$work/again" > "$work/log"
cmp "$work/again" "$tarball" ||
  fail "the installed command packs its packet to another tarball"
files=$work/files
"$pedigree" packet export "$work/packet" "--digest=$digest" "--out=$files" \
  > "$work/log"
"$pedigree" eval "$files/model.slm" "--adapter=$files/adapters/0.adp" \
  "--manifest=$files/model.manifest.json" "--suite=$files/suites/smoke.json" \
  "--out=$work/sidecar.json" > "$work/log"
cmp "$files/sidecars/smoke.json" "$work/sidecar.json" ||
  fail "the installed command gives other evidence"
echo "prefix: same tarball, same evidence, $digest"

# in_chroot COMMAND...: as root there, whoever it is here.
if [ "$(id -u)" = 0 ]; then
  in_chroot() { chroot "$work/root" "$@"; }
else
  in_chroot() { unshare --user --map-root-user chroot "$work/root" "$@"; }
fi
mkdir -p "$work/root/bin" "$work/root/etc" "$work/root/files" "$work/root/tmp"
cp "$pedigree" "$work/root/bin/"
if in_chroot /bin/pedigree --help > "$work/log" 2>&1; then
  for file in parent.slm adapter.adapter; do
    cp -L "$bin/fixtures/$file" "$bin/fixtures/$file".* "$work/root/files/"
  done
  cp -L "$bin/fixtures/smoke_suite.suite.json" "$work/root/files/suite.json"
  cp fixtures/suites/gate_policy.textproto fixtures/models/LICENSE "$work/root/files/"
  # main_loop ROOT COMMAND...: the experiment on the files in ROOT.
  main_loop() {
    root=$1
    shift
    "$@" experiment "$root/files/parent.slm" \
      "--adapter=$root/files/adapter.adapter" "--suite=$root/files/suite.json" \
      "--policy=$root/files/gate_policy.textproto" \
      "--license=$root/files/LICENSE" "--native-runtime=$root/bin/pedigree" \
      "--out=$root/tmp/${1##*/}" > "$work/log" ||
      { cat "$work/log" >&2; fail "the main loop by $1"; }
  }
  main_loop '' in_chroot /bin/pedigree
  main_loop "$work/root" "$bin/pedigree"
  diff -r "$work/root/tmp/in_chroot" "$work/root/tmp/pedigree" ||
    fail "the main loop in a chroot gives another packet"
  # Nobody listens on port 1, which is told only when the host has an address.
  echo '127.0.0.1 registry.example' > "$work/root/etc/hosts"
  echo 'hosts: nowhere mdns4_minimal [NOTFOUND=return] nowhere' \
    > "$work/root/etc/nsswitch.conf"
  in_chroot /bin/pedigree packet pull registry.example:1/a/packet:v1 \
    --out=/tmp/none --plain-http > "$work/log" 2>&1 &&
    fail "a pull from nobody succeeds"
  grep -q 'Failed to connect to registry.example port 1' "$work/log" ||
    { cat "$work/log" >&2; fail "the address of registry.example"; }
  echo "chroot: the main loop, the same packet; hosts by /etc/hosts"
else
  echo "chroot: NOT DONE: neither root nor unshare can make one ($(tail -n 1 "$work/log"))"
fi

if command -v busybox > /dev/null; then
  mkdir "$work/busybox"
  for applet in $(busybox --list); do
    ln -s "$(command -v busybox)" "$work/busybox/$applet"
  done
  ln -sf "$(command -v zstd)" "$work/busybox/zstd"
  PATH=$work/busybox busybox sh release/install/install.sh "$tarball" \
    "--digest=$digest" "--prefix=$work/by_busybox"
  diff -r "$prefix" "$work/by_busybox" || fail "busybox installs something else"
  echo "busybox: the same files"
else
  echo "busybox: NOT DONE: it is not on PATH"
fi

bytes() {
  printf '%-28s %10d bytes\n' "$1" "$(wc -c < "$2")"
}
bytes 'pedigree.tar.zst' "$tarball"
bytes 'bin/pedigree' "$pedigree"
bytes 'share/pedigree/pedigree.wasm' "$prefix/share/pedigree/pedigree.wasm"
zstd -q -d -c "$tarball" > "$work/tar"
bytes 'the packet, as a tar' "$work/tar"
echo "install: OK"

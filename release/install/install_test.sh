#!/bin/sh
# install_test.sh INSTALL_SH PACKET DIGEST TARBALL ZSTD_FRAME: the installer puts a
# command into a prefix that verifies the packet it came from, and refuses what it
# should before it runs anything, leaving nothing.
set -eu
install=$PWD/$1
tarball=$PWD/$4
zstd_frame=$PWD/$5
digest=$(cat "$3")
scratch=$(mktemp -d "$TEST_TMPDIR/install.XXXXXX")
trap 'chmod -R u+w "$scratch" && rm -rf "$scratch"' EXIT
packet=$scratch/packet
# The files of a test are links, and a packet has none.
cp -RL "$2" "$packet"
chmod -R u+w "$packet"
blobs=$packet/blobs/sha256

# The installer's zstd: the machine may have none.
mkdir "$scratch/bin"
printf '#!/bin/sh\nexec "%s"\n' "$zstd_frame" > "$scratch/bin/zstd"
chmod +x "$scratch/bin/zstd"
PATH=$scratch/bin:$PATH
export HOME="$scratch/home"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# expect EXIT PATTERN ARGUMENT...: runs the installer; its last line says PATTERN.
expect() {
  expected=$1
  pattern=$2
  shift 2
  code=0
  sh "$install" "$@" > "$scratch/out" 2>&1 || code=$?
  cat "$scratch/out"
  [ "$code" = "$expected" ] || fail "$* exits $code (expected $expected)"
  tail -n 1 "$scratch/out" | grep -q -e "$pattern" ||
    fail "$* does not say: $pattern"
}

# refuse PATTERN ARGUMENT...: as expect 1, and a prefix that was not there is not
# there.
refuse() {
  pattern=$1
  shift
  expect 1 "^install: $pattern" "$@" "--prefix=$scratch/none/deep"
  [ ! -e "$scratch/none" ] || fail "$* leaves $(find "$scratch/none")"
  [ ! -e "$scratch/ran" ] || fail "$*: ran what it refused"
}

# check_install PREFIX
check_install() {
  program=$1/bin/pedigree
  [ "$(stat -c %a "$program")" = 755 ] || fail "mode of $program"
  "$program" --help | grep -q packet || fail "$program --help"
  "$program" packet verify "$packet" "--digest=$digest" > "$scratch/out" ||
    fail "the installed command does not verify its packet"
  grep -qx 'verify: OK' "$scratch/out" || fail "verify says $(cat "$scratch/out")"
  [ "$(cat "$1/share/pedigree/packet.digest")" = "$digest" ] || fail 'packet.digest'
  for file in pedigree.wasm bom.cdx.json record.json \
    licenses/third-party/sysroot_static/COPYING.LIB; do
    [ -s "$1/share/pedigree/$file" ] || fail "no share/pedigree/$file"
  done
  found=$(cd "$1" && find . -mindepth 1 -maxdepth 2 | sort | tr '\n' ' ')
  [ "$found" = './bin ./bin/pedigree ./share ./share/pedigree ' ] ||
    fail "the prefix holds $found"
}

# The evidence in the packet, made again by the command that came with it.
check_evidence() {
  "$1/bin/pedigree" packet export "$packet" "--out=$scratch/files" > "$scratch/out"
  files=$scratch/files
  "$1/bin/pedigree" eval "$files/model.slm" "--adapter=$files/adapters/0.adp" \
    "--manifest=$files/model.manifest.json" "--suite=$files/suites/smoke.json" \
    "--out=$scratch/sidecar.json" > "$scratch/out"
  cmp "$files/sidecars/smoke.json" "$scratch/sidecar.json" ||
    fail 'the installed command gives other evidence'
}

expect 0 "^installed .*/bin/pedigree, packet $digest\$" "$packet" \
  "--digest=$digest" "--prefix=$scratch/a prefix"
check_install "$scratch/a prefix"
check_evidence "$scratch/a prefix"
expect 0 "^installed .* packet $digest\$" "$tarball" --no-digest \
  "--prefix=$scratch/from_tarball"
check_install "$scratch/from_tarball"
expect 0 "^installed $HOME/.local/bin/pedigree, " \
  "$tarball" "--digest=$digest"
check_install "$HOME/.local"

# An upgrade takes the old install's place, all of it; one that fails does not.
prefix=$scratch/from_tarball
touch "$prefix/share/pedigree/old"
cat > "$scratch/bin/mv" << 'MV'
#!/bin/sh
case $* in */bin/pedigree) exit 1 ;; esac
PATH=${PATH#*:} exec mv "$@"
MV
chmod +x "$scratch/bin/mv"
expect 1 "^install: Cannot create $prefix/bin/pedigree\$" "$packet" \
  "--digest=$digest" "--prefix=$prefix"
rm "$scratch/bin/mv"
[ -e "$prefix/share/pedigree/old" ] || fail 'a failed upgrade lost the old install'
check_install "$prefix"
expect 0 '^installed ' "$packet" "--digest=$digest" "--prefix=$prefix"
[ ! -e "$prefix/share/pedigree/old" ] || fail 'an upgrade keeps old files'
check_install "$prefix"

# Only what was installed is removed, and only that is replaced.
touch "$prefix/bin/other"
expect 0 "^uninstalled $prefix/bin/pedigree\$" --uninstall "--prefix=$prefix"
[ "$(cd "$prefix" && echo bin/* share/*)" = 'bin/other share/*' ] ||
  fail "an uninstalled prefix holds $(find "$prefix")"
expect 1 '^install: Nothing to uninstall: ' --uninstall "--prefix=$prefix"
echo mine > "$prefix/bin/pedigree"
expect 1 "^install: Cannot install to $prefix/bin/pedigree: it is there, " \
  "$packet" "--digest=$digest" "--prefix=$prefix"
[ "$(cat "$prefix/bin/pedigree")" = mine ] || fail 'a foreign file is replaced'
rm "$prefix/bin/pedigree"
mkdir "$prefix/share/pedigree"
expect 1 "^install: Cannot install to $prefix/share/pedigree: it is there, " \
  "$packet" "--digest=$digest" "--prefix=$prefix"

# Usage.
other=sha256:$(printf x | sha256sum | cut -d ' ' -f 1)
expect 0 '^Exit: 0 done; ' --help
expect 2 '^install: No digest: ' "$packet"
expect 2 '^install: No packet ' --no-digest
expect 2 '^install: Invalid digest: sha256:ABC ' "$packet" --digest=sha256:ABC
expect 2 '^install: Invalid digest: none ' "$packet" --digest=none
expect 2 '^install: One digest at a time: ' "$packet" "--digest=$digest" --no-digest
expect 2 '^install: One packet at a time: ' "$packet" "$packet" --no-digest
expect 2 '^install: Unknown option: --perfix=x ' "$packet" --no-digest --perfix=x
expect 2 '^install: Cannot read .*/absent: no such ' "$scratch/absent" --no-digest
expect 2 '^install: --uninstall takes no packet ' --uninstall "$packet"

# A prefix that cannot be written.
touch "$scratch/file"
expect 1 "^install: Cannot create $scratch/file\$" "$packet" --no-digest \
  "--prefix=$scratch/file/prefix"

# Another packet than the one asked for, and what is none.
for form in "$packet" "$tarball"; do
  refuse "Not the expected packet: digest is $digest (expected $other), " \
    "$form" "--digest=$other"
done
refuse 'Invalid packet: index.json does not name one manifest, ' "$scratch/bin" \
  "--digest=$digest"
refuse 'Invalid packet: index.json does not name one manifest, ' "$install" \
  "--digest=$digest"

# A program that is another one is not run. RAN is what it would leave.
runtime=$(sha256sum "$HOME/.local/bin/pedigree" | cut -d ' ' -f 1)
mv "$blobs/$runtime" "$scratch/runtime"
refuse "Missing runtimes/linux-x86_64/pedigree_runtime: blob sha256:$runtime is " \
  "$packet" "--digest=$digest"
printf '#!/bin/sh\ntouch "%s"\n' "$scratch/ran" > "$blobs/$runtime"
chmod +x "$blobs/$runtime"
refuse 'Corrupted runtimes/linux-x86_64/pedigree_runtime: digest is ' "$packet" \
  "--digest=$digest"
{ cat "$scratch/runtime"; echo; } > "$blobs/$runtime"
refuse 'Invalid runtimes/linux-x86_64/pedigree_runtime: blob .* has more than ' \
  "$packet" "--digest=$digest"
cp "$scratch/runtime" "$blobs/$runtime"

# An altered manifest, and altered ones that carry their own digests.
manifest=${digest#sha256:}
cp "$blobs/$manifest" "$scratch/manifest"
cp "$packet/index.json" "$scratch/index.json"
echo >> "$blobs/$manifest"
refuse 'Corrupted manifest: digest is ' "$packet" "--digest=$digest"
rm "$blobs/$manifest"
refuse 'Missing manifest: ' "$packet" --no-digest

# alter SED_SCRIPT: the packet with another manifest.
alter() {
  sed "$1" "$scratch/manifest" > "$scratch/altered"
  altered=$(sha256sum < "$scratch/altered" | cut -d ' ' -f 1)
  cp "$scratch/altered" "$blobs/$altered"
  sed "s/$manifest/$altered/" "$scratch/index.json" > "$packet/index.json"
}
alter 's|runtimes/wasm32/pedigree.wasm|runtimes/linux-x86_64/pedigree_runtime|g'
refuse 'Invalid packet: 2 layers named runtimes/linux-x86_64/pedigree_runtime ' \
  "$packet" "--digest=sha256:$altered"
rm "$blobs/$altered"
alter 's|runtimes/linux-x86_64/pedigree_runtime|runtimes/other|g'
refuse 'Invalid packet: 0 layers named ' "$packet" --no-digest
rm "$blobs/$altered"
# The program of such a manifest is good, and finds what is wrong with it.
alter 's|"org.opencontainers.image.version":"0|"org.opencontainers.image.version":"9|'
refuse 'Refused packet: it does not verify, ' "$packet" --no-digest
rm "$blobs/$altered"
cp "$scratch/manifest" "$blobs/$manifest"
cp "$scratch/index.json" "$packet/index.json"

# What the program refuses.
model=$(sha256sum "$scratch/files/model.slm" | cut -d ' ' -f 1)
printf X | dd of="$blobs/$model" bs=1 seek=5000 conv=notrunc 2> "$scratch/out"
refuse 'Refused packet: it does not verify, ' "$packet" "--digest=$digest"
cp "$scratch/files/model.slm" "$blobs/$model"
touch "$packet/extra"
refuse 'Refused packet: it does not verify, ' "$packet" "--digest=$digest"
rm "$packet/extra"

# Archives that want to write elsewhere, or hold more than the packet.
zstd < "$tarball" > "$scratch/good.tar"
mkdir "$scratch/hostile"
echo evil > "$scratch/hostile/evil"
ln -s /etc "$scratch/hostile/link"
# hostile_tar TAR_OPTION...: $scratch/hostile.tar.zst, with something appended.
hostile_tar() {
  cp "$scratch/good.tar" "$scratch/hostile.tar"
  tar -C "$scratch/hostile" -rf "$scratch/hostile.tar" -P "$@"
  "$zstd_frame" "$scratch/hostile.tar.zst" < "$scratch/hostile.tar"
}
for name in ../../evil "$scratch/evil" blobs/sha256/evil index.json; do
  hostile_tar --transform "s|.*|$name|" evil
  refuse '' "$scratch/hostile.tar.zst" "--digest=$digest"
done
hostile_tar link
refuse 'Refused packet: it does not verify, ' "$scratch/hostile.tar.zst" \
  "--digest=$digest"
hostile_tar --transform "s|.*|blobs/sha256/$runtime|" evil
refuse 'Invalid runtimes/linux-x86_64/pedigree_runtime: blob .* has more than ' \
  "$scratch/hostile.tar.zst" "--digest=$digest"
head -c 100000 "$tarball" > "$scratch/cut.tar.zst"
refuse '' "$scratch/cut.tar.zst" "--digest=$digest"
[ -z "$(find "$scratch" -name '.pedigree-install*' -o -name evil | grep -v /hostile/)" ] ||
  fail 'something was left behind'
expect 0 '^installed ' "$packet" "--digest=$digest" "--prefix=$scratch/again"
echo 'install_test: OK'

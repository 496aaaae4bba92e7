#!/bin/sh
# Shows that tools that know nothing of this project take its packets.
#
#   ci/stock_tools_packet.sh
#
#   skopeo       copies the layout to a layout and to a folder and back; the packet
#                keeps its digest and verifies
#   CycloneDX's own library for Python checks the BOM by the official schema of
#                1.6, and refuses it with a fault in it
#   tar, zstd    unpack the packed form to the packet directory
#
# Needs skopeo, tar and zstd on PATH, and Python 3 with venv, into which it
# installs the library by pip. A tool that is missing is a failure.
set -eu
cd "$(dirname "$0")/.."

fail() {
  echo "stock_tools_packet: FAILED: $*" >&2
  exit 1
}

for tool in skopeo tar zstd python3; do
  command -v "$tool" > /dev/null ||
    fail "needs $tool (Debian: apt-get install $tool)"
done

./bazelw build //:pedigree //fixtures:packet //fixtures:packet.digest
pedigree=$PWD/bazel-bin/pedigree
packet=$PWD/bazel-bin/fixtures/packet
digest=$(cat bazel-bin/fixtures/packet.digest)
work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT

skopeo --version
copy() {
  skopeo --insecure-policy copy --preserve-digests "$1" "$2" > "$work/log" 2>&1 ||
    { cat "$work/log" >&2; fail "skopeo copies $1 to $2"; }
}
# Build outputs are links, and a packet has none.
cp -RL "$packet" "$work/packet"
chmod -R u+w "$work/packet"
copy "oci:$work/packet" "oci:$work/layout"
copy "oci:$work/layout" "dir:$work/dir"
copy "dir:$work/dir" "oci:$work/back"
copy "oci:$work/packet" "oci-archive:$work/archive.tar"
copy "oci-archive:$work/archive.tar" "oci:$work/from_archive"
found=sha256:$(sha256sum < "$work/dir/manifest.json" | cut -d ' ' -f 1)
[ "$found" = "$digest" ] || fail "in dir: the digest is $found (expected $digest)"
for copied in layout back from_archive; do
  "$pedigree" packet verify "$work/$copied" --digest="$digest" > "$work/log" ||
    { cat "$work/log" >&2; fail "verify $copied"; }
done
echo "skopeo: $digest after oci, dir and oci-archive and back"

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'cyclonedx-python-lib[json-validation]' ||
  fail "pip installs cyclonedx-python-lib"
"$work/venv/bin/pip" list 2> /dev/null | grep -i '^cyclonedx-python-lib '
"$pedigree" packet export "$work/packet" --out="$work/files" > /dev/null
cat > "$work/validate.py" << 'PYTHON'
import json
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

validator = JsonStrictValidator(SchemaVersion.V1_6)
text = open(sys.argv[1], encoding='utf-8').read()
error = validator.validate_str(text)
if error is not None:
  sys.exit('the BOM is refused: %r' % (error,))
bom = json.loads(text)
bom['metadata']['component']['hashes'][0]['alg'] = 'sha256'
if validator.validate_str(json.dumps(bom)) is None:
  sys.exit('a BOM with an unknown hash algorithm is accepted')
kinds = [component['type'] for component in bom['components']]
print('CycloneDX 1.6: valid; %d components, %d of them libraries' %
      (len(kinds), kinds.count('library')))
PYTHON
"$work/venv/bin/python" "$work/validate.py" "$work/files/bom.cdx.json" ||
  fail "the validator"

zstd --version
tar --version | head -1
"$pedigree" packet pack "$work/packet" --out="$work/packet.tar.zst"
mkdir "$work/untarred"
zstd -q -d -c "$work/packet.tar.zst" | tar -x -f - -C "$work/untarred"
diff -r "$work/packet" "$work/untarred" || fail "tar gives other files"
"$pedigree" packet verify "$work/untarred" --digest="$digest" > /dev/null ||
  fail "verify what tar gives"
echo "tar and zstd: the packed form is the packet directory"

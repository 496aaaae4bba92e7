#!/bin/sh
# Shows that tools nobody here wrote accept the claims about the fixture packet,
# and refuse altered ones.
#
#   ci/stock_tools_claims.sh
#
# cosign accepts provenance, test results and evidence, signed by P-256 and by
# Ed25519 keys; model_signing accepts the exported folder; slsa-verifier accepts
# an auditor's summary. Tools are built or installed once, at the versions below,
# into PEDIGREE_TOOLS (default ~/.cache/pedigree/tools) by `go` and Python's `pip`;
# what cannot be had is an error. Needs `openssl` for keys.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
tools=${PEDIGREE_TOOLS:-$HOME/.cache/pedigree/tools}
cosign_version=v3.1.3
slsa_verifier_version=v2.7.1
model_signing_version=1.1.1

fail() {
  echo "stock_tools_claims: FAILED: $*" >&2
  exit 1
}

mkdir -p "$tools/bin"
export GOBIN="$tools/bin"

if ! [ -x "$tools/bin/cosign" ]; then
  go install "github.com/sigstore/cosign/v3/cmd/cosign@$cosign_version" ||
    fail "cosign $cosign_version cannot be built"
fi
"$tools/bin/cosign" version 2>&1 | grep -q "^GitVersion: *$cosign_version\$" ||
  fail "$tools/bin/cosign is not $cosign_version"

# As a dependency of a module: `go install` asks a module proxy for the list of
# versions, which not every proxy has of this one.
if ! [ -x "$tools/bin/slsa-verifier" ]; then
  package=github.com/slsa-framework/slsa-verifier/v2/cli/slsa-verifier
  module=$(mktemp -d)
  (cd "$module" && go mod init tools &&
    go get "$package@$slsa_verifier_version" &&
    go build -o "$tools/bin/slsa-verifier" "$package") ||
    fail "slsa-verifier $slsa_verifier_version cannot be built"
fi
# It prints no version of its own when it was not released: Go's record has it.
go version -m "$tools/bin/slsa-verifier" |
  grep -q "slsa-verifier/v2[[:space:]]*$slsa_verifier_version" ||
  fail "$tools/bin/slsa-verifier is not $slsa_verifier_version"

venv=$tools/model_signing-$model_signing_version
if ! [ -x "$venv/bin/model_signing" ]; then
  # model_signing 1.1.1 imports pyOpenSSL without asking for it.
  { python3 -m venv "$venv" &&
    "$venv/bin/pip" install --quiet "model-signing==$model_signing_version" \
      pyOpenSSL; } ||
    fail "model_signing $model_signing_version cannot be installed"
fi
"$venv/bin/model_signing" --version | grep -q "$model_signing_version" ||
  fail "$venv has no model_signing $model_signing_version"
echo "cosign $cosign_version, slsa-verifier $slsa_verifier_version," \
  "model_signing $model_signing_version"

./bazelw build //:pedigree //fixtures:packet //fixtures:packet.digest
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cp -RL bazel-bin/fixtures/packet "$work/packet"
digest=$(cat bazel-bin/fixtures/packet.digest)
pedigree=$root/bazel-bin/pedigree
cd "$work"
# cosign looks for trust roots below the home folder; none are needed.
export HOME="$work"

for name in p256 other ed25519; do
  case $name in
    ed25519) openssl genpkey -algorithm ED25519 -out "$name.pem" ;;
    *) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
      -out "$name.pem" ;;
  esac
  openssl pkey -in "$name.pem" -pubout -out "$name.pub"
done
manifest=packet/blobs/sha256/${digest#sha256:}
"$pedigree" sign packet --key=p256.pem --out=claims \
  --source-commit=0123456789abcdef0123456789abcdef01234567
"$pedigree" sign packet --key=ed25519.pem --without-oms --out=ed_claims
"$pedigree" packet verify packet --claims=claims --key=p256.pub
"$pedigree" packet export packet --out=export
"$pedigree" statement vsa packet --claims=claims --key=p256.pub \
  --verifier-id=https://auditor.example/v1 --reproduced --out=vsa.json
"$pedigree" sign --statement=vsa.json --key=p256.pem --out=vsa_claims
key_id=$(openssl pkey -pubin -in p256.pub -outform DER | sha256sum |
  cut -d ' ' -f 1)

accepted=0
refused=0

accepts() {
  "$@" > log 2>&1 || { cat log >&2; fail "refused: $*"; }
  accepted=$((accepted + 1))
}

# refuses PATTERN COMMAND...: for the reason given, and not for a wrong flag.
refuses() {
  pattern=$1
  shift
  ! "$@" > log 2>&1 || fail "accepted: $*"
  grep -q -e "$pattern" log || { cat log >&2; fail "no $pattern: $*"; }
  refused=$((refused + 1))
}

# cosign_verify KEY TYPE BUNDLE FILE
cosign_verify() {
  "$tools/bin/cosign" verify-blob-attestation --key "$1" --type "$2" \
    --bundle "$3" --insecure-ignore-tlog "$4"
}

# altered FILE FROM TO: a copy of a bundle with another payload.
altered() {
  python3 - "$@" << 'END'
import base64, json, sys
path, old, new = sys.argv[1:]
bundle = json.load(open(path))
payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).decode()
assert old in payload
payload = payload.replace(old, new).encode()
bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
json.dump(bundle, open("altered.json", "w"))
END
}

eval_type=https://pedigree.dev/eval/v1
provenance_type=https://slsa.dev/provenance/v1
test_type=https://in-toto.io/attestation/test-result/v0.1
for file in "$manifest" export/model.slm export/adapters/0.adp; do
  for key in p256:claims ed25519:ed_claims; do
    pub=${key%%:*}.pub
    claims=${key#*:}
    accepts cosign_verify "$pub" "$provenance_type" \
      "$claims/provenance.sigstore.json" "$file"
    accepts cosign_verify "$pub" "$eval_type" "$claims/eval.sigstore.json" \
      "$file"
    accepts cosign_verify "$pub" "$test_type" \
      "$claims/test-result.sigstore.json" "$file"
  done
done
signature='could not verify envelope'
refuses "$signature" cosign_verify other.pub "$eval_type" \
  claims/eval.sigstore.json "$manifest"
altered claims/eval.sigstore.json '"verdict":"PASS"' '"verdict":"FAIL"'
refuses "$signature" cosign_verify p256.pub "$eval_type" altered.json \
  "$manifest"
altered claims/provenance.sigstore.json 0123456789abcdef fedcba9876543210
refuses "$signature" cosign_verify p256.pub "$provenance_type" altered.json \
  "$manifest"
refuses 'invalid predicate type' cosign_verify p256.pub "$provenance_type" \
  claims/eval.sigstore.json "$manifest"
refuses 'provided artifact digest' cosign_verify p256.pub "$eval_type" \
  claims/eval.sigstore.json export/policy.json

# model_verify KEY SIGNATURE FOLDER
model_verify() {
  "$venv/bin/model_signing" verify key "$3" --signature "$2" --public_key "$1"
}

oms=claims/oms.sigstore.json
accepts model_verify p256.pub "$oms" export
refuses 'Key mismatch' model_verify other.pub "$oms" export
altered "$oms" '"name":"decision.json"' '"name":"decisions.json"'
refuses 'Verification failed' model_verify p256.pub altered.json export
printf 'X' | dd of=export/model.slm bs=1 seek=5000 conv=notrunc 2> dd.log
refuses "Hash mismatch for 'model.slm'" model_verify p256.pub "$oms" export
echo more > export/more
refuses 'Extra files found' model_verify p256.pub "$oms" export

# vsa_verify FILE FLAGS...
vsa_verify() {
  file=$1
  shift
  "$tools/bin/slsa-verifier" verify-vsa --attestation-path "$file" \
    --verifier-id https://auditor.example/v1 \
    --resource-uri https://pedigree.dev/packets/mock-alphabet-digits@1.0.0 \
    --public-key-id "$key_id" "$@"
}

vsa=vsa_claims/claims.intoto.jsonl
accepts vsa_verify "$vsa" --subject-digest "$digest" --public-key-path p256.pub \
  --verified-level SLSA_BUILD_LEVEL_1 \
  --verified-level PEDIGREE_EVAL_GATE_PASSED \
  --verified-level PEDIGREE_REPRODUCED
refuses 'expected SLSA level' vsa_verify "$vsa" --subject-digest "$digest" \
  --public-key-path p256.pub --verified-level SLSA_BUILD_LEVEL_2
refuses 'digest not found' vsa_verify "$vsa" --public-key-path p256.pub \
  --subject-digest "sha256:$(sha256sum < vsa.json | cut -d ' ' -f 1)"
refuses 'verifying envelope' vsa_verify "$vsa" --subject-digest "$digest" \
  --public-key-path other.pub
refuses 'mismatch' vsa_verify "$vsa" --subject-digest "$digest" \
  --public-key-path p256.pub --resource-uri https://pedigree.dev/packets/other@1
sed 's/"payload":"eyJ/"payload":"eyK/' "$vsa" > altered.jsonl
refuses 'verifying envelope' vsa_verify altered.jsonl \
  --subject-digest "$digest" --public-key-path p256.pub

echo "stock_tools_claims: OK (accepted: $accepted, altered and refused: $refused)"

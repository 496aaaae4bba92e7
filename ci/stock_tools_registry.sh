#!/bin/sh
# Shows that tools nobody here wrote carry packets to registries and back, with
# the digest unchanged, in both directions:
#
#   ci/stock_tools_registry.sh
#
# skopeo and oras copy the fixture packet; the registries are Debian's
# docker-registry (distribution 2), distribution 3, and that of
# go-containerregistry with its referrers API on. Go programs are built once, at
# the versions below, into PEDIGREE_TOOLS (default ~/.cache/pedigree/tools); skopeo
# is the system's (Debian: package skopeo). What cannot be had is an error.
#
# PEDIGREE_SPEED=1: also measures push and pull of a packet with a blob of 1 GB
# against skopeo, and what is sent again after a kill. Needs 7 GB in TMPDIR.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
tools=${PEDIGREE_TOOLS:-$HOME/.cache/pedigree/tools}
oras_version=v1.3.6
distribution_version=v3.1.2
containerregistry_version=v0.22.1

fail() {
  echo "stock_tools_registry: FAILED: $*" >&2
  [ -z "${log:-}" ] || tail -n 5 "$log" >&2 || true
  exit 1
}

# go_tool PROGRAM MODULE VERSION PACKAGE: a Go program in $tools/bin.
go_tool() {
  if ! [ -x "$tools/bin/$1" ]; then
    GOBIN="$tools/bin" go install "$4@$3" || fail "$1 $3 cannot be built"
  fi
  go version -m "$tools/bin/$1" | grep -q "$2[[:space:]]*$3[[:space:]]" ||
    fail "$tools/bin/$1 is not $3"
}

mkdir -p "$tools/bin"
command -v skopeo > /dev/null || fail "no skopeo (Debian: apt-get install skopeo)"
go_tool oras oras.land/oras "$oras_version" oras.land/oras/cmd/oras
go_tool registry github.com/distribution/distribution/v3 "$distribution_version" \
  github.com/distribution/distribution/v3/cmd/registry

# A library only: this makes it a program.
library=github.com/google/go-containerregistry
if ! [ -x "$tools/bin/referrers_registry" ]; then
  module=$(mktemp -d)
  cat > "$module/main.go" <<'END'
package main

import (
	"log"
	"net"
	"net/http"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on %v", listener.Addr())
	log.Fatal(http.Serve(listener, registry.New(registry.WithReferrersSupport(true))))
}
END
  (cd "$module" && go mod init referrers_registry &&
    go get "$library/pkg/registry@$containerregistry_version" &&
    go build -o "$tools/bin/referrers_registry" .) ||
    fail "$library $containerregistry_version cannot be built"
  rm -rf "$module"
fi
go version -m "$tools/bin/referrers_registry" |
  grep -q "$library[[:space:]]*$containerregistry_version[[:space:]]" ||
  fail "$tools/bin/referrers_registry is not $containerregistry_version"
oras=$tools/bin/oras
echo "$(skopeo --version), oras $oras_version," \
  "distribution $distribution_version," \
  "go-containerregistry $containerregistry_version"

./bazelw build //:pedigree //fixtures:packet //fixtures:packet.digest \
  @docker_registry//:docker_registry
pedigree=$root/bazel-bin/pedigree
digest=$(cat bazel-bin/fixtures/packet.digest)
old_registry=$root/bazel-bin/external/docker_registry/docker_registry
work=$(mktemp -d)
server=
stop_server() {
  [ -z "$server" ] || kill "$server" 2> /dev/null || true
  [ -z "$server" ] || wait "$server" 2> /dev/null || true
  server=
}
trap 'stop_server; chmod -R u+w "$work"; rm -rf "$work"' EXIT
cp -RL bazel-bin/fixtures/packet "$work/packet"
chmod -R u+w "$work/packet"
cd "$work"
# No configuration or state of the user's.
export HOME="$work/home" DOCKER_CONFIG="$work/home" XDG_RUNTIME_DIR="$work/home"
export OTEL_TRACES_EXPORTER=none
unset XDG_STATE_HOME
mkdir home
printf 'version: 0.1\n' > config.yml

# wait_for_server: until the server's log names its loopback port; sets $host.
wait_for_server() {
  tries=0
  host=
  while [ -z "$host" ]; do
    host=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$log" |
      head -n 1)
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || fail 'the registry does not start'
    sleep 0.1
  done
}

# start_server KIND: a fresh registry.
start_server() {
  stop_server
  log=$work/$1.log
  export REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY="$work/$1" \
    REGISTRY_HTTP_ADDR=127.0.0.1:0
  mkdir "$1"
  case $1 in
    distribution2) "$old_registry" serve config.yml > "$log" 2>&1 & ;;
    distribution3) "$tools/bin/registry" serve config.yml > "$log" 2>&1 & ;;
    referrers) "$tools/bin/referrers_registry" > "$log" 2>&1 & ;;
  esac
  server=$!
  wait_for_server
  echo "== $1 on $host"
}

# same DIRECTORY: whether it is the packet, unchanged.
same() {
  "$pedigree" packet verify "$1" "--digest=$digest" > /dev/null ||
    fail "$1 is not the packet"
  diff -r packet/blobs "$1/blobs" || fail "$1 differs"
  rm -rf "$1"
}

mkdir packet.claims
echo '{"claim":"eval"}' > packet.claims/eval.sigstore.json
echo '{}' > packet.claims/claims.intoto.jsonl

# check KIND: all there is to show on one registry.
check() {
  start_server "$1"
  "$pedigree" packet push packet "$host/team/slm:v1"
  skopeo copy --quiet --src-tls-verify=false --preserve-digests \
    "docker://$host/team/slm:v1" oci:by_skopeo
  same by_skopeo
  "$oras" copy --from-plain-http --to-oci-layout "$host/team/slm:v1" \
    by_oras:v1 > /dev/null
  same by_oras
  [ "$("$oras" resolve --plain-http "$host/team/slm:v1")" = "$digest" ] ||
    fail 'oras resolves the tag to another digest'
  found=$("$oras" discover --plain-http --format=json "$host/team/slm:v1" |
    grep -c '"artifactType"') || true
  [ "$found" = 2 ] || fail "oras discovers $found claims (expected 2)"

  skopeo copy --quiet --dest-tls-verify=false --preserve-digests oci:packet \
    "docker://$host/skopeo/slm:v1"
  "$pedigree" packet pull "$host/skopeo/slm:v1" --out=pulled > /dev/null
  same pulled
  "$oras" copy --from-oci-layout --to-plain-http "packet@$digest" \
    "$host/oras/slm:v1" > /dev/null
  "$pedigree" packet pull "$host/oras/slm@$digest" --out=pulled > /dev/null
  same pulled

  # A claim that oras attached is a claim.
  (cd packet.claims && "$oras" attach --plain-http \
    --artifact-type=application/vnd.dev.sigstore.bundle.v0.3+json \
    "$host/oras/slm:v1" \
    eval.sigstore.json:application/vnd.dev.sigstore.bundle.v0.3+json > /dev/null)
  "$pedigree" packet pull "$host/oras/slm:v1" --out=pulled --claims=claims > /dev/null
  cmp packet.claims/eval.sigstore.json claims/eval.sigstore.json ||
    fail 'the claim that oras attached differs'
  same pulled
  rm -rf claims
  "$pedigree" packet pull "$host/team/slm:v1" --out=pulled --claims=claims > /dev/null
  diff -r packet.claims claims || fail 'claims differ'
  rm -rf pulled claims
}

check distribution2
check distribution3
check referrers
curl -fsS "http://$host/v2/team/slm/referrers/$digest" | grep -q sigstore ||
  fail 'the referrers API lists no claim'
stop_server
echo "stock_tools_registry: OK: $digest unchanged by skopeo and oras, 3 registries"

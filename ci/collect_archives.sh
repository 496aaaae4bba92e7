#!/bin/sh
# Collects every pinned archive into a folder, which a build can then use alone:
#
#   ci/collect_archives.sh DIR [LOCK]...
#   PEDIGREE_ARCHIVES=DIR ./bazelw test //...
#
# Reads the LOCKs, paths from the repository's root, by default
# third_party/*/archives.lock but the one of `bazel`, which no build asks for. Each
# archive is checked against its SHA-256; what DIR already holds is kept, so a broken
# run can be started again. Addresses come from PEDIGREE_DEBIAN_MIRROR (separated by
# spaces) or from apt; downloads go through curl, wget or apt's own helper, whichever
# there is.
# Exit status: 0 when DIR holds every archive, else 1.
set -eu

if [ $# -eq 0 ]; then
  echo "usage: ci/collect_archives.sh DIR [LOCK]..." >&2
  exit 2
fi
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/.."
if [ $# -eq 0 ]; then
  for lock in third_party/*/archives.lock; do
    [ "$lock" = third_party/bazel/archives.lock ] || set -- "$@" "$lock"
  done
fi

for lock; do
  [ -f "$lock" ] || {
    echo "collect_archives: Cannot read $lock" >&2
    exit 2
  }
done

mirrors=${PEDIGREE_DEBIAN_MIRROR-}
if [ -z "$mirrors" ] && command -v apt-get > /dev/null; then
  # A suite of Debian itself, not of another vendor or of its security archive.
  # shellcheck disable=SC2016  # apt expands these names
  mirrors=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' \
    'Created-By: Packages' |
    awk '$3 == "main" && $2 ~ /^(bookworm|trixie|forky|sid|bullseye)$/ {
      sub("/$", "", $1); if (!seen[$1]++) print $1 }')
fi

sha256() {
  sha256sum "$1" | cut -d' ' -f1
}

# fetch URL FILE
fetch() {
  if command -v curl > /dev/null; then
    curl -fsSL --retry 2 --connect-timeout 20 -o "$2" "$1"
  elif command -v wget > /dev/null; then
    wget -q -t 3 -T 20 -O "$2" "$1"
  else
    /usr/lib/apt/apt-helper download-file "$1" "$2" > /dev/null
  fi
}

pins=$(mktemp)
partial=$dir/.partial
trap 'rm -f "$pins" "$partial"' EXIT
cat "$@" | awk '!/^#/ && NF == 3 && !seen[$0]++' |
  sort > "$pins"

# have FILE: whether DIR holds FILE with the digest of one of its sources.
have() {
  [ -f "$dir/$1" ] || return 1
  digest=$(sha256 "$dir/$1")
  awk -v file="$1" -v digest="$digest" \
    '$1 == file && $2 == digest { found = 1 } END { exit !found }' "$pins"
}

total=$(cut -d' ' -f1 "$pins" | uniq | wc -l)
count=0
missing=0
for file in $(cut -d' ' -f1 "$pins" | uniq); do
  count=$((count + 1))
  if have "$file"; then
    echo "[$count/$total] $file: have it"
    continue
  fi
  got=
  while read -r name digest place; do
    [ "$name" = "$file" ] && [ -z "$got" ] || continue
    case $place in
      pool/*) urls=$(for mirror in $mirrors; do echo "${mirror%/}/$place"; done) ;;
      *) urls=$place ;;
    esac
    for url in $urls; do
      if fetch "$url" "$partial" && [ "$(sha256 "$partial")" = "$digest" ]; then
        mv "$partial" "$dir/$file"
        got=$url
        break
      fi
      echo "[$count/$total] $file: not with sha256 $digest at $url" >&2
    done
  done < "$pins"
  if [ -n "$got" ]; then
    echo "[$count/$total] $file: fetched"
  else
    echo "[$count/$total] $file: MISSING" >&2
    missing=$((missing + 1))
  fi
done

if [ "$missing" -ne 0 ]; then
  echo "collect_archives: FAILED: $missing of $total archives are missing in $dir"
  exit 1
fi
echo "collect_archives: OK: $total archives, $(du -sh "$dir" | cut -f1), in $dir"

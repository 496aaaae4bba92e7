#!/bin/sh
# Proves that no action uses the machine's compilers, linkers, Python or Node: the
# same bytes come out with all of them out of reach.
#
#   ci/hermetic.sh [TARGET]...
#
# TARGETS: default //:pedigree //runtime:wasm //fixtures:packet. Builds them as
# usual, then again from nothing (own output base, no disk cache) in a mount
# namespace where each such program is a script that fails, and compares every
# output file. Needs root or user namespaces; elsewhere the programs are only
# left off PATH, and the verdict says so.
# Exit status: 0 when all bytes are equal.
set -eu

[ $# -gt 0 ] || set -- //:pedigree //runtime:wasm //fixtures:packet
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT

# outputs BAZEL_ARGUMENT... -- TARGET...: the files that the targets stand for.
digests() {
  base=$1
  shift
  targets=$(printf '%s + ' "$@")
  execroot=$(./bazelw --output_base="$base" info execution_root 2> /dev/null)
  ./bazelw --output_base="$base" cquery --output=starlark \
    --starlark:expr='"\n".join([f.path for f in target.files.to_list()])' \
    "${targets% + }" 2> /dev/null | sort -u |
    while read -r path; do
      [ -n "$path" ] || continue
      (cd "$execroot" && find -L "$path" -type f -exec sha256sum {} +)
    done | sort
}

usual=$(./bazelw info output_base 2> /dev/null)
./bazelw build --experimental_convenience_symlinks=ignore "$@"
digests "$usual" "$@" > "$work/usual"
[ -s "$work/usual" ] || {
  echo "hermetic: FAILED: $* have no output files"
  exit 1
}

# Programs to hide: compilers, assemblers, linkers, interpreters.
mkdir "$work/path"
: > "$work/hidden"
for folder in /usr/local/bin /usr/bin /bin "$HOME/.pyenv/shims"; do
  [ -d "$folder" ] || continue
  for program in "$folder"/*; do
    [ -e "$program" ] || continue
    case ${program##*/} in
      gcc | gcc-[0-9]* | g++ | g++-[0-9]* | cc | c++ | c89* | c99* | cpp | cpp-[0-9]* | \
        *-linux-gnu-gcc* | *-linux-gnu-g++* | *-linux-gnu-cpp* | \
        clang* | llvm-* | lld* | ld | ld.bfd | ld.gold | as | *-linux-gnu-ld* | *-linux-gnu-as | \
        python* | node | nodejs | emcc | em++ | protoc | tcc)
        readlink -f "$program" >> "$work/hidden"
        ;;
      *) ln -sf "$program" "$work/path/${program##*/}" ;;
    esac
  done
done
sort -u -o "$work/hidden" "$work/hidden"

cat > "$work/refuse" << 'EOF'
#!/bin/sh
echo "hermetic: $0 is hidden" >&2
exit 97
EOF
chmod 755 "$work/refuse"

# Runs in the namespace: hides the programs, then builds.
cat > "$work/build" << 'EOF'
#!/bin/sh
set -eu
work=$1
mode=$2
shift 2
if [ "$mode" = mount ]; then
  while read -r program; do
    mount --bind "$work/refuse" "$program"
  done < "$work/hidden"
  for name in gcc python3 node; do
    if command -v "$name" > /dev/null && "$name" --version > /dev/null 2>&1; then
      echo "hermetic: $name still runs" >&2
      exit 1
    fi
  done
fi
status=0
./bazelw --output_base="$work/base" build --disk_cache= \
  --experimental_convenience_symlinks=ignore "$@" || status=$?
./bazelw --output_base="$work/base" shutdown || true
exit "$status"
EOF

mode=mount
how="with $(wc -l < "$work/hidden") host programs replaced by a failing script"
if unshare --mount true 2> /dev/null; then
  isolate="unshare --mount"
elif unshare --map-root-user --mount true 2> /dev/null; then
  isolate="unshare --map-root-user --mount"
else
  mode=path
  isolate="env PATH=$work/path"
  how="with host compilers and interpreters left off PATH"
fi
echo "hermetic: building $* $how"
# shellcheck disable=SC2086  # $isolate is a command with arguments
if ! $isolate sh "$work/build" "$work" "$mode" "$@"; then
  echo "hermetic: FAILED: $* do not build $how"
  exit 1
fi
digests "$work/base" "$@" > "$work/hidden_digests"
./bazelw --output_base="$work/base" shutdown

if ! diff "$work/usual" "$work/hidden_digests"; then
  echo "hermetic: FAILED: $* differ $how"
  exit 1
fi
echo "hermetic: OK: $(wc -l < "$work/usual") files of $* are the same $how"

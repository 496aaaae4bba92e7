#!/bin/sh
# A tree's digest follows names, contents, links and the executable bit, and
# nothing else.
set -eu
digest=$PWD/third_party/tree_digest.sh
cd "${TEST_TMPDIR:-$(mktemp -d)}"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# make FOLDER: the same tree each time.
make() {
  mkdir -p "$1/b"
  printf 'one\n' > "$1/a"
  printf 'two\n' > "$1/b/c"
  chmod 755 "$1/b/c"
  ln -s b/c "$1/d"
}

(umask 022 && make first)
(umask 077 && make second)
touch -d '2001-01-01' second/a
mkdir second/empty
want=$(sh "$digest" first)
[ "$(sh "$digest" second)" = "$want" ] || fail "umask, time or empty folder count"

# The list that the digest is of, written by hand.
listed=$({
  printf '%s - ./a\n' "$(printf 'one\n' | sha256sum | cut -d' ' -f1)"
  printf '%s x ./b/c\n' "$(printf 'two\n' | sha256sum | cut -d' ' -f1)"
  printf 'link b/c ./d\n'
} | LC_ALL=C sort | sha256sum | cut -d' ' -f1)
[ "$want" = "sha256:$listed" ] || fail "$want is not the digest of the list"

differs() {
  [ "$(sh "$digest" second)" != "$want" ] || fail "$1 does not count"
  rm -r second
  make second
}
printf 'One\n' > second/a
differs "content"
mv second/a second/e
differs "name"
chmod 644 second/b/c
differs "the executable bit"
ln -sfn a second/d
differs "a link's target"
printf x > second/new
differs "a new file"

mkdir nothing
if sh "$digest" nothing 2> /dev/null; then
  fail "an empty tree has a digest"
fi
echo "OK"

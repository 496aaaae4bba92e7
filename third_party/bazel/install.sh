#!/bin/sh
# install.sh FOLDER
# Unpacks the Bazel that archives.lock pins, with the Java and the libraries it
# runs on, into a folder of its own below FOLDER, unless it is there. Prints the
# program's path. Nothing of it is put into the system, and it reads nothing of
# the system's Java or C library, so it runs on any x86-64 Linux.
#
# Archives come from where those of a build come from (third_party/archives.bzl).
set -eu

die() {
  echo "bazel/install.sh: $*" >&2
  exit 1
}

[ $# -eq 1 ] || die "usage: install.sh FOLDER"
mkdir -p "$1"
folder=$(cd "$1" && pwd -P)
cd "$(dirname "$0")"
third_party=$(cd .. && pwd)
lock=$PWD/archives.lock

version=$(awk '$1 == "version" { print $2 }' "$lock")
tree=$(awk '$1 == "tree" { print $2 }' "$lock")
# A new lock or a new way to unpack is a new folder.
key=$(cat "$lock" install.sh | sha256sum | cut -c1-16)
target=$folder/$version-$key
program=$target/bin/bazel
if [ -x "$program" ]; then
  echo "$program"
  exit 0
fi

work=$(mktemp -d "$folder/.$version.XXXXXX")
trap 'rm -rf "$work"' EXIT
archives=${PEDIGREE_ARCHIVES-}
if [ -z "$archives" ]; then
  echo "bazel/install.sh: fetching Bazel $version (once, into $folder)" >&2
  archives=$work/archives
  "$third_party/../ci/collect_archives.sh" "$archives" third_party/bazel/archives.lock >&2 ||
    die "Bazel $version could not be fetched. Debian's unstable suite keeps a" \
      "package until the next one; a folder of collected archives" \
      "(PEDIGREE_ARCHIVES) or a Bazel of your own (PEDIGREE_BAZEL) does not expire"
fi

root=$work/root
awk '!/^#/ && NF == 3' "$lock" > "$work/pins"
while read -r file digest _; do
  [ -f "$archives/$file" ] || die "$file is not in PEDIGREE_ARCHIVES ($archives)"
  found=$(sha256sum "$archives/$file" | cut -d' ' -f1)
  [ "$found" = "$digest" ] ||
    die "Corrupted archive $archives/$file: sha256 $found (expected $digest)"
  # The locales of the C library and the manuals are not for programs.
  sh "$third_party/unpack_deb.sh" "$archives/$file" "$root" \
    --exclude=./usr/share/doc --exclude=./usr/share/man \
    --exclude=./usr/share/maven-repo --exclude=./usr/lib/x86_64-linux-gnu/gconv \
    --exclude=./usr/share/bash-completion < /dev/null
done < "$work/pins"
found=$(sh "$third_party/tree_digest.sh" "$root")
[ "$found" = "$tree" ] ||
  die "$lock: the unpacked tree is $found, the lock says \`tree $tree\`"

# The programs want a newer C library than the machine may have, so each is started
# through the loader beside it.
libraries=usr/lib/x86_64-linux-gnu
# launcher SCRIPT PROGRAM LIBRARIES WORD...: writes SCRIPT, which starts PROGRAM
# with WORDs (of sh) and its own arguments.
launcher() {
  script=$1
  started=$2
  path=$3
  shift 3
  rm -f "$script"
  cat > "$script" << END
#!/bin/sh
root='$target'
exec "\$root/usr/lib64/ld-linux-x86-64.so.2" --inhibit-cache \\
  --library-path "$path" --argv0 "\$0" "\$root/$started" $* "\$@"
END
  chmod 755 "$script"
}

base=$root/usr/share/bazel
for name in build-runfiles daemonize linux-sandbox process-wrapper; do
  # shellcheck disable=SC2016  # the scripts expand $root
  launcher "$base/$name" "usr/libexec/x86_64-linux-gnu/bazel/$name" \
    '$root/'$libraries
done

# Java finds what it spawns processes by only where it is started without the
# loader; vfork needs no helper. Certificates are the machine's, where it has any.
java=$(cd "$root" && echo usr/lib/jvm/java-[0-9][0-9]-openjdk-amd64)
mkdir -p "$root/java/bin"
# shellcheck disable=SC2016
launcher "$root/java/bin/java" "$java/bin/java" \
  "\$root/$java/lib:\$root/$libraries" \
  -Djdk.lang.Process.launchMechanism=VFORK \
  -Djavax.net.ssl.trustStore=/etc/ssl/certs/java/cacerts

# Debian's list of jars, as far as the server's own jar does not hold them, and
# those that its jars look for in the system's folder.
jars=usr/share/java
{
  sed "s|.*/||" "$base/bazel_classpath_debian_depends.txt"
  printf '%s.jar\n' commons-codec commons-lang3 opencensus-api perfmark-api slf4j-api
} | while read -r jar; do
  [ ! -e "$root/$jars/$jar" ] || echo "$target/$jars/$jar"
done > "$work/classpath"
cp "$work/classpath" "$base/bazel_classpath_debian_depends.txt"

mkdir "$root/bin"
# Debian's settings of another Bazel may be in /etc/bazel.
# shellcheck disable=SC2016
launcher "$root/bin/bazel" usr/bin/bazel '$root/'$libraries \
  '"--install_base=$root/usr/share/bazel"' '"--server_javabase=$root/java"' \
  --trust_install_base --nosystem_rc

# Complete, or not there at all; another run may have been faster.
mv -T "$root" "$target" 2> /dev/null || [ -x "$program" ] ||
  die "cannot move the unpacked Bazel to $target"
echo "$program"

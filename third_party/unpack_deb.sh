#!/bin/sh
# unpack_deb.sh PACKAGE.deb FOLDER [--exclude=GLOB]... [GLOB]...
# Unpacks (the globs of) a Debian package into FOLDER, by dpkg-deb where there is
# one, else by ar. A glob that matches nothing is an error.
set -eu
deb=$1
folder=$2
shift 2
mkdir -p "$folder"

data() {
  if command -v dpkg-deb > /dev/null; then
    dpkg-deb --fsys-tarfile "$deb"
    return
  fi
  member=$(ar t "$deb" | grep '^data\.tar')
  case $member in
    *.xz) ar p "$deb" "$member" | xz -dc ;;
    *.zst) ar p "$deb" "$member" | zstd -dc ;;
    *.gz) ar p "$deb" "$member" | gzip -dc ;;
    *) ar p "$deb" "$member" ;;
  esac
}

data | tar -x -C "$folder" --no-same-owner --no-same-permissions \
  --anchored --wildcards "$@"
chmod -R u+w "$folder"

# An absolute link would lead out of FOLDER, into the machine's own files.
cd "$folder"
find . -type l -lname '/*' | while read -r link; do
  target=$(readlink "$link")
  up=$(printf %s "${link%/*}" | sed 's|^\.||; s|/[^/]*|../|g')
  ln -sfn "$up${target#/}" "$link"
done

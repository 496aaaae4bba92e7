#!/bin/sh
# Installs the `pedigree` command from its packet; `install.sh --help` says how.
#
# Nothing of the packet is run or unpacked by its own names before it is checked:
# the manifest is the one of the digest that the user gave, the program is the one
# that the manifest names, and only then does that program verify all the rest and
# write it out. It is built beside its place and renamed at the end.
set -eu
LC_ALL=C
export LC_ALL
umask 022

help() {
  cat << 'HELP'
Installs the `pedigree` command from its packet.

  install.sh PACKET --digest=sha256:HEX [--prefix=DIR]
  install.sh --uninstall [--prefix=DIR]

PACKET is pedigree.tar.zst, or the directory that it unpacks to.

  --digest=sha256:HEX  the packet's digest, from a source that you trust
  --no-digest          install whatever packet this is
  --prefix=DIR         where to install: default $HOME/.local
  --uninstall          remove what was installed

Installs DIR/bin/pedigree and DIR/share/pedigree: the WebAssembly module, licences,
the bill of materials and the release record. An older install is replaced. A
failure leaves DIR as it was.

Needs Linux on x86-64 and sh, sed, sha256sum, and for a tarball tar and zstd.
Exit: 0 done; 1 the packet is refused or DIR cannot be written; 2 bad usage.
HELP
}

# What a packet calls its parts; see docs/formats/packet.md.
RUNTIME=runtimes/linux-x86_64/pedigree_runtime
MODULE=runtimes/wasm32/pedigree.wasm
MAX_MANIFEST_BYTES=4194304
MAX_INDEX_BYTES=1048576

die() {
  echo "install: $*" >&2
  exit 1
}

usage() {
  echo "install: $* (see install.sh --help)" >&2
  exit 2
}

# Folders that this run made, deepest first, and the one that it works in.
made=
work=
# Whether share/pedigree may be this run's, and whether all of it is in place.
placing=no
finished=no

clean_up() {
  status=$?
  trap - EXIT HUP INT TERM
  if [ "$finished" = no ] && [ -n "$work" ]; then
    [ "$placing" = no ] || rm -rf "$share"
    [ ! -d "$work/old" ] || mv "$work/old" "$share"
  fi
  [ -z "$work" ] || rm -rf "$work"
  if [ "$finished" = no ]; then
    printf '%s' "$made" | while IFS= read -r folder; do
      rmdir "$folder" 2> /dev/null || true
    done
  fi
  exit "$status"
}

make_folder() {
  [ ! -d "$1" ] || return 0
  make_folder "$(dirname "$1")"
  mkdir "$1" 2> /dev/null || die "Cannot create $1"
  made="$1
$made"
}

set_digest() {
  [ -z "$digest" ] || usage "One digest at a time: $digest, $1"
  digest=$1
  [ "$digest" != none ] || return 0
  hex=${digest#sha256:}
  case $digest in sha256:*) ;; *) hex= ;; esac
  case $hex in *[!0-9a-f]*) hex= ;; esac
  [ "${#hex}" = 64 ] ||
    usage "Invalid digest: $digest (expected sha256: and 64 lowercase hex digits)"
}

# Whatever is there must come from an earlier run.
check_place() {
  if [ -L "$share" ] || { [ -e "$share" ] && [ ! -f "$share/packet.digest" ]; }; then
    die "Cannot install to $share: it is there, and not from this script"
  fi
  if [ -d "$program" ] || { [ -e "$program" ] || [ -L "$program" ]; } &&
    [ ! -e "$share" ]; then
    die "Cannot install to $program: it is there, and not from this script"
  fi
}

# copy_member NAME BYTES: a file of the packet, at most BYTES of it, on stdout. By
# its name in the packet's form, so no name of an archive ever becomes a path.
copy_member() {
  if [ -d "$packet" ]; then
    [ -f "$packet/$1" ] || return 0
    head -c "$2" < "$packet/$1"
  else
    # head stops the others early, and what they say of that is no fault.
    { zstd -q -d -c < "$packet" | tar -x -O -f - "$1" | head -c "$2"; } \
      2> /dev/null || true
  fi
}

# take BLOB BYTES FILE WHAT: copies a blob of the packet, or refuses it.
take() {
  copy_member "blobs/sha256/$1" "$(($2 + 1))" > "$3"
  [ -s "$3" ] || die "Missing $4: blob sha256:$1 is not in $packet"
  [ "$(wc -c < "$3")" -le "$2" ] ||
    die "Invalid $4: blob sha256:$1 has more than $2 bytes"
  found=$(sha256sum < "$3" | cut -d ' ' -f 1)
  [ "$found" = "$1" ] ||
    die "Corrupted $4: digest is sha256:$found (expected sha256:$1)"
}

# The manifest's digest by the packet's own index: nobody vouches for that file, so
# it is good for a refusal, or where the user asked for no check.
read_index() {
  copy_member index.json "$MAX_INDEX_BYTES" > "$work/index.json"
  found=$(tr '{' '\n' < "$work/index.json" |
    sed -n 's/.*"digest":"\(sha256:[0-9a-f]\{64\}\)".*/\1/p')
  [ "${#found}" = 71 ] ||
    die "Invalid packet: index.json does not name one manifest, in $packet"
  [ "$digest" != none ] || digest=$found
  [ "$found" = "$digest" ] ||
    die "Not the expected packet: digest is $found (expected $digest), $packet"
}

# Sets `hex` and `bytes` of the runtime's layer. The manifest is canonical JSON, and
# no text in it can hold a bare quotation mark, so the pattern is a whole layer.
find_runtime() {
  layers=$(tr '{' '\n' < "$work/manifest.json" | sed -n \
    's|^"org.cncf.model.filepath":"'"$RUNTIME"'",[^}]*},"digest":"sha256:\([0-9a-f]\{64\}\)",.*,"size":\([0-9]\{1,12\}\)}.*|\1 \2|p')
  count=$(printf '%s' "$layers" | grep -c . || true)
  [ "$count" = 1 ] ||
    die "Invalid packet: $count layers named $RUNTIME (expected 1), manifest $digest"
  hex=${layers% *}
  bytes=${layers#* }
}

# The packet as a directory that the program has verified.
verify_packet() {
  if ! "$work/pedigree" packet verify "$packet" "--digest=$digest" \
    > "$work/log" 2>&1; then
    cat "$work/log" >&2
    die "Refused packet: it does not verify, $packet"
  fi
  [ ! -d "$packet" ] || return 0
  "$work/pedigree" packet unpack "$packet" "--out=$work/packet" \
    > "$work/log" 2>&1 || die "Cannot unpack $packet: $(tail -n 1 "$work/log")"
  packet=$work/packet
}

# Verified once more: whoever could change a packet meanwhile changes nothing here.
export_packet() {
  "$work/pedigree" packet export "$packet" "--digest=$digest" \
    "--out=$work/files" > "$work/log" 2>&1 ||
    die "Cannot export $packet: $(tail -n 1 "$work/log")"
  cmp -s "$work/pedigree" "$work/files/$RUNTIME" ||
    die "Corrupted packet: its runtime has changed, $packet"
  new=$work/new
  mkdir "$new"
  mv "$work/files/$MODULE" "$work/files/licenses" "$work/files/bom.cdx.json" \
    "$work/files/record.json" "$new/"
  printf '%s\n' "$digest" > "$new/packet.digest"
}

place() {
  make_folder "$prefix/bin"
  make_folder "$prefix/share"
  if [ -d "$share" ]; then
    mv "$share" "$work/old" || die "Cannot replace $share"
  fi
  placing=yes
  mv "$work/new" "$share" || die "Cannot create $share"
  chmod 755 "$work/pedigree"
  mv -f "$work/pedigree" "$program" || die "Cannot create $program"
  finished=yes
}

install_packet() {
  [ "$(uname -s) $(uname -m)" = "Linux x86_64" ] ||
    die "Unsupported system: $(uname -s) $(uname -m) (expected Linux x86_64)"
  [ -e "$packet" ] || usage "Cannot read $packet: no such file or directory"
  tools="sed sha256sum"
  [ -d "$packet" ] || tools="$tools tar zstd"
  for tool in $tools; do
    command -v "$tool" > /dev/null || die "needs $tool on PATH"
  done
  check_place
  make_folder "$prefix"
  # Inside the prefix, so that a rename is enough, and what is there can run.
  work=$prefix/.pedigree-install.$$
  mkdir -m 700 "$work" 2> /dev/null || { work= && die "Cannot write to $prefix"; }
  read_index
  take "${digest#sha256:}" "$MAX_MANIFEST_BYTES" "$work/manifest.json" manifest
  find_runtime
  take "$hex" "$bytes" "$work/pedigree" "$RUNTIME"
  chmod 700 "$work/pedigree"
  verify_packet
  export_packet
  place
  echo "installed $program, packet $digest"
}

uninstall() {
  [ -f "$share/packet.digest" ] && [ ! -L "$share" ] ||
    die "Nothing to uninstall: no $share/packet.digest"
  rm -f "$program" || die "Cannot remove $program"
  rm -rf "$share" || die "Cannot remove $share"
  echo "uninstalled $program"
}

packet=
digest=
prefix=
action=install_packet
for argument; do
  case $argument in
    --help | -h)
      help
      exit 0
      ;;
    --digest=none) usage "Invalid digest: none (--no-digest asks for no check)" ;;
    --digest=*) set_digest "${argument#*=}" ;;
    --no-digest) set_digest none ;;
    --prefix=*) prefix=${argument#*=} ;;
    --uninstall) action=uninstall ;;
    -*) usage "Unknown option: $argument" ;;
    *)
      [ -z "$packet" ] || usage "One packet at a time: $packet, $argument"
      packet=$argument
      ;;
  esac
done
prefix=${prefix:-${HOME:+$HOME/.local}}
[ -n "$prefix" ] || usage "No prefix: HOME is not set"
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
case $packet in "" | /*) ;; *) packet=$PWD/$packet ;; esac
program=$prefix/bin/pedigree
share=$prefix/share/pedigree
if [ "$action" = install_packet ]; then
  [ -n "$packet" ] || usage "No packet"
  [ -n "$digest" ] || usage "No digest: give --digest=sha256:HEX or --no-digest"
elif [ -n "$packet$digest" ]; then
  usage "--uninstall takes no packet"
fi
trap clean_up EXIT
trap 'exit 130' HUP INT TERM
"$action"

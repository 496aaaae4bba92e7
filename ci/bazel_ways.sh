# Sourced by checks that name their Bazel; needs $root, the repository's
# folder.

# The version that third_party/bazel pins.
pinned_bazel=$(awk '$1 == "version" { print $2 }' "$root/third_party/bazel/archives.lock")

# The Bazel and the file that it reads. The first is the default of ./bazelw.
bazel_ways="4.2.3-workspace 7.7.1-workspace 7.7.1-modules"

# by_way WAY COMMAND ARGUMENT...: ./bazelw as WAY says. What Bazel 7 makes is in an
# output folder of its own, since versions that share one throw away each other's,
# and without links in the workspace: they would be packages to another Bazel.
by_way() {
  way=$1
  command=$2
  shift 2
  case $way in
    4.2.3-*) PEDIGREE_BAZEL=4.2.3 PEDIGREE_BZLMOD=0 "$root/bazelw" "$command" "$@" ;;
    *)
      bzlmod=0
      [ "$way" != 7.7.1-modules ] || bzlmod=1
      case $command in
        build | run | test) set -- --experimental_convenience_symlinks=ignore "$@" ;;
      esac
      PEDIGREE_BAZEL=7.7.1 PEDIGREE_BZLMOD=$bzlmod "$root/bazelw" \
        --output_user_root="${XDG_CACHE_HOME:-$HOME/.cache}/pedigree/bazel/outputs" \
        "$command" "$@"
      ;;
  esac
}

# same_digests FOLDER: whether all ways have the same lines in FOLDER/WAY, and any.
same_digests() {
  first=${bazel_ways%% *}
  [ -s "$1/$first" ] || return 1
  for way in $bazel_ways; do
    cmp -s "$1/$first" "$1/$way" || {
      echo "$first and $way differ:" >&2
      diff "$1/$first" "$1/$way" >&2
      return 1
    }
  done
}

#!/bin/sh
# Runs the LLVM tool of this script's name, in the folder libexec beside this
# one, by the loader and libraries that were unpacked with it: nothing of the
# machine's is loaded. Lies in usr/lib/llvm-19/bin and finds its root from $0.
bin=${0%/*}
tool=${0##*/}
llvm=${bin%/*}
root=${bin%/usr/lib/llvm-19/bin}

# The tool cannot find its folder from /proc/self/exe, which is the loader.
case $tool:${1-} in
  clang*:-cc1*) ;;
  clang*) set -- -no-canonical-prefixes "$@" ;;
esac

# The prefix maps of //third_party:path_map.bzl name the output folder of the
# configuration CONFIG; which one it is shows in the first output path.
config=
for arg; do
  case $arg in
    bazel-out/*/bin/*)
      config=${arg#bazel-out/}
      config=${config%%/*}
      break
      ;;
  esac
done
if [ -n "$config" ]; then
  for arg; do
    shift
    case $arg in
      -ffile-prefix-map=bazel-out/CONFIG/*)
        arg=-ffile-prefix-map=bazel-out/$config/${arg#*/CONFIG/}
        ;;
    esac
    set -- "$@" "$arg"
  done
fi

lib=lib/x86_64-linux-gnu
exec "$root/$lib/ld-linux-x86-64.so.2" --argv0 "$0" \
  --library-path "$root/usr/$lib:$root/$lib" "$llvm/libexec/$tool" "$@"

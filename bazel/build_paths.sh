# To be sourced.

# build_paths FILE: texts in it that look like paths of a build, at most 20.
build_paths() {
  grep -a -o -E '(external/|bazel-out/|/sandbox/|/execroot/)[[:graph:]]{0,80}' "$1" |
    sort -u | head -n 20 || true
}

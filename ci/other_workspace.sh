# Sourced by checks that build in a workspace outside this repository; needs $root,
# the repository's folder.

# other_workspace FOLDER: makes FOLDER, which may be there, a workspace that uses
# @pedigree, with flags that must change nothing. One set of flags for all checks,
# so that nothing is compiled for each.
other_workspace() {
  mkdir -p "$1"
  cp "$root/examples/release/.bazelrc" "$1/.bazelrc"
  echo 'build -c dbg --copt=-DX --strip=never' >> "$1/.bazelrc"
  sed "s|path = \"../..\"|path = \"$root\"|" \
    "$root/examples/release/WORKSPACE.bazel" > "$1/WORKSPACE.bazel"
}

# count_actions LOG: by kind, the actions in an execution log (JSON), which is not
# there when none was executed. One that a cache knew is among them.
count_actions() {
  [ -e "$1" ] || return 0
  # A line an action.
  { grep -o '"mnemonic": *"[A-Za-z]*"' "$1" || true; } |
    sed 's/.*"\([A-Za-z]*\)"$/\1/' | sort | uniq -c
}

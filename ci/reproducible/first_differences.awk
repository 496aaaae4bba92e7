# Names the actions that differences begin at: those of which an output differs and
# no input does.
#
#   awk -f first_differences.awk PATHS ACTIONS
#
# PATHS: the files that differ, one a line, from the execution root. ACTIONS: what
# `bazel aquery --output=text` prints. Prints "LABEL (MNEMONIC): PATH", a line each.

# The elements of "[a, b, c]".
function elements(text, list) {
  sub(/^[^[]*\[/, "", text)
  sub(/\][^]]*$/, "", text)
  return split(text, list, ", ")
}

# A file, and the folders that it is in, which may be the output of an action.
FNR == NR {
  path = $0
  do {
    differs[path]
  } while (sub(/\/[^\/]*$/, "", path))
  next
}

/^  Mnemonic: / { mnemonic = $2 }
/^  Target: / { label = $2 }
/^  Inputs: \[/ {
  derived = 0
  count = elements($0, inputs)
  for (i = 1; i <= count; ++i) if (inputs[i] in differs) derived = 1
}
/^  Outputs: \[/ {
  count = elements($0, outputs)
  for (i = 1; i <= count; ++i) {
    if (outputs[i] in differs && !derived) {
      printf "%s (%s): %s\n", label, mnemonic, outputs[i]
    }
  }
}

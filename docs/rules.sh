#!/bin/sh
# rules.sh PYTHON SCRIPT [PAGE]
# The rule reference against what the rules' files say now. By `bazel run`, without
# PAGE: writes it into the source tree.
set -eu
python=$1
script=$2
if [ $# -eq 2 ]; then
  page=$BUILD_WORKSPACE_DIRECTORY/docs/rules.md
  "$python" "$script" . > "$page.new"
  mv "$page.new" "$page"
  echo "wrote $page"
  exit 0
fi
"$python" "$script" . > "$TEST_TMPDIR/rules.md"
diff -u "$3" "$TEST_TMPDIR/rules.md" || {
  echo "FAILED: docs/rules.md is not what the rules say: bazel run //docs:rules.update" >&2
  exit 1
}

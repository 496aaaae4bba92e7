#!/bin/sh
# Counts the test cases of the last `./bazelw test`: "N passed, N failed".
# A test program that writes no cases of its own counts as one.
set -eu
cd "$(dirname "$0")/.."

# The root element of each test.xml carries the counts.
find -L bazel-testlogs -name test.xml -exec grep -h -m1 '<testsuites\|<testsuite ' {} + |
  awk '
    function count(name,    value) {
      if (!match($0, " " name "=\"[0-9]+\"")) return 0
      value = substr($0, RSTART, RLENGTH)
      gsub(/[^0-9]/, "", value)
      return value + 0
    }
    {
      bad = count("failures") + count("errors")
      failed += bad
      passed += count("tests") - bad - count("disabled")
    }
    END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 }'

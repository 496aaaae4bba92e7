#!/bin/sh
# Runs the tests of everything that reads untrusted bytes under
# AddressSanitizer and UndefinedBehaviorSanitizer. Extra arguments are further
# targets or flags.
set -eu
cd "$(dirname "$0")/.."

# bazel-testlogs keeps naming the results of the ordinary build.
exec ./bazelw test --config=asan --config=ubsan \
  --experimental_convenience_symlinks=ignore \
  //runtime/... //packager/... //evaluator/... //release/... "$@"

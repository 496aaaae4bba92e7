#!/bin/sh
# Runs the tests of everything that reads untrusted bytes under
# AddressSanitizer and UndefinedBehaviorSanitizer, in one build, and then those of
# everything that threads work on under ThreadSanitizer. Arguments are further
# flags.
#
# C++ tests only: whatever a rule ships is built under the release settings, where
# no sanitizer is.
set -eu
cd "$(dirname "$0")/.."

# cc_tests FOLDER...: the C++ tests below.
cc_tests() {
  folders=$(printf '//%s/... + ' "$@")
  ./bazelw query "kind(cc_test, ${folders% + })" 2> /dev/null
}

# sanitized NAME TARGETS FLAG...; bazel-testlogs keeps naming the results of the
# ordinary build.
sanitized() {
  name=$1 targets=$2
  shift 2
  [ -n "$targets" ] || {
    echo "sanitizers: FAILED: no test for $name" >&2
    exit 1
  }
  # shellcheck disable=SC2086  # labels are words
  ./bazelw test --experimental_convenience_symlinks=ignore "$@" $targets
  echo "sanitizers: OK: $(echo "$targets" | wc -l) tests under $name"
}

# Whole generations and accuracy, which read nothing that others don't, take too
# long; of the kernels' cases and of a registry's crashes a share does.
sanitized 'ASan and UBSan' \
  "$(cc_tests runtime packager evaluator release |
    grep -v '^//runtime/\(conformance\|bench\):')" \
  --config=asan --config=ubsan --test_env=PEDIGREE_KERNEL_CASES=100 \
  --test_env=PEDIGREE_CRASH_STRIDE=499 "$@"
# Threads meet in the same places whatever the shapes are: a share of the cases do.
# The shared library ships without TSan, which therefore misses its locks and takes
# what they guard for races; c_api_test holds the same code under TSan.
sanitized TSan "$(cc_tests runtime/threads runtime/kernels runtime/model \
  runtime/generation runtime/engine runtime/exports runtime/c_api |
  grep -v ':c_api_shared_test$')
//packager:file_digest_test
//packager:store_source_test
//release:hash_blobs_test
//release/archive:frame_test
//release/distribution:push_pull_test
//release:for_each_parallel_test" \
  --config=tsan --test_env=PEDIGREE_KERNEL_CASES=100 "$@"

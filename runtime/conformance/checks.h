// All that a build of the runtime must show, each check as one line of text that
// is the same on every machine.

#ifndef PEDIGREE_RUNTIME_CONFORMANCE_CHECKS_H_
#define PEDIGREE_RUNTIME_CONFORMANCE_CHECKS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/kernels/target.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {

struct CheckResult {
  // What was checked, and the digest of what the reference computed.
  std::string line;
  // Where a target differs from the reference; empty when none does.
  std::string difference;
};

// Every kernel's drawn cases, every kernel's product, every random model.
size_t CheckCount();

// Runs check `index`. `cases` is how many are drawn for each kernel, of 1,000;
// products take the same share of their 20 shapes, at least one. `targets` may be
// empty: then only the reference runs.
//
// Errors: those of RunGenerations.
absl::StatusOr<CheckResult> RunCheck(size_t index, size_t cases,
                                     absl::Span<const Target> targets,
                                     ThreadPool& pool);

// RunGenerations of a model and a short story's beginning.
absl::StatusOr<CheckResult> CheckModel(ByteSpan model_file,
                                       absl::Span<const Target> targets,
                                       ThreadPool& pool);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_CONFORMANCE_CHECKS_H_

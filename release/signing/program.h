// Another program, run with text in and text out, within limits. POSIX only.

#ifndef PEDIGREE_RELEASE_SIGNING_PROGRAM_H_
#define PEDIGREE_RELEASE_SIGNING_PROGRAM_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pedigree {

struct ProgramLimits {
  absl::Duration time = absl::Seconds(60);
  size_t output_bytes = size_t{1} << 20;
};

// Runs the file `path` (no shell, no search of PATH, no arguments, this
// process's environment and standard error), gives it `input` and returns its
// standard output. Its process group is killed when it oversteps a limit.
//
// Errors: kFailedPrecondition when it cannot be started, does not exit with 0,
// or writes more than `limits` allow; kDeadlineExceeded.
absl::StatusOr<std::string> RunProgram(const std::string& path,
                                       std::string_view input,
                                       const ProgramLimits& limits);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_SIGNING_PROGRAM_H_

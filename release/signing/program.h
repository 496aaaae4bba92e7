// A program that answers, and answers well or not at all.

#ifndef PEDIGREE_RELEASE_SIGNING_PROGRAM_H_
#define PEDIGREE_RELEASE_SIGNING_PROGRAM_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "release/helper_process.h"

namespace pedigree {

// RunHelper of the file `path`, with no search of PATH and no arguments: its
// standard output, of a program that exits with 0.
//
// Errors: kFailedPrecondition when it cannot be started, does not exit with 0,
// or writes more than `limits` allow; kDeadlineExceeded.
absl::StatusOr<std::string> RunProgram(const std::string& path,
                                       std::string_view input,
                                       const HelperLimits& limits);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_SIGNING_PROGRAM_H_

// Running another program to its end.

#ifndef PEDIGREE_RELEASE_REDERIVE_SUBPROCESS_H_
#define PEDIGREE_RELEASE_REDERIVE_SUBPROCESS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pedigree {

struct Subprocess {
  // The program, searched in PATH unless it has a slash, and its arguments.
  std::vector<std::string> command;
  std::string working_directory;
  // Files that get what it prints, at their ends.
  std::string stdout_path;
  std::string stderr_path;
};

// The exit code, or 128 and the number of the signal that ended it; 127 when
// the program cannot be started. Meanwhile interrupts reach the program alone,
// so that the caller can clean up behind it.
//
// Errors: kInternal when no process can be made.
absl::StatusOr<int> RunSubprocess(const Subprocess& subprocess);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REDERIVE_SUBPROCESS_H_

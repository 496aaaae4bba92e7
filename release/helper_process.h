// Another program, run to its end with text in and text out, within limits. POSIX
// only.

#ifndef PEDIGREE_RELEASE_HELPER_PROCESS_H_
#define PEDIGREE_RELEASE_HELPER_PROCESS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pedigree {

struct HelperLimits {
  absl::Duration time = absl::Seconds(60);
  size_t output_bytes = size_t{1} << 20;
};

struct HelperResult {
  // 128 + the signal's number when a signal ended it.
  int exit_code = 0;
  // That signal, or 0.
  int signal = 0;
  std::string output;
};

// Runs `arguments`, the first looked up in PATH unless it has a slash, gives it
// `input`, which it need not read, and returns its standard output. Environment and
// standard error are this program's. Its process group is killed when it oversteps
// a limit, also when it has closed its output before.
//
// Errors: kNotFound when there is no such program, others of the system when it
// cannot be run; kResourceExhausted when it writes more than `limits` allow;
// kDeadlineExceeded.
absl::StatusOr<HelperResult> RunHelper(
    const std::vector<std::string>& arguments, std::string_view input,
    const HelperLimits& limits);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_HELPER_PROCESS_H_

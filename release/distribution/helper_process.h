// Another program run to its end, for what it prints.

#ifndef PEDIGREE_RELEASE_DISTRIBUTION_HELPER_PROCESS_H_
#define PEDIGREE_RELEASE_DISTRIBUTION_HELPER_PROCESS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace pedigree {

struct HelperResult {
  // 128 + the signal's number when a signal ended it.
  int exit_code = 0;
  std::string output;
};

// Runs `arguments`, the first looked up in PATH, with `input` on its standard
// input. Its standard error is this program's. It is ended when it prints more
// than `max_output_bytes` or runs longer than `timeout_seconds`.
//
// Errors: kNotFound when there is no such program; kResourceExhausted;
// kDeadlineExceeded.
absl::StatusOr<HelperResult> RunHelper(
    const std::vector<std::string>& arguments, std::string_view input,
    uint64_t max_output_bytes, int timeout_seconds);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DISTRIBUTION_HELPER_PROCESS_H_

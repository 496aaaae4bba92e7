#include "release/signing/program.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "release/helper_process.h"

namespace pedigree {

absl::StatusOr<std::string> RunProgram(const std::string& path,
                                       std::string_view input,
                                       const HelperLimits& limits) {
  // A name without a slash would be looked up in PATH.
  const std::string file =
      path.find('/') == std::string::npos ? absl::StrCat("./", path) : path;
  absl::StatusOr<HelperResult> result = RunHelper({file}, input, limits);
  if (absl::IsDeadlineExceeded(result.status())) return result.status();
  if (!result.ok()) {
    return absl::FailedPreconditionError(result.status().message());
  }
  if (result->exit_code == 0) return std::move(result->output);
  return absl::FailedPreconditionError(absl::StrCat(
      "Program ", path, " failed: ",
      result->signal != 0
          ? absl::StrCat("ended by signal ", result->signal)
          : absl::StrCat("exit status is ", result->exit_code,
                         " (expected 0)")));
}

}  // namespace pedigree

// What a failed build's log says, without what it tells about the machine.

#ifndef PEDIGREE_RELEASE_REDERIVE_BUILD_LOG_H_
#define PEDIGREE_RELEASE_REDERIVE_BUILD_LOG_H_

#include <string>
#include <string_view>
#include <vector>

namespace pedigree {

// Why a build could not run, as far as its log tells.
struct BuildFailure {
  // "no-such-target", "toolchain-pin" or "build-failed".
  std::string kind;
  // The line that says so.
  std::string reason;
  // The last lines that are no progress, at most 20.
  std::vector<std::string> log_tail;
};

BuildFailure ExplainLog(std::string_view log);

// One line of a log as printable ASCII, with "<path>" for every absolute path and
// "<url>" for every address. Labels stay.
std::string WithoutMachine(std::string_view line);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_REDERIVE_BUILD_LOG_H_

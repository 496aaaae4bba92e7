// conformance [--reference] [--cases=N] [MODEL...]
//
// Runs every check of checks.h, or with models only CheckModel of each, and
// prints their lines. --reference: runs the reference alone, on one thread.
// --cases: how many are drawn for each kernel, default 1,000. Exits with 1 when
// a target differs from the reference, 2 when a check could not be made.

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"
#include "runtime/conformance/checks.h"
#include "runtime/conformance/kernel_cases.h"
#include "runtime/kernels/target.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

struct Options {
  size_t cases = kDefaultCases;
  bool reference = false;
  std::vector<std::string> models;
};

bool ParseOptions(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    std::string_view text = argv[i];
    if (text == "--reference") {
      options.reference = true;
    } else if (absl::ConsumePrefix(&text, "--cases=")) {
      if (!absl::SimpleAtoi(text, &options.cases) || options.cases == 0) {
        return false;
      }
    } else if (absl::StartsWith(text, "--")) {
      return false;
    } else {
      options.models.emplace_back(text);
    }
  }
  return true;
}

absl::StatusOr<CheckResult> CheckFile(const std::string& path,
                                      const std::vector<Target>& targets,
                                      ThreadPool& pool) {
  PEDIGREE_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path));
  absl::StatusOr<CheckResult> result =
      CheckModel(file.bytes(), targets, pool);
  PEDIGREE_RETURN_IF_ERROR(AnnotateWithPath(result.status(), path));
  return result;
}

// Whether no target differs.
absl::StatusOr<bool> RunAll(const Options& options) {
  ThreadPool pool(options.reference ? 1 : 7);
  const std::vector<Target> targets =
      options.reference ? std::vector<Target>() : SupportedTargets();
  const size_t count =
      options.models.empty() ? CheckCount() : options.models.size();
  bool same = true;
  for (size_t i = 0; i < count; ++i) {
    PEDIGREE_ASSIGN_OR_RETURN(
        const CheckResult result,
        options.models.empty()
            ? RunCheck(i, options.cases, targets, pool)
            : CheckFile(options.models[i], targets, pool));
    std::printf("%s\n", result.line.c_str());
    std::fflush(stdout);
    if (result.difference.empty()) continue;
    std::fprintf(stderr, "DIFFERENT: %s: %s\n", result.line.c_str(),
                 result.difference.c_str());
    same = false;
  }
  return same;
}

}  // namespace
}  // namespace pedigree

int main(int argc, char** argv) {
  pedigree::Options options;
  if (!pedigree::ParseOptions(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: conformance [--reference] [--cases=N] [MODEL...]\n");
    return 2;
  }
  const absl::StatusOr<bool> same = pedigree::RunAll(options);
  if (!same.ok()) {
    std::fprintf(stderr, "%s\n", std::string(same.status().message()).c_str());
    return 2;
  }
  return *same ? 0 : 1;
}

// Writes release/diff/testdata anew. `bazel run
// //release/diff:golden_reports.update`, then read the diff.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "release/diff/golden_reports.h"
#include "runtime/base/file.h"

int main() {
  const char* root = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  std::string scratch = absl::StrCat(
      std::filesystem::temp_directory_path().string(), "/golden.XXXXXX");
  if (root == nullptr || mkdtemp(scratch.data()) == nullptr) {
    std::fprintf(stderr, "run this by bazel run\n");
    return 2;
  }
  bool good = true;
  for (const auto& [name, report] : pedigree::GoldenReports(scratch)) {
    const std::string path =
        absl::StrCat(root, "/release/diff/testdata/", name);
    good = pedigree::WriteFileAtomically(path, report).ok() && good;
  }
  std::filesystem::remove_all(scratch);
  return good ? 0 : 1;
}

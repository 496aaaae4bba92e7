// Writes fixtures/packets/malformed anew. `bazel run
// //release/testing:malformed_packets.update`, then read the diff.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "release/testing/malformed_packets.h"
#include "runtime/base/file.h"

namespace {

bool Update(const pedigree::PacketDefect& defect, const std::string& folder) {
  std::string scratch =
      absl::StrCat(std::filesystem::temp_directory_path().string(),
                   "/packet.XXXXXX");
  if (mkdtemp(scratch.data()) == nullptr) return false;
  const std::string faults = pedigree::FaultsOf(defect, scratch);
  std::filesystem::remove_all(scratch);
  if (faults.empty()) {
    std::fprintf(stderr, "%s: verified\n", defect.name.c_str());
    return false;
  }
  return pedigree::WriteFileAtomically(
             absl::StrCat(folder, "/", defect.name, ".expected"), faults)
      .ok();
}

}  // namespace

int main() {
  const char* root = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (root == nullptr) {
    std::fprintf(stderr, "run this by bazel run\n");
    return 2;
  }
  const std::string folder =
      absl::StrCat(root, "/fixtures/packets/malformed");
  bool good = true;
  for (const auto& defect : pedigree::AllPacketDefects()) {
    good = Update(defect, folder) && good;
  }
  return good ? 0 : 1;
}

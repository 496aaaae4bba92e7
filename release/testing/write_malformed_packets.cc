// Writes every malformed packet below a folder, and the good one that they were
// made from, each to <name>/packet; <name>/names.json says what the digests of
// the good packet stand for.
//
//   write_malformed_packets FOLDER

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "release/testing/malformed_packets.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"

namespace {

bool Write(const pedigree::PacketDefect& defect, const std::string& folder) {
  const std::string scratch = absl::StrCat(folder, "/", defect.name);
  std::filesystem::create_directory(scratch);
  const pedigree::Json names = pedigree::MakeMalformedPacket(defect, scratch);
  return pedigree::WriteFileAtomically(absl::StrCat(scratch, "/names.json"),
                                       pedigree::CanonicalJson(names))
      .ok();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_malformed_packets FOLDER\n");
    return 2;
  }
  std::vector<pedigree::PacketDefect> defects = pedigree::AllPacketDefects();
  defects.push_back({"good", [](pedigree::PacketEditor&) {}});
  for (const pedigree::PacketDefect& defect : defects) {
    if (!Write(defect, argv[1])) return 1;
  }
  return 0;
}

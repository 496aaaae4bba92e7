// large_packet BYTES BLOBS FOLDER: describes a release that holds BLOBS blobs of
// BYTES bytes each (1 or 2) in the new folder FOLDER: its files in `files`, and
// `manifest.json` and `blobs.json`, which take the place of a packet directory.
//
// For measuring: what the blobs hold looks like a model's weights, 32-bit floats
// of one magnitude, to whatever compresses them.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "release/blob_list.h"
#include "release/make_packet.h"
#include "release/testing/sample_release.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// Uniform in (-0.05, 0.05).
float NextWeight(uint64_t& state) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  const auto high = static_cast<int32_t>(state >> 40);
  return static_cast<float>(high - (1 << 23)) * (0.05f / (1 << 23));
}

absl::Status WriteWeights(const std::string& path, uint64_t bytes,
                          uint64_t seed) {
  std::remove(path.c_str());
  PEDIGREE_ASSIGN_OR_RETURN(StagedFile file, StagedFile::Create(path));
  std::string piece(size_t{1} << 20, '\0');
  while (bytes > 0) {
    for (size_t at = 0; at < piece.size(); at += sizeof(float)) {
      const float weight = NextWeight(seed);
      std::memcpy(piece.data() + at, &weight, sizeof(weight));
    }
    if (bytes < piece.size()) piece.resize(bytes);
    PEDIGREE_RETURN_IF_ERROR(file.Append(piece));
    bytes -= piece.size();
  }
  return file.Commit();
}

absl::Status WriteLargePacket(uint64_t bytes, int blobs,
                              const std::string& folder) {
  const std::string files = folder + "/files";
  if (mkdir(folder.c_str(), 0755) != 0 || mkdir(files.c_str(), 0755) != 0) {
    return absl::AlreadyExistsError(absl::StrCat("Cannot create ", folder));
  }
  const PacketRequest request = WriteSampleRelease(files);
  for (int i = 0; i < blobs; ++i) {
    PEDIGREE_RETURN_IF_ERROR(
        WriteWeights(request.runtimes[i].second, bytes, i + 1));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const MadePacket made, MakePacket(request));
  if (!made.refusals.empty()) return absl::InternalError(made.refusals[0]);
  std::vector<BlobSource> list = made.blobs;
  for (const std::string* text : {&made.packet.config, &made.packet.record,
                                  &made.packet.release_node,
                                  &made.packet.bom}) {
    list.push_back({Sha256(*text), absl::StrCat(files, "/", Sha256(*text).Hex())});
    PEDIGREE_RETURN_IF_ERROR(WriteFileAtomically(list.back().path, *text));
  }
  PEDIGREE_RETURN_IF_ERROR(
      WriteFileAtomically(folder + "/blobs.json", WriteBlobList(list)));
  return WriteFileAtomically(folder + "/manifest.json", made.packet.manifest);
}

}  // namespace
}  // namespace pedigree

int main(int argc, char** argv) {
  uint64_t bytes = 0;
  int blobs = 0;
  if (argc != 4 || !absl::SimpleAtoi(argv[1], &bytes) ||
      !absl::SimpleAtoi(argv[2], &blobs) || blobs < 1 || blobs > 2) {
    std::fprintf(stderr, "usage: large_packet BYTES 1|2 FOLDER\n");
    return 2;
  }
  const absl::Status status =
      pedigree::WriteLargePacket(bytes, blobs, argv[3]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "large_packet: %s\n",
               std::string(status.message()).c_str());
  return 2;
}

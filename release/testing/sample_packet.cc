#include "release/testing/sample_packet.h"

#include <cstdlib>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "release/make_packet.h"
#include "release/packet_files.h"
#include "release/testing/sample_release.h"
#include "runtime/base/check.h"

namespace pedigree {

SamplePacket MakeSamplePacket() {
  SamplePacket sample;
  const char* temporary = std::getenv("TEST_TMPDIR");
  sample.folder =
      absl::StrCat(temporary == nullptr ? "/tmp" : temporary, "/sample.XXXXXX");
  PEDIGREE_CHECK(mkdtemp(sample.folder.data()) != nullptr);
  sample.packet = absl::StrCat(sample.folder, "/packet");
  const absl::StatusOr<MadePacket> made =
      MakePacket(WriteSampleRelease(sample.folder));
  PEDIGREE_CHECK(made.ok() && made->refusals.empty());
  sample.manifest = made->packet.manifest;
  PEDIGREE_CHECK(WritePacket(*made, sample.packet).ok());
  const absl::StatusOr<PacketFiles> files =
      PacketFiles::OpenLayout(sample.packet);
  PEDIGREE_CHECK(files.ok());
  absl::StatusOr<StatementParts> parts = LoadStatementParts(*files);
  PEDIGREE_CHECK(parts.ok());
  sample.parts = *std::move(parts);
  return sample;
}

}  // namespace pedigree

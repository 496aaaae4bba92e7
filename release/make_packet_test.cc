#include "release/make_packet.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "release/records.pb.h"
#include "release/testing/sample_release.h"
#include "runtime/base/file.h"
#include "runtime/base/proto_json.h"

namespace pedigree {
namespace {

std::string MakeFolder() {
  std::string path = absl::StrCat(testing::TempDir(), "/make.XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

release::ReleaseRecord RecordOf(const MadePacket& made) {
  release::ReleaseRecord record;
  const absl::Status status =
      ParseCanonicalRecord(made.packet.record, "record", &record);
  EXPECT_TRUE(status.ok()) << status;
  return record;
}

std::string Refusals(const absl::StatusOr<MadePacket>& made) {
  return made.ok() ? absl::StrJoin(made->refusals, "\n")
                   : std::string(made.status().message());
}

TEST(MakePacketTest, DoesNotDependOnPaths) {
  const auto first = MakePacket(WriteSampleRelease(MakeFolder()));
  const auto second = MakePacket(WriteSampleRelease(MakeFolder()));
  ASSERT_EQ(Refusals(first), "");
  ASSERT_EQ(Refusals(second), "");
  EXPECT_NE(first->packet.manifest, "");
  EXPECT_EQ(first->packet.manifest, second->packet.manifest);
}

TEST(MakePacketTest, RecordSaysWhatTheReleaseStandsOn) {
  const auto made = MakePacket(WriteSampleRelease(MakeFolder()));
  ASSERT_EQ(Refusals(made), "");
  const release::ReleaseRecord record = RecordOf(*made);
  EXPECT_EQ(record.name(), "sample");
  EXPECT_EQ(record.adapter_digests_size(), 1);
  EXPECT_EQ(record.parent_digests_size(), 1);
  EXPECT_EQ(record.suites(0).name(), "greetings");
  EXPECT_EQ(record.claim_level(), "runtime-smoke");
  EXPECT_EQ(record.numerics_version(), "v1");
  EXPECT_EQ(record.runtimes(1).target(), "wasm32");
  EXPECT_EQ(record.toolchain_pins(0).name(), "compiler");
  EXPECT_EQ(record.licenses(0).name(), "CC0-1.0");
  EXPECT_EQ(record.inherited_obligations(0).artifact_digest(),
            record.parent_digests(0));
  // The parent fails a case, so it is no target to go back to.
  EXPECT_EQ(record.rollback_target(), "");
  EXPECT_EQ(absl::StrJoin(record.expected_claims(), " "),
            "eval oms provenance test-result");
}

TEST(MakePacketTest, InputsDigestIsThatOfSha256sumsSortedByName) {
  const std::string folder = MakeFolder();
  ASSERT_TRUE(WriteFileAtomically(folder + "/1", "one").ok());
  ASSERT_TRUE(WriteFileAtomically(folder + "/2", "two").ok());
  const auto digest =
      DigestSources({{"b", folder + "/2"}, {"a", folder + "/1"}});
  ASSERT_TRUE(digest.ok()) << digest.status();
  EXPECT_EQ(*digest,
            Sha256(absl::StrCat(Sha256("one").Hex(), "  a\n",
                                Sha256("two").Hex(), "  b\n"))
                .ToString());
}

TEST(MakePacketTest, RefusesWhatTheGateRefusedWithItsTable) {
  const auto made = MakePacket(
      WriteSampleRelease(MakeFolder(), SampleQuality::kFailsHardCase));
  const std::string refusals = Refusals(made);
  EXPECT_TRUE(absl::StartsWith(
      refusals,
      "Refused by the gate: verdict is FAIL-HARD-CASE, action is reject"))
      << refusals;
  EXPECT_TRUE(absl::StrContains(refusals, "bad day")) << refusals;
  EXPECT_EQ(made->packet.manifest, "");
}

TEST(MakePacketTest, RefusesAnotherAdapter) {
  const std::string folder = MakeFolder();
  const PacketRequest request = WriteSampleRelease(folder);
  ASSERT_TRUE(WriteFileAtomically(request.adapters[0], "another").ok());
  const std::string refusals = Refusals(MakePacket(request));
  EXPECT_TRUE(absl::StrContains(refusals, "Invalid sidecar 0: assembly_digest"))
      << refusals;
}

TEST(MakePacketTest, RefusesAMissingLicenseText) {
  PacketRequest request = WriteSampleRelease(MakeFolder());
  request.licenses.clear();
  EXPECT_TRUE(absl::StrContains(Refusals(MakePacket(request)),
                                "the text of licence CC0-1.0"));
}

TEST(MakePacketTest, ATextThatIsALicenceAlreadyIsNoLayerAgain) {
  PacketRequest request = WriteSampleRelease(MakeFolder());
  const auto before = MakePacket(request);
  ASSERT_TRUE(WriteFileAtomically(request.licenses[0] + "2", "Take it.\n").ok());
  request.licenses.push_back(request.licenses[0] + "2");
  const auto after = MakePacket(request);
  ASSERT_EQ(Refusals(after), "");
  EXPECT_EQ(after->packet.layers.size(), before->packet.layers.size());
  EXPECT_EQ(RecordOf(*after).linked_libraries(0).notices(0).digest(),
            Sha256("Take it.\n").ToString());
}

TEST(MakePacketTest, RefusesALinkedLibraryThatIsNoPin) {
  PacketRequest request = WriteSampleRelease(MakeFolder());
  request.toolchain_pins.clear();
  EXPECT_TRUE(absl::StrContains(Refusals(MakePacket(request)),
                                "Invalid linked library crt: no toolchain pin"));
}

TEST(MakePacketTest, NamesTheListOfLibrariesThatIsNone) {
  const PacketRequest request = WriteSampleRelease(MakeFolder());
  ASSERT_TRUE(WriteFileAtomically(request.linked_libraries,
                                  R"([{"name":"a","pin":"compiler"}])")
                  .ok());
  EXPECT_EQ(MakePacket(request).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(MakePacketTest, CountsEqualFilesOnce) {
  PacketRequest request = WriteSampleRelease(MakeFolder());
  const auto once = MakePacket(request);
  request.licenses.push_back(request.licenses[0]);
  request.ancestors.push_back(request.ancestors[0]);
  const auto twice = MakePacket(request);
  ASSERT_EQ(Refusals(twice), "");
  EXPECT_EQ(once->packet.manifest, twice->packet.manifest);
}

TEST(MakePacketTest, RefusesUnsafeReleaseNames) {
  for (const char* name : {"", "a/b", "..", ".a", "a b"}) {
    PacketRequest request = WriteSampleRelease(MakeFolder());
    request.name = name;
    const auto made = MakePacket(request);
    EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument)
        << name;
  }
}

TEST(MakePacketTest, RefusesAnUnknownRuntimeTarget) {
  PacketRequest request = WriteSampleRelease(MakeFolder());
  request.runtimes[0].first = "linux-arm64";
  EXPECT_EQ(Refusals(MakePacket(request)),
            "Invalid runtime: unknown target \"linux-arm64\"\n"
            "Invalid linked library crt: the packet has no runtime for "
            "\"linux-x86_64\"\n"
            "Invalid linked library pedigree: the packet has no runtime for "
            "\"linux-x86_64\"");
}

TEST(MakePacketTest, NamesTheFileThatIsNoRecord) {
  const PacketRequest request = WriteSampleRelease(MakeFolder());
  ASSERT_TRUE(WriteFileAtomically(request.node, "{}").ok());
  const auto made = MakePacket(request);
  EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StartsWith(made.status().message(), request.node))
      << made.status();
}

TEST(MakePacketTest, WritesNothingWhenABlobHasChanged) {
  const std::string folder = MakeFolder();
  const PacketRequest request = WriteSampleRelease(folder);
  const auto made = MakePacket(request);
  ASSERT_EQ(Refusals(made), "");
  ASSERT_TRUE(WriteFileAtomically(request.model, "changed").ok());
  const absl::Status status = WritePacket(*made, folder + "/packet");
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_FALSE(ReadFile(folder + "/packet/index.json").ok());
}

}  // namespace
}  // namespace pedigree

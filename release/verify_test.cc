// That good packets verify. How bad ones are refused is in
// malformed_packets_test.cc.

#include "release/verify.h"

#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "release/make_packet.h"
#include "release/testing/packet_editor.h"
#include "release/testing/sample_release.h"

namespace pedigree {
namespace {

class VerifyTest : public testing::Test {
 protected:
  VerifyTest() : folder_(absl::StrCat(testing::TempDir(), "/verify.XXXXXX")) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    packet_ = absl::StrCat(folder_, "/packet");
    const auto made = MakePacket(WriteSampleRelease(folder_));
    EXPECT_TRUE(made.ok() && made->refusals.empty());
    EXPECT_TRUE(WritePacket(*made, packet_).ok());
    digest_ = Sha256(made->packet.manifest);
  }

  std::string Faults(const std::optional<Digest>& expected) {
    const auto report = VerifyPacket(packet_, expected);
    EXPECT_TRUE(report.ok()) << report.status();
    return absl::StrJoin(report->faults, "\n");
  }

  std::string folder_;
  std::string packet_;
  Digest digest_;
};

TEST_F(VerifyTest, AcceptsAGoodPacket) {
  EXPECT_EQ(Faults(std::nullopt), "");
  EXPECT_EQ(Faults(digest_), "");
  const auto report = VerifyPacket(packet_);
  EXPECT_EQ(report->digest, digest_);
  EXPECT_EQ(report->record.name(), "sample");
  EXPECT_EQ(report->layers.size(), 24u);
}

TEST_F(VerifyTest, RefusesAnotherPacketThanExpected) {
  EXPECT_EQ(Faults(Sha256("x")),
            absl::StrCat("Not the expected packet: digest is ",
                         digest_.ToString(), " (expected ",
                         Sha256("x").ToString(), ")"));
}

TEST_F(VerifyTest, AcceptsWhatCarriersDoToTheIndex) {
  PacketEditor(packet_).WriteFile(
      packet_ + "/index.json",
      absl::StrCat(R"({"schemaVersion":2,"manifests":[{"digest":")",
                   digest_.ToString(), R"(","size":)",
                   PacketEditor(packet_).Read("manifest").size(),
                   R"(,"annotations":{)",
                   R"("org.opencontainers.image.ref.name":"1.0"}}]})"));
  EXPECT_EQ(Faults(digest_), "");
}

// Name and version follow from nothing else in a packet: changed wherever they
// are said, they are protected by its digest alone.
TEST_F(VerifyTest, FindsAConsistentForgeryByTheExpectedDigest) {
  PacketEditor editor(packet_);
  const std::string old_record = editor.DigestOf("record.json").ToString();
  const std::string old_bom = editor.DigestOf("bom.cdx.json").ToString();
  editor.ChangeJson("bom.cdx.json", [](Json& bom) {
    bom["metadata"]["component"]["version"] = "6.6.6";
  });
  const std::string bom = editor.DigestOf("bom.cdx.json").ToString();
  editor.ChangeJson("record.json", [&](Json& record) {
    record["version"] = "6.6.6";
    record["bom_digest"] = bom;
  });
  const std::string record = editor.DigestOf("record.json").ToString();
  editor.ChangeJson("config", [&](Json& config) {
    config["descriptor"]["version"] = "6.6.6";
    for (Json& digest : config["modelfs"]["diffIds"]) {
      if (digest == old_record) digest = record;
      if (digest == old_bom) digest = bom;
    }
  });
  editor.ChangeManifest([](Json& manifest) {
    manifest["annotations"]["org.opencontainers.image.version"] = "6.6.6";
  });
  EXPECT_EQ(Faults(std::nullopt), "");
  EXPECT_EQ(Faults(digest_),
            absl::StrCat("Not the expected packet: digest is ",
                         editor.DigestOf("manifest").ToString(),
                         " (expected ", digest_.ToString(), ")"));
}

TEST_F(VerifyTest, NeedsAFolder) {
  EXPECT_EQ(VerifyPacket(folder_ + "/none").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(VerifyPacket(folder_ + "/node.json").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pedigree

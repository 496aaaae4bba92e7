#include "release/diff/opened_packet.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/testing/packet_editor.h"
#include "release/testing/packet_pair.h"

namespace pedigree {
namespace {

// Writes the first packet of the pair into a new folder.
std::string MakePacket() {
  std::string path = absl::StrCat(testing::TempDir(), "/files.XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  WriteLayers(FirstOfPair(), "1", path);
  return path;
}

void ExpectRefused(const absl::Status& status, absl::StatusCode code,
                   std::string_view phrase) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), phrase)) << status;
}

TEST(OpenedPacketTest, OpensEveryBlobByName) {
  const auto packet = OpenedPacket::Open(MakePacket());
  ASSERT_TRUE(packet.ok()) << packet.status();
  EXPECT_EQ(packet->manifest().name, "tiny");
  EXPECT_EQ(packet->blobs()[0].file_path, kConfigName);
  EXPECT_EQ(packet->blobs().size(), FirstOfPair().size());
  const Descriptor* model = packet->Find("model.slm");
  ASSERT_NE(model, nullptr);
  const auto bytes = packet->OpenBlob(*model);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(AsText(bytes->bytes()), FirstOfPair()["model.slm"]);
  EXPECT_EQ(packet->Find("model.sl"), nullptr);
  EXPECT_TRUE(packet->CheckBlobs().ok());
}

TEST(OpenedPacketTest, RefusesAFolderThatIsNoPacket) {
  ExpectRefused(OpenedPacket::Open(testing::TempDir() + "/none").status(),
                absl::StatusCode::kNotFound, "no such packet");
  ExpectRefused(OpenedPacket::Open(testing::TempDir()).status(),
                absl::StatusCode::kInvalidArgument, "Invalid layout");
}

TEST(OpenedPacketTest, RefusesAManifestOfAnotherDigest) {
  const std::string packet = MakePacket();
  PacketEditor editor(packet);
  editor.FlipBit(editor.PathOf("manifest"));
  ExpectRefused(OpenedPacket::Open(packet).status(), absl::StatusCode::kDataLoss,
                "Corrupted packet manifest: digest is");
}

TEST(OpenedPacketTest, RefusesAMissingBlob) {
  const std::string packet = MakePacket();
  std::filesystem::remove(PacketEditor(packet).PathOf("model.slm"));
  ExpectRefused(OpenedPacket::Open(packet).status(),
                absl::StatusCode::kInvalidArgument, "model.slm");
}

TEST(OpenedPacketTest, RefusesABlobOfAnotherSize) {
  const std::string packet = MakePacket();
  PacketEditor editor(packet);
  editor.WriteFile(editor.PathOf("licenses/MIT"), "x");
  ExpectRefused(OpenedPacket::Open(packet).status(), absl::StatusCode::kDataLoss,
                "Corrupted licenses/MIT: size is 1 (expected 18)");
}

TEST(OpenedPacketTest, RefusesABlobOfAnotherDigest) {
  const std::string path = MakePacket();
  PacketEditor editor(path);
  editor.FlipBit(editor.PathOf("model.slm"));
  const auto packet = OpenedPacket::Open(path);
  ASSERT_TRUE(packet.ok()) << packet.status();
  ExpectRefused(packet->OpenBlob(*packet->Find("model.slm")).status(),
                absl::StatusCode::kDataLoss, "Corrupted model.slm: digest is");
  EXPECT_FALSE(packet->CheckBlobs().ok());
}

TEST(OpenedPacketTest, RefusesUnsafeNames) {
  const std::string packet = MakePacket();
  PacketEditor(packet).ChangeManifest([](Json& manifest) {
    for (auto& [key, value] : manifest["layers"][0]["annotations"].items()) {
      value = "../escape";
    }
  });
  ExpectRefused(OpenedPacket::Open(packet).status(),
                absl::StatusCode::kInvalidArgument, "unsafe file name");
}

TEST(OpenedPacketTest, RefusesTwoLayersOfOneName) {
  const std::string packet = MakePacket();
  PacketEditor(packet).ChangeManifest([](Json& manifest) {
    manifest["layers"][1]["annotations"] = manifest["layers"][0]["annotations"];
  });
  ExpectRefused(OpenedPacket::Open(packet).status(),
                absl::StatusCode::kInvalidArgument, "two layers are named");
}

}  // namespace
}  // namespace pedigree

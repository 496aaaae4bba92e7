#include "release/packet_files.h"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/blob_list.h"
#include "release/make_packet.h"
#include "release/testing/packet_editor.h"
#include "release/testing/sample_release.h"
#include "release/verify.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

// The sample release, described; and laid out in `packet_`.
class PacketFilesTest : public testing::Test {
 protected:
  PacketFilesTest() : folder_(absl::StrCat(testing::TempDir(), "/files.XXXXXX")) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    packet_ = absl::StrCat(folder_, "/packet");
    auto made = MakePacket(WriteSampleRelease(folder_));
    EXPECT_TRUE(made.ok() && made->refusals.empty());
    EXPECT_TRUE(WritePacket(*made, packet_).ok());
    manifest_ = Write("oci.json", made->packet.manifest);
    blobs_ = made->blobs;
    for (const std::string* text :
         {&made->packet.config, &made->packet.record,
          &made->packet.release_node, &made->packet.bom}) {
      blobs_.push_back({Sha256(*text), Write(Sha256(*text).Hex(), *text)});
    }
    digest_ = Sha256(made->packet.manifest);
  }

  std::string Write(const std::string& name, std::string_view contents) {
    const std::string path = absl::StrCat(folder_, "/", name);
    EXPECT_TRUE(WriteFileAtomically(path, contents).ok());
    return path;
  }

  absl::StatusOr<PacketFiles> Described() {
    return PacketFiles::OpenDescribed(manifest_,
                                      Write("list.json", WriteBlobList(blobs_)));
  }

  std::vector<std::string> Faults() {
    const auto source = Described();
    EXPECT_TRUE(source.ok()) << source.status();
    return VerifyPacket(*source, digest_).faults;
  }

  std::string folder_;
  std::string packet_;
  std::string manifest_;
  std::vector<BlobSource> blobs_;
  Digest digest_;
};

TEST_F(PacketFilesTest, ADescribedPacketVerifiesWithoutADirectory) {
  EXPECT_EQ(Faults(), std::vector<std::string>());
}

TEST_F(PacketFilesTest, BothFormsHoldTheSameBlobs) {
  const auto described = Described();
  const auto layout = PacketFiles::OpenLayout(packet_);
  ASSERT_TRUE(described.ok() && layout.ok());
  EXPECT_EQ(described->blobs(), layout->blobs());
  const auto a = ReadPacketManifest(*described);
  const auto b = ReadPacketManifest(*layout);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->text, b->text);
  EXPECT_EQ(a->descriptor.digest, digest_);
  EXPECT_EQ(a->manifest.layers.size(), b->manifest.layers.size());
}

TEST_F(PacketFilesTest, NamesTheFileOfACorruptedBlob) {
  PacketEditor(folder_).FlipBit(blobs_[0].path);
  ASSERT_EQ(Faults().size(), 1u);
  EXPECT_TRUE(absl::StartsWith(Faults()[0], "Corrupted ")) << Faults()[0];
}

TEST_F(PacketFilesTest, NamesABlobWithoutItsFile) {
  blobs_[0].path = folder_ + "/gone";
  const std::vector<std::string> faults = Faults();
  ASSERT_FALSE(faults.empty());
  EXPECT_EQ(faults[0],
            absl::StrCat("Invalid blob list: ", folder_,
                         "/gone: No such file or directory, blob ",
                         blobs_[0].digest.ToString()));
}

TEST_F(PacketFilesTest, NamesABlobThatTheManifestDoesNot) {
  const std::string path = Write("stray", "stray");
  blobs_.push_back({Sha256("stray"), path});
  EXPECT_EQ(Faults(), std::vector<std::string>{absl::StrCat(
                          "Invalid layout: ", path,
                          " belongs to nothing in the packet")});
}

TEST_F(PacketFilesTest, RefusesAManifestWithAnotherDigest) {
  PacketEditor editor(packet_);
  editor.FlipBit(editor.PathOf("manifest"));
  const auto source = PacketFiles::OpenLayout(packet_);
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(ReadPacketManifest(*source).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(PacketFilesTest, NeedsManifestAndList) {
  EXPECT_EQ(PacketFiles::OpenDescribed("none", "none").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(PacketFiles::OpenDescribed(manifest_, manifest_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pedigree

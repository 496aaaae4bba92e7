#include "release/lab/wasm/held_packet.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "release/oci.h"
#include "release/verify.h"
#include "runtime/base/sha256.h"

namespace pedigree {
namespace {

// A packet of one document and one blob that is only hashed.
class HeldPacketTest : public testing::Test {
 protected:
  HeldPacketTest() {
    manifest_.name = "sample";
    manifest_.version = "1";
    manifest_.config = {std::string(kConfigMediaType), Sha256("config"), 6, ""};
    manifest_.layers = {
        {"application/vnd.pedigree.record.v1+json", Sha256("record"), 6,
         "record.json"},
        {"application/vnd.cncf.model.weight.v1.raw", Sha256("model"), 5,
         "model.slm"},
        {"text/plain", Sha256("other"), 5, "weights.bin"},
    };
    text_ = WriteOciManifest(manifest_);
    descriptor_.digest = Sha256(text_);
    descriptor_.size = text_.size();
  }

  void AddIndex() {
    packet_.AddPart("index.json", WriteOciIndex(descriptor_));
  }

  OciManifest manifest_;
  std::string text_;
  Descriptor descriptor_;
  HeldPacket packet_;
  std::vector<std::string> faults_;
};

TEST_F(HeldPacketTest, NamesTheManifestOfItsIndex) {
  EXPECT_TRUE(absl::IsNotFound(packet_.IndexedManifest().status()));
  AddIndex();
  EXPECT_EQ(packet_.IndexedManifest()->digest, descriptor_.digest);
}

TEST_F(HeldPacketTest, NamesConfigAndLayersAndWhichAreParsed) {
  AddIndex();
  packet_.AddDocument(descriptor_.digest, text_);
  const auto named = packet_.NamedBlobs(&faults_);
  ASSERT_TRUE(named.ok()) << named.status();
  ASSERT_EQ(named->size(), 4u);
  EXPECT_TRUE((*named)[0].is_document);
  EXPECT_EQ((*named)[1].file_path, "record.json");
  EXPECT_TRUE((*named)[1].is_document);
  EXPECT_FALSE((*named)[2].is_document);
  EXPECT_FALSE((*named)[3].is_document);
  EXPECT_TRUE(faults_.empty());
}

TEST_F(HeldPacketTest, ParsesNoManifestOfAnotherDigest) {
  AddIndex();
  EXPECT_TRUE(absl::IsFailedPrecondition(packet_.NamedBlobs(&faults_).status()));
  packet_.AddDocument(descriptor_.digest, text_ + " ");
  EXPECT_TRUE(absl::IsFailedPrecondition(packet_.NamedBlobs(&faults_).status()));
}

TEST_F(HeldPacketTest, RefusesAnIndexThatIsNone) {
  packet_.AddPart("index.json", "{}");
  EXPECT_TRUE(absl::IsInvalidArgument(packet_.IndexedManifest().status()));
}

TEST_F(HeldPacketTest, TellsAPartThatIsTooLongFromOneThatIsMissing) {
  packet_.AddPart("index.json", std::nullopt);
  EXPECT_TRUE(
      absl::IsResourceExhausted(packet_.ReadPart("index.json").status()));
  EXPECT_TRUE(absl::IsNotFound(packet_.ReadPart("oci-layout").status()));
}

TEST_F(HeldPacketTest, GivesADocumentOfNoMoreThanTheLimit) {
  packet_.AddDocument(Sha256("record"), "record");
  EXPECT_EQ(*packet_.ReadBlob(Sha256("record"), 6), "record");
  EXPECT_TRUE(absl::IsResourceExhausted(
      packet_.ReadBlob(Sha256("record"), 5).status()));
  EXPECT_TRUE(absl::IsNotFound(packet_.ReadBlob(Sha256("x"), 5).status()));
}

TEST_F(HeldPacketTest, IsVerifiedByWhatItsHostFound) {
  packet_.AddFault("Invalid layout: README is a file that no packet has");
  packet_.AddPart("oci-layout", WriteOciLayoutMarker());
  AddIndex();
  packet_.AddBlob(descriptor_.digest, descriptor_.size);
  packet_.AddDocument(descriptor_.digest, text_);
  packet_.AddBlob(Sha256("model"), 5);
  packet_.AddHash(Sha256("model"), {Sha256("another"), 5});
  const VerifyReport report = VerifyPacket(packet_, std::nullopt, 1);
  ASSERT_GE(report.faults.size(), 3u);
  EXPECT_EQ(report.faults[0],
            "Invalid layout: README is a file that no packet has");
  bool found = false;
  for (const std::string& fault : report.faults) {
    found = found || fault.rfind("Corrupted model.slm: digest is", 0) == 0;
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace pedigree

#include "release/hash_blobs.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "release/blob_list.h"
#include "release/packet_files.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

// A described packet of `count` blobs, of which `blobs` says what each holds.
class HashBlobsTest : public testing::Test {
 protected:
  HashBlobsTest() : folder_(absl::StrCat(testing::TempDir(), "/hash.XXXXXX")) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    for (int i = 0; i < 20; ++i) {
      const std::string contents(i * 1000, static_cast<char>('a' + i));
      blobs_.push_back({Sha256(contents), Write(absl::StrCat(i), contents)});
    }
  }

  std::string Write(const std::string& name, std::string_view contents) {
    const std::string path = absl::StrCat(folder_, "/", name);
    EXPECT_TRUE(WriteFileAtomically(path, contents).ok());
    return path;
  }

  PacketFiles Open() {
    auto packet = PacketFiles::OpenDescribed(
        Write("manifest", "manifest"),
        Write("list.json", WriteBlobList(blobs_)));
    EXPECT_TRUE(packet.ok()) << packet.status();
    return *std::move(packet);
  }

  std::string folder_;
  std::vector<BlobSource> blobs_;
};

TEST_F(HashBlobsTest, HashesEachOnAnyNumberOfThreads) {
  const PacketFiles packet = Open();
  for (int threads : {1, 2, 3, 64}) {
    const auto hashes = HashBlobs(packet, packet.blobs(), threads);
    ASSERT_EQ(hashes.size(), packet.blobs().size());
    for (const auto& [digest, found] : hashes) {
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_EQ(found->digest, digest);
    }
  }
}

TEST_F(HashBlobsTest, SaysWhatABlobReallyHashesTo) {
  Write("3", "other");
  const PacketFiles packet = Open();
  const auto hashes = HashBlobs(packet, packet.blobs(), 2);
  EXPECT_EQ(hashes.at(blobs_[3].digest)->digest, Sha256("other"));
}

TEST_F(HashBlobsTest, SaysWhichBlobCannotBeRead) {
  const PacketFiles packet = Open();
  ASSERT_EQ(std::remove(blobs_[3].path.c_str()), 0);
  const auto hashes = HashBlobs(packet, packet.blobs(), 2);
  EXPECT_EQ(hashes.at(blobs_[3].digest).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_TRUE(hashes.at(blobs_[4].digest).ok());
}

TEST_F(HashBlobsTest, HasNothingToDoForNoBlobs) {
  EXPECT_TRUE(HashBlobs(Open(), {}, 2).empty());
}

}  // namespace
}  // namespace pedigree

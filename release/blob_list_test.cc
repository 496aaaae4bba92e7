#include "release/blob_list.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(BlobListTest, ReadsWhatItWrites) {
  const std::string text =
      WriteBlobList({{Sha256("a"), "out/a"}, {Sha256("b"), "b"}});
  const auto blobs = ParseBlobList(text);
  ASSERT_TRUE(blobs.ok()) << blobs.status();
  ASSERT_EQ(blobs->size(), 2u);
  EXPECT_EQ((*blobs)[0].digest, Sha256("a"));
  EXPECT_EQ((*blobs)[0].path, "out/a");
  EXPECT_EQ((*blobs)[1].path, "b");
}

TEST(BlobListTest, RefusesADigestThatComesTwice) {
  const std::string text = WriteBlobList({{Sha256("a"), "1"}, {Sha256("a"), "2"}});
  EXPECT_EQ(ParseBlobList(text).status().message(),
            absl::StrCat("Invalid blob list: ", Sha256("a").ToString(),
                         " comes twice"));
}

TEST(BlobListTest, RefusesOtherThanAListOfDigestsAndPaths) {
  for (const char* text :
       {"", "{}", "7", "[7]", R"([{"digest":"sha256:1","path":"a"}])",
        R"([{"path":"a"}])", R"([{"digest":"x","path":"a","size":1}])"}) {
    EXPECT_EQ(ParseBlobList(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(BlobListTest, NamesTheFileThatCannotBeRead) {
  const auto blobs = ReadBlobList("no/such/list.json");
  EXPECT_EQ(blobs.status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(blobs.status().message(), "no/such/list.json"));
}

}  // namespace
}  // namespace pedigree

#include "release/file_stream.h"

#include <cstdlib>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

class FileStreamTest : public testing::Test {
 protected:
  FileStreamTest() : folder_(absl::StrCat(testing::TempDir(), "/fs.XXXXXX")) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  }

  std::string Path(std::string_view name) const {
    return absl::StrCat(folder_, "/", name);
  }

  std::string folder_;
};

TEST_F(FileStreamTest, DigestsMoreThanOnePiece) {
  const std::string contents((3 << 20) + 17, 'x');
  ASSERT_TRUE(WriteFileAtomically(Path("a"), contents).ok());
  const auto digest = DigestFile(Path("a"), Links::kRefuse);
  ASSERT_TRUE(digest.ok()) << digest.status();
  EXPECT_EQ(digest->digest, Sha256(contents));
  EXPECT_EQ(digest->size, contents.size());
}

TEST_F(FileStreamTest, CopiesAndDigests) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "contents").ok());
  const auto copied =
      CopyFile(Path("a"), Links::kRefuse, Path("b"), /*executable=*/true);
  ASSERT_TRUE(copied.ok()) << copied.status();
  EXPECT_EQ(copied->digest, Sha256("contents"));
  EXPECT_EQ(*ReadFile(Path("b")), "contents");
  EXPECT_EQ(access(Path("b").c_str(), X_OK), 0);
}

TEST_F(FileStreamTest, CopyReplacesNothing) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "contents").ok());
  ASSERT_TRUE(WriteFileAtomically(Path("b"), "mine").ok());
  EXPECT_FALSE(CopyFile(Path("a"), Links::kRefuse, Path("b")).ok());
  EXPECT_EQ(*ReadFile(Path("b")), "mine");
}

TEST_F(FileStreamTest, FollowsLinksOnlyWhenAsked) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "contents").ok());
  ASSERT_EQ(symlink("a", Path("link").c_str()), 0);
  EXPECT_TRUE(DigestFile(Path("link"), Links::kFollow).ok());
  EXPECT_EQ(DigestFile(Path("link"), Links::kRefuse).status().message(),
            absl::StrCat("Cannot read ", Path("link"), ": a symbolic link"));
}

TEST_F(FileStreamTest, RefusesPipesWithoutWaiting) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0644), 0);
  EXPECT_EQ(DigestFile(Path("pipe"), Links::kFollow).status().message(),
            absl::StrCat("Cannot read ", Path("pipe"),
                         ": not a regular file"));
}

TEST_F(FileStreamTest, RefusesTooMuchForMemory) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "12345").ok());
  EXPECT_EQ(*ReadSmallFile(Path("a"), Links::kRefuse, 5), "12345");
  EXPECT_TRUE(absl::IsResourceExhausted(
      ReadSmallFile(Path("a"), Links::kRefuse, 4).status()));
}

}  // namespace
}  // namespace pedigree

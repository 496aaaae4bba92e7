#include "release/pending_directory.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

class PendingDirectoryTest : public testing::Test {
 protected:
  PendingDirectoryTest()
      : folder_(absl::StrCat(testing::TempDir(), "/pd.XXXXXX")) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    target_ = absl::StrCat(folder_, "/target");
  }

  // How many names the folder around the target holds.
  size_t Neighbours() const {
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      count += entry.exists() ? 1 : 0;
    }
    return count;
  }

  std::string folder_;
  std::string target_;
};

TEST_F(PendingDirectoryTest, AppearsWhole) {
  auto directory = PendingDirectory::Create(target_);
  ASSERT_TRUE(directory.ok()) << directory.status();
  const auto path = directory->PrepareFile("a/b/c");
  ASSERT_TRUE(path.ok()) << path.status();
  ASSERT_TRUE(WriteFileAtomically(*path, "contents").ok());
  EXPECT_FALSE(fs::exists(target_));
  ASSERT_TRUE(directory->Commit().ok());
  EXPECT_EQ(*ReadFile(target_ + "/a/b/c"), "contents");
  EXPECT_EQ(Neighbours(), 1u);
}

TEST_F(PendingDirectoryTest, LeavesNothingWithoutCommit) {
  {
    auto directory = PendingDirectory::Create(target_);
    ASSERT_TRUE(directory.ok());
    const auto path = directory->PrepareFile("a/b");
    ASSERT_TRUE(WriteFileAtomically(*path, "contents").ok());
  }
  EXPECT_EQ(Neighbours(), 0u);
}

TEST_F(PendingDirectoryTest, ReplacesAnEmptyFolder) {
  fs::create_directory(target_);
  auto directory = PendingDirectory::Create(target_ + "/");
  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_TRUE(directory->Commit().ok());
}

TEST_F(PendingDirectoryTest, RefusesWhatIsThere) {
  fs::create_directories(target_ + "/mine");
  EXPECT_EQ(PendingDirectory::Create(target_).status().code(),
            absl::StatusCode::kAlreadyExists);
  fs::create_symlink("/nowhere", folder_ + "/link");
  EXPECT_EQ(PendingDirectory::Create(folder_ + "/link").status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(PendingDirectoryTest, RefusesToReplaceWhatCameMeanwhile) {
  auto directory = PendingDirectory::Create(target_);
  ASSERT_TRUE(directory.ok());
  fs::create_directories(target_ + "/theirs");
  EXPECT_FALSE(directory->Commit().ok());
  EXPECT_TRUE(fs::exists(target_ + "/theirs"));
}

}  // namespace
}  // namespace pedigree

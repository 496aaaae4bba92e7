#include "release/rederive/source_tree.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;

void Write(const std::string& path, const std::string& contents) {
  fs::create_directories(fs::path(path).parent_path());
  ASSERT_TRUE(WriteFileAtomically(path, contents).ok());
}

std::string MakeTree() {
  std::string path = absl::StrCat(testing::TempDir(), "/tree.XXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  Write(path + "/a.txt", "a");
  Write(path + "/lib/b.cc", "// b");
  return path;
}

std::string DigestOf(const std::string& folder) {
  const auto tree = DigestSourceTree(folder);
  EXPECT_TRUE(tree.ok()) << tree.status();
  return tree->digest.ToString();
}

TEST(SourceTreeTest, IsTheDigestOfALineForEachFile) {
  const std::string folder = MakeTree();
  const auto tree = DigestSourceTree(folder);
  ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_EQ(tree->files, 2u);
  EXPECT_EQ(tree->digest,
            Sha256(absl::StrCat(Sha256("a").Hex(), " - a.txt\n",
                                Sha256("// b").Hex(), " - lib/b.cc\n")));
}

TEST(SourceTreeTest, DoesNotDependOnTheFolder) {
  EXPECT_EQ(DigestOf(MakeTree()), DigestOf(MakeTree()));
}

TEST(SourceTreeTest, EveryContentNameAndBitCounts) {
  const std::string before = DigestOf(MakeTree());
  std::string folder = MakeTree();
  Write(folder + "/lib/b.cc", "// c");
  EXPECT_NE(DigestOf(folder), before);
  folder = MakeTree();
  fs::rename(folder + "/a.txt", folder + "/c.txt");
  EXPECT_NE(DigestOf(folder), before);
  folder = MakeTree();
  fs::permissions(folder + "/a.txt", fs::perms::owner_all);
  EXPECT_NE(DigestOf(folder), before);
  folder = MakeTree();
  fs::create_symlink("a.txt", folder + "/link");
  EXPECT_NE(DigestOf(folder), before);
}

TEST(SourceTreeTest, WhatGitAndBazelKeepAtTheTopDoesNotCount) {
  const std::string before = DigestOf(MakeTree());
  const std::string folder = MakeTree();
  Write(folder + "/.git/HEAD", "x");
  fs::create_symlink("/nowhere", folder + "/bazel-bin");
  EXPECT_EQ(DigestOf(folder), before);
  Write(folder + "/bazel-notes", "a file, not a link");
  EXPECT_NE(DigestOf(folder), before);
}

TEST(SourceTreeTest, RefusesWhatIsNoFolder) {
  const std::string folder = MakeTree();
  EXPECT_EQ(DigestSourceTree(folder + "/none").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(DigestSourceTree(folder + "/a.txt").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(SourceTreeTest, RefusesPathsWithLineFeeds) {
  const std::string folder = MakeTree();
  Write(folder + "/two\nlines", "x");
  EXPECT_EQ(DigestSourceTree(folder).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(SourceTreeTest, TakesLinksThatLeadNowhere) {
  const std::string folder = MakeTree();
  fs::create_symlink("/nowhere", folder + "/lib/dangling");
  EXPECT_NE(DigestOf(folder), DigestOf(MakeTree()));
}

}  // namespace
}  // namespace pedigree

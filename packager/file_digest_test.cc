#include "packager/file_digest.h"

#include <string>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(FileDigestTest, IsTheDigestOfTheContents) {
  const std::string path = testing::TempDir() + "/file_digest";
  std::string contents;
  for (const size_t size : {size_t{0}, size_t{3}, size_t{20} << 20}) {
    for (size_t i = contents.size(); i < size; ++i) {
      contents.push_back(static_cast<char>(i * i >> 7));
    }
    ASSERT_TRUE(WriteFileAtomically(path, contents).ok());
    const auto file = MappedFile::Open(path);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(DigestOf(*file), Sha256(contents));
  }
}

TEST(LazyDigestTest, OfLargeAndSmallFilesIsTheirs) {
  for (const size_t bytes : {size_t{0}, size_t{5}, size_t{3} << 20}) {
    const std::string path = testing::TempDir() + "/lazy";
    const std::string contents(bytes, 'z');
    ASSERT_TRUE(WriteFileAtomically(path, contents).ok());
    const auto file = MappedFile::Open(path);
    ASSERT_TRUE(file.ok()) << file.status();
    const LazyDigest digest = LazyDigest::Start(*file);
    const LazyDigest copy = digest;
    EXPECT_EQ(copy.Get(), Sha256(contents));
    EXPECT_EQ(digest.Get(), Sha256(contents));
  }
}

TEST(LazyDigestTest, MayBeLeftUnasked) {
  const std::string path = testing::TempDir() + "/unasked";
  ASSERT_TRUE(WriteFileAtomically(path, std::string(3 << 20, 'z')).ok());
  const auto file = MappedFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  LazyDigest::Start(*file);
}

TEST(LazyDigestTest, MayBeKnown) {
  EXPECT_EQ(LazyDigest(Sha256("a")).Get(), Sha256("a"));
}

}  // namespace
}  // namespace pedigree

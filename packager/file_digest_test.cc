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

}  // namespace
}  // namespace pedigree

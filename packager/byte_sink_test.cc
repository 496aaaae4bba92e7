#include "packager/byte_sink.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(ByteSinkTest, AStringTakesAndReplaces) {
  std::string out;
  StringSink sink(&out);
  ASSERT_TRUE(sink.Append(AsBytes("ab")).ok());
  ASSERT_TRUE(sink.Append(AsBytes("cd")).ok());
  ASSERT_TRUE(sink.Overwrite(1, AsBytes("BC")).ok());
  EXPECT_EQ(out, "aBCd");
}

TEST(ByteSinkTest, AFileTakesAndReplaces) {
  const std::string path = testing::TempDir() + "/byte_sink_file";
  auto file = StagedFile::Create(path);
  ASSERT_TRUE(file.ok()) << file.status();
  FileSink sink(&*file);
  ASSERT_TRUE(sink.Append(AsBytes("abcd")).ok());
  ASSERT_TRUE(sink.Overwrite(1, AsBytes("BC")).ok());
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(*ReadFile(path), "aBCd");
}

TEST(ByteSinkTest, ADigestIsThatOfAllBytes) {
  DigestSink sink;
  ASSERT_TRUE(sink.Append(AsBytes("ab")).ok());
  ASSERT_TRUE(sink.Append(AsBytes("c")).ok());
  EXPECT_EQ(sink.Overwrite(0, AsBytes("A")).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(sink.Finish(), Sha256("abc"));
}

}  // namespace
}  // namespace pedigree

#include "runtime/base/file.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <sys/stat.h>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
 protected:
  FileTest() : dir_(fs::path(::testing::TempDir()) / "file_test") {
    fs::remove_all(dir_);
    fs::create_directories(dir_);
  }
  std::string Path(const char* name) const { return (dir_ / name).string(); }
  int FileCount() const {
    return static_cast<int>(std::distance(fs::directory_iterator(dir_), {}));
  }

  const fs::path dir_;
};

TEST_F(FileTest, ReadsAndMapsWhatItWrote) {
  const std::string contents("a\0b", 3);
  ASSERT_TRUE(WriteFileAtomically(Path("f"), contents).ok());
  EXPECT_EQ(*ReadFile(Path("f")), contents);
  const auto mapped = MappedFile::Open(Path("f"));
  ASSERT_TRUE(mapped.ok()) << mapped.status();
  EXPECT_EQ(AsText(mapped->bytes()), contents);
}

TEST_F(FileTest, MapsAnEmptyFile) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "").ok());
  EXPECT_TRUE(MappedFile::Open(Path("f"))->bytes().empty());
}

TEST_F(FileTest, ReplacesAFileAndLeavesNothingElse) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "old").ok());
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "new").ok());
  EXPECT_EQ(*ReadFile(Path("f")), "new");
  EXPECT_EQ(FileCount(), 1);
}

TEST_F(FileTest, AFailedWriteLeavesNothing) {
  // The rename fails, since a folder that holds something is in the way.
  fs::create_directories(dir_ / "f" / "inside");
  const absl::Status status = WriteFileAtomically(Path("f"), "new");
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(Path("f")));
  EXPECT_EQ(FileCount(), 1);
}

TEST_F(FileTest, AReleasedPartReadsTheSame) {
  const std::string contents(100000, 'x');
  ASSERT_TRUE(WriteFileAtomically(Path("f"), contents).ok());
  const auto mapped = MappedFile::Open(Path("f"));
  ASSERT_TRUE(mapped.ok()) << mapped.status();
  mapped->Release(mapped->bytes());
  EXPECT_EQ(AsText(mapped->bytes()), contents);
  mapped->Release(mapped->bytes().subspan(10, 50000));
  EXPECT_EQ(AsText(mapped->bytes()), contents);
}

TEST_F(FileTest, AStagedFileAppearsWhenItIsCommitted) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "old").ok());
  auto file = StagedFile::Create(Path("f"));
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE(file->Append("new con").ok());
  ASSERT_TRUE(file->Append("tents").ok());
  ASSERT_TRUE(file->Overwrite(4, "CON").ok());
  EXPECT_EQ(*ReadFile(Path("f")), "old");
  EXPECT_EQ(*ReadFile(file->temporary_path()), "new CONtents");
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(*ReadFile(Path("f")), "new CONtents");
  EXPECT_EQ(FileCount(), 1);
}

TEST_F(FileTest, AStagedFileThatIsNotCommittedLeavesNothing) {
  {
    auto file = StagedFile::Create(Path("f"));
    ASSERT_TRUE(file->Append("new").ok());
    StagedFile moved = *std::move(file);
    EXPECT_EQ(FileCount(), 1);
  }
  EXPECT_EQ(FileCount(), 0);
}

TEST_F(FileTest, RefusesWhatIsNoRegularFile) {
  EXPECT_EQ(ReadFile(Path("absent")).status().code(),
            absl::StatusCode::kNotFound);
  const auto folder = ReadFile(dir_.string());
  EXPECT_THAT(std::string(folder.status().message()),
              HasSubstr("not a regular file"));
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  const auto pipe = MappedFile::Open(Path("pipe"));
  EXPECT_THAT(std::string(pipe.status().message()),
              HasSubstr("not a regular file"));
}

TEST_F(FileTest, RefusesAFileOverTheBound) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "12345").ok());
  EXPECT_TRUE(ReadFile(Path("f"), 5).ok());
  const auto file = ReadFile(Path("f"), 4);
  EXPECT_EQ(file.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(file.status().message()),
              HasSubstr("5 bytes long (at most 4)"));
}

}  // namespace
}  // namespace pedigree

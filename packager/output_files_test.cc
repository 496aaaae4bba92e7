#include "packager/output_files.h"

#include <string>

#include "gtest/gtest.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

std::string InTempDir(const std::string& name) {
  return testing::TempDir() + "/output_files_test_" + name;
}

TEST(WriteOutputFilesTest, WritesEveryFile) {
  ASSERT_TRUE(
      WriteOutputFiles({{InTempDir("a"), "one"}, {InTempDir("b"), "two"}})
          .ok());
  EXPECT_EQ(*ReadFile(InTempDir("a")), "one");
  EXPECT_EQ(*ReadFile(InTempDir("b")), "two");
}

TEST(WriteOutputFilesTest, AFailureLeavesNothing) {
  const std::string first = InTempDir("first");
  const absl::Status status =
      WriteOutputFiles({{first, "one"}, {InTempDir("no/such/folder"), "two"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  EXPECT_EQ(ReadFile(first).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace pedigree

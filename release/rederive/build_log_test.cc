#include "release/rederive/build_log.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(BuildLogTest, LeavesOutPathsAndAddresses) {
  EXPECT_EQ(
      WithoutMachine("ERROR: /home/me/src/BUILD:3:1: in //a/b:c of @x//y"),
      "ERROR: <path> in //a/b:c of @x//y");
  EXPECT_EQ(WithoutMachine("Tried:  http://mirror.example/debian/pool/a.deb "
                           "(expected sha256 12)"),
            "Tried:  <url> (expected sha256 12)");
  EXPECT_EQ(WithoutMachine("open '/tmp/x y': no, runtime/base/a.cc"),
            "open '<path> y': no, runtime/base/a.cc");
  EXPECT_EQ(WithoutMachine("open '/': 3 / 4"), "open '/': 3 / 4");
  EXPECT_EQ(WithoutMachine("--disk_cache=/root/.cache"), "--disk_cache=<path>");
}

TEST(BuildLogTest, LeavesOutColoursAndControls) {
  EXPECT_EQ(WithoutMachine("\x1b[31m\x1b[1mERROR: \x1b[0mno\a"), "ERROR: no?");
}

TEST(BuildLogTest, NamesAMissingPin) {
  const BuildFailure failure = ExplainLog(
      "Analyzing: 2 targets\n"
      "ERROR: An error occurred during the fetch of repository 'zstd':\n"
      "   Traceback (most recent call last):\n"
      "Error in fail: //third_party/zstd:archives.lock: cannot fetch "
      "zstd.tar.xz. Tried:\n"
      "  http://mirror/pool/zstd.tar.xz\n"
      "ERROR: no such package '@zstd//': //third_party/zstd:archives.lock: "
      "x\n");
  EXPECT_EQ(failure.kind, "toolchain-pin");
  EXPECT_EQ(failure.reason,
            "Error in fail: //third_party/zstd:archives.lock: cannot fetch "
            "zstd.tar.xz. Tried:");
  // All but the progress.
  EXPECT_EQ(failure.log_tail.size(), 5u);
}

TEST(BuildLogTest, NamesAMissingTarget) {
  const BuildFailure failure = ExplainLog(
      "ERROR: Skipping '//a:b': no such target '//a:b': target 'b' not "
      "declared "
      "in package 'a'\n");
  EXPECT_EQ(failure.kind, "no-such-target");
}

TEST(BuildLogTest, NamesTheFirstError) {
  const BuildFailure failure = ExplainLog(
      "INFO: Found 1 target\r"
      "ERROR: a/BUILD:1:1: Compiling a.cc failed\n"
      "ERROR: Build did NOT complete successfully\n");
  EXPECT_EQ(failure.kind, "build-failed");
  EXPECT_EQ(failure.reason, "ERROR: a/BUILD:1:1: Compiling a.cc failed");
}

TEST(BuildLogTest, KeepsTheLastLinesOfALongLog) {
  std::string log;
  for (int i = 0; i < 100; ++i) absl::StrAppend(&log, "line ", i, "\n");
  const BuildFailure failure = ExplainLog(log);
  ASSERT_EQ(failure.log_tail.size(), 20u);
  EXPECT_EQ(failure.log_tail.back(), "line 99");
  EXPECT_EQ(failure.reason, "line 99");
}

TEST(BuildLogTest, PassesOverProgress) {
  const BuildFailure failure = ExplainLog(
      "Loading: 0 packages loaded\n"
      "ERROR: a/BUILD:1:1: Compiling a.cc failed\n"
      "\x1b[32m[1,234 / 2,000]\x1b[0m Compiling b.cc; 3s linux-sandbox\n");
  EXPECT_EQ(failure.log_tail,
            std::vector<std::string>{"ERROR: a/BUILD:1:1: Compiling a.cc failed"});
}

TEST(BuildLogTest, SaysWhenThereIsNothing) {
  EXPECT_EQ(ExplainLog("").reason, "the build printed nothing");
}

}  // namespace
}  // namespace pedigree

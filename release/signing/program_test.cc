#include "release/signing/program.h"

#include <sys/stat.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "runtime/base/file.h"

namespace pedigree {
namespace {

// A shell script, executable.
std::string Script(const std::string& name, std::string_view body) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", name);
  EXPECT_TRUE(WriteFileAtomically(path, absl::StrCat("#!/bin/sh\n", body)).ok());
  EXPECT_EQ(chmod(path.c_str(), 0755), 0);
  return path;
}

void ExpectFailure(const absl::StatusOr<std::string>& output,
                   absl::StatusCode code, std::string_view phrase) {
  EXPECT_EQ(output.status().code(), code) << output.status();
  EXPECT_TRUE(absl::StrContains(output.status().message(), phrase))
      << output.status();
}

TEST(ProgramTest, GivesInputAndReturnsOutput) {
  const std::string large(300000, 'x');
  const absl::StatusOr<std::string> output =
      RunProgram(Script("cat", "exec cat\n"), large, {});
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(*output, large);
}

TEST(ProgramTest, NeedNotReadItsInput) {
  const std::string large(3000000, 'x');
  const absl::StatusOr<std::string> output =
      RunProgram(Script("echo", "exec 0<&-\necho done\n"), large, {});
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(*output, "done\n");
}

TEST(ProgramTest, FailsWithTheExitStatus) {
  ExpectFailure(RunProgram(Script("fails", "echo half\nexit 3\n"), "", {}),
                absl::StatusCode::kFailedPrecondition,
                "exit status is 3 (expected 0)");
  ExpectFailure(RunProgram(Script("dies", "kill -9 $$\n"), "", {}),
                absl::StatusCode::kFailedPrecondition, "ended by signal 9");
}

TEST(ProgramTest, FailsWhenItCannotBeRun) {
  ExpectFailure(RunProgram("/no/such/program", "", {}),
                absl::StatusCode::kFailedPrecondition, "cannot be run");
}

TEST(ProgramTest, IsStoppedPastItsTime) {
  HelperLimits limits;
  limits.time = absl::Milliseconds(200);
  const absl::Time start = absl::Now();
  ExpectFailure(RunProgram(Script("sleeps", "sleep 30\n"), "", limits),
                absl::StatusCode::kDeadlineExceeded,
                "still running after 200ms");
  // Also when it has closed its output.
  ExpectFailure(RunProgram(Script("hides", "exec >&-\nsleep 30\n"), "", limits),
                absl::StatusCode::kDeadlineExceeded, "still running");
  EXPECT_LT(absl::Now() - start, absl::Seconds(20));
}

TEST(ProgramTest, IsStoppedPastItsOutput) {
  HelperLimits limits;
  limits.output_bytes = 1000;
  ExpectFailure(RunProgram(Script("talks", "while :; do echo talk; done\n"), "",
                           limits),
                absl::StatusCode::kFailedPrecondition,
                "wrote more than 1000 bytes");
}

}  // namespace
}  // namespace pedigree

#include "release/distribution/helper_process.h"

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(HelperProcessTest, GivesInputAndTakesOutput) {
  const absl::StatusOr<HelperResult> result =
      RunHelper({"sh", "-c", "cat; exit 3"}, "some input", 100, 30);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->output, "some input");
  EXPECT_EQ(result->exit_code, 3);
}

TEST(HelperProcessTest, InputThatNobodyReadsIsNoError) {
  EXPECT_TRUE(RunHelper({"true"}, std::string(1 << 20, 'x'), 100, 30).ok());
}

TEST(HelperProcessTest, TellsASignal) {
  const absl::StatusOr<HelperResult> result =
      RunHelper({"sh", "-c", "kill -9 $$"}, "", 100, 30);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 128 + 9);
}

TEST(HelperProcessTest, RefusesAProgramThatIsNotThere) {
  EXPECT_EQ(RunHelper({"no-such-program"}, "", 100, 30).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(HelperProcessTest, EndsAProgramThatPrintsTooMuch) {
  EXPECT_EQ(RunHelper({"sh", "-c", "while :; do echo x; done"}, "", 1000, 30)
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(HelperProcessTest, EndsAProgramThatTakesTooLong) {
  EXPECT_EQ(
      RunHelper({"sleep", "60"}, "", 1000, 1).status().code(),
      absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace pedigree

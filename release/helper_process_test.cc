#include "release/helper_process.h"

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

HelperLimits Limits(size_t output_bytes, int seconds) {
  return {absl::Seconds(seconds), output_bytes};
}

TEST(HelperProcessTest, GivesInputAndTakesOutput) {
  const absl::StatusOr<HelperResult> result =
      RunHelper({"sh", "-c", "cat; exit 3"}, "some input", Limits(100, 30));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->output, "some input");
  EXPECT_EQ(result->exit_code, 3);
}

TEST(HelperProcessTest, InputThatNobodyReadsIsNoError) {
  EXPECT_TRUE(RunHelper({"true"}, std::string(1 << 20, 'x'), Limits(100, 30)).ok());
}

TEST(HelperProcessTest, TellsASignal) {
  const absl::StatusOr<HelperResult> result =
      RunHelper({"sh", "-c", "kill -9 $$"}, "", Limits(100, 30));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 128 + 9);
}

TEST(HelperProcessTest, RefusesAProgramThatIsNotThere) {
  EXPECT_EQ(RunHelper({"no-such-program"}, "", Limits(100, 30)).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(HelperProcessTest, EndsAProgramThatPrintsTooMuch) {
  EXPECT_EQ(RunHelper({"sh", "-c", "while :; do echo x; done"}, "", Limits(1000, 30))
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(HelperProcessTest, EndsAProgramThatTakesTooLong) {
  EXPECT_EQ(
      RunHelper({"sleep", "60"}, "", Limits(1000, 1)).status().code(),
      absl::StatusCode::kDeadlineExceeded);
}

TEST(HelperProcessTest, EndsAProgramThatClosesItsOutputAndStays) {
  EXPECT_EQ(RunHelper({"sh", "-c", "exec >&-; sleep 60"}, "", Limits(1000, 1))
                .status()
                .code(),
            absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace pedigree

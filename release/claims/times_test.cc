#include "release/claims/times.h"

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(TimesTest, ReadsAndWritesUtc) {
  const absl::StatusOr<absl::Time> time =
      ParseUtc("2027-01-31T23:59:59Z", "time");
  ASSERT_TRUE(time.ok()) << time.status();
  EXPECT_EQ(absl::ToUnixSeconds(*time), 1801439999);
  EXPECT_EQ(FormatUtc(*time), "2027-01-31T23:59:59Z");
}

TEST(TimesTest, RefusesEverythingElse) {
  for (const std::string_view text :
       {"", "2027-01-31", "2027-01-31T23:59:59", "2027-01-31T23:59:59+01:00",
        "2027-01-31T23:59:59.5Z", "2027-02-30T00:00:00Z", "27-01-31T00:00:00Z",
        " 2027-01-31T23:59:59Z", "2027-1-31T23:59:59Z", "2027-01-31T24:00:00Z",
        "2027-01-31T23:59:60Z", "infinite-future"}) {
    EXPECT_EQ(ParseUtc(text, "--now").status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

}  // namespace
}  // namespace pedigree

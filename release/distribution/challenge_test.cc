#include "release/distribution/challenge.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

std::vector<Challenge> Parsed(std::string_view text) {
  absl::StatusOr<std::vector<Challenge>> challenges = ParseChallenges(text);
  EXPECT_TRUE(challenges.ok()) << challenges.status();
  return challenges.ok() ? *challenges : std::vector<Challenge>();
}

TEST(ChallengeTest, ReadsBearerWithQuotedParameters) {
  const std::vector<Challenge> challenges = Parsed(
      "Bearer realm=\"https://auth.example/token\",service=\"r.example\","
      "scope=\"repository:a/b:pull,push\"");
  ASSERT_EQ(challenges.size(), 1u);
  EXPECT_EQ(challenges[0].scheme, "bearer");
  EXPECT_EQ(challenges[0].parameters.at("realm"), "https://auth.example/token");
  EXPECT_EQ(challenges[0].parameters.at("scope"), "repository:a/b:pull,push");
}

TEST(ChallengeTest, ReadsSeveralChallengesInOneHeader) {
  const std::vector<Challenge> challenges =
      Parsed("Negotiate, BASIC Realm = \"a \\\"b\\\"\" , charset=UTF-8, "
             "Bearer realm=x");
  ASSERT_EQ(challenges.size(), 3u);
  EXPECT_EQ(challenges[0].scheme, "negotiate");
  EXPECT_EQ(challenges[1].scheme, "basic");
  EXPECT_EQ(challenges[1].parameters.at("realm"), "a \"b\"");
  EXPECT_EQ(challenges[1].parameters.at("charset"), "UTF-8");
  EXPECT_EQ(challenges[2].parameters.at("realm"), "x");
}

TEST(ChallengeTest, AnEmptyHeaderAsksForNothing) {
  EXPECT_TRUE(Parsed("").empty());
  EXPECT_TRUE(Parsed(" , ").empty());
}

class RefusedChallengeTest
    : public testing::TestWithParam<std::pair<std::string, const char*>> {};

TEST_P(RefusedChallengeTest, SaysWhatAndWhere) {
  const absl::StatusOr<std::vector<Challenge>> challenges =
      ParseChallenges(GetParam().first);
  ASSERT_EQ(challenges.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(
      absl::StrContains(challenges.status().message(), GetParam().second))
      << challenges.status();
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedChallengeTest,
    testing::Values(
        std::pair("realm=\"x\"", "parameter without a scheme at byte 5"),
        std::pair("Bearer realm=\"x", "unfinished quoted string"),
        std::pair("Bearer realm=\"x\\", "unfinished quoted string"),
        std::pair("Bearer realm=\"a\nb\"", "unfinished quoted string"),
        std::pair("Bearer realm=", "no value"),
        std::pair("Bearer realm=a realm=b", "no comma"),
        std::pair("Bearer realm=a, realm=b", "repeated parameter"),
        std::pair("Bearer/x", "unexpected character"),
        std::pair("(", "no token"),
        std::pair("Basic " + std::string(9000, 'a'), "too long")));

}  // namespace
}  // namespace pedigree

#include "evaluator/policy.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "evaluator/records.pb.h"
#include "gtest/gtest.h"
#include "runtime/base/proto_json.h"

namespace pedigree {
namespace {

constexpr char kPolicy[] = R"(
  # What a release asks for.
  schema_version: "pedigree.gate_policy.v1"
  name: "release"
  version: "1"
  claim_level: "runtime-smoke"
  suites {
    name: "smoke"
    min_pass_rate: "0.95"
    regression { min_effect: "0.01" max_p_value: "0.05" }
  }
  suites { name: "long/2" min_pass_rate: "1" }
  resource_caps { counter: "use.kv_peak_bytes" max: 1048576 }
)";

TEST(PolicyTest, ReadsTheTextFormat) {
  const auto policy = ParsePolicy(kPolicy);
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->suites_size(), 2);
  EXPECT_EQ(policy->suites(0).regression().max_p_value(), "0.05");
  EXPECT_FALSE(policy->suites(1).has_regression());
  EXPECT_EQ(policy->resource_caps(0).max(), 1048576u);
}

TEST(PolicyTest, ChecksFloorsOfTags) {
  auto policy = ParsePolicy(kPolicy);
  ASSERT_TRUE(policy.ok()) << policy.status();
  evaluator::TagPolicy* tag = policy->mutable_suites(0)->add_tags();
  tag->set_name("digits");
  tag->set_min_pass_rate("0.5");
  EXPECT_TRUE(ParsePolicy(CanonicalRecord(*policy)).ok());
  *policy->mutable_suites(0)->add_tags() = *tag;
  const std::string suite = policy->suites(0).name();
  EXPECT_EQ(ParsePolicy(CanonicalRecord(*policy)).status().message(),
            "Invalid gate policy: tag \"digits\" is repeated, suite \"" +
                suite + "\"");
  policy->mutable_suites(0)->mutable_tags(1)->set_name("two words");
  EXPECT_FALSE(ParsePolicy(CanonicalRecord(*policy)).ok());
  policy->mutable_suites(0)->mutable_tags(1)->set_name("words");
  policy->mutable_suites(0)->mutable_tags(1)->set_min_pass_rate("half");
  EXPECT_FALSE(ParsePolicy(CanonicalRecord(*policy)).ok());
}

TEST(PolicyTest, ReadsItsOwnCanonicalForm) {
  const auto policy = ParsePolicy(kPolicy);
  ASSERT_TRUE(policy.ok()) << policy.status();
  const std::string canonical = CanonicalRecord(*policy);
  const auto again = ParsePolicy(canonical);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(CanonicalRecord(*again), canonical);
}

TEST(PolicyTest, RefusesJsonThatIsNotCanonical) {
  const auto policy = ParsePolicy(kPolicy);
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_FALSE(ParsePolicy(CanonicalRecord(*policy) + " ").ok());
}

TEST(PolicyTest, ChecksTheCanonicalFormToo) {
  auto policy = ParsePolicy(kPolicy);
  ASSERT_TRUE(policy.ok()) << policy.status();
  policy->set_claim_level("perfect");
  EXPECT_EQ(ParsePolicy(CanonicalRecord(*policy)).status(),
            absl::InvalidArgumentError(
                "Invalid gate policy: unknown claim level \"perfect\""));
}

TEST(ParseUnitDecimalTest, IsExact) {
  EXPECT_EQ(*ParseUnitDecimal("x", "0"), 0u);
  EXPECT_EQ(*ParseUnitDecimal("x", "1"), 1000000u);
  EXPECT_EQ(*ParseUnitDecimal("x", "1.000000"), 1000000u);
  EXPECT_EQ(*ParseUnitDecimal("x", "0.95"), 950000u);
  EXPECT_EQ(*ParseUnitDecimal("x", "0.000001"), 1u);
}

class BadDecimalTest : public testing::TestWithParam<std::string> {};

TEST_P(BadDecimalTest, IsRefused) {
  EXPECT_EQ(ParseUnitDecimal("floor", GetParam()).status(),
            absl::InvalidArgumentError(
                "Invalid gate policy: \"floor\" is \"" + GetParam() +
                "\" (expected a decimal from 0 to 1 with at most 6 digits "
                "after the point)"));
}

INSTANTIATE_TEST_SUITE_P(Values, BadDecimalTest,
                         testing::Values("", ".", "0.", ".5", "1.1", "1.000001",
                                         "2", "-0.5", "+1", "00.5", "0.1234567",
                                         "0,5", "1e-1", "0.5 ", "nan"));

}  // namespace
}  // namespace pedigree

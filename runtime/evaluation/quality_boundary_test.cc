#include "runtime/evaluation/quality_boundary.h"

#include <optional>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(QualityBoundaryTest, FollowsFromTheSourceKind) {
  EXPECT_EQ(QualityBoundary("deterministic-smoke"), "runtime-smoke");
  EXPECT_EQ(QualityBoundary("converted-trained"), "converted-trained");
}

TEST(QualityBoundaryTest, KnowsNoOtherSourceKind) {
  EXPECT_EQ(QualityBoundary("runtime-smoke"), std::nullopt);
  EXPECT_EQ(QualityBoundary(""), std::nullopt);
  EXPECT_EQ(SourceKindNames(),
            "\"deterministic-smoke\" or \"converted-trained\"");
}

TEST(ClaimRankTest, ClimbsTheLadder) {
  EXPECT_EQ(ClaimRank("structural"), 0);
  EXPECT_EQ(ClaimRank("runtime-smoke"), 1);
  EXPECT_EQ(ClaimRank("converted-trained"), 2);
  EXPECT_EQ(ClaimRank("assistant-quality"), 3);
  EXPECT_EQ(ClaimRank("product-release"), 4);
  EXPECT_EQ(ClaimRank("perfect"), std::nullopt);
}

}  // namespace
}  // namespace pedigree

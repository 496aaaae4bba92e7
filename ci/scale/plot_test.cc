#include "ci/scale/plot.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

PlotPanel Panel() {
  return {"Time, s", {{"flat", {{10, 1}, {1000, 1}}},
                      {"linear", {{10, 1}, {1000, 100}}}}};
}

TEST(PlotSvgTest, DrawsAPointASizeAndALineASeries) {
  const std::string svg = PlotSvg("descendants", {Panel()});
  EXPECT_THAT(svg, HasSubstr(">Time, s</text>"));
  EXPECT_THAT(svg, HasSubstr(">descendants</text>"));
  // Two decades of sizes from left to right, two of costs from bottom to top.
  EXPECT_THAT(svg, HasSubstr("<polyline points=\"60.0,330.0 330.0,330.0\""));
  EXPECT_THAT(svg, HasSubstr("<polyline points=\"60.0,330.0 330.0,40.0\""));
  EXPECT_THAT(svg, HasSubstr("<circle cx=\"330.0\" cy=\"40.0\""));
}

TEST(PlotSvgTest, GuideOfALinearSeriesIsTheSeries) {
  const std::string svg = PlotSvg("descendants", {Panel()});
  EXPECT_THAT(svg, HasSubstr("<line x1=\"60.0\" y1=\"330.0\" x2=\"330.0\" "
                             "y2=\"40.0\" stroke=\"#c2571a\""));
}

TEST(PlotSvgTest, LabelsOfEqualCostsDoNotOverlap) {
  const std::string svg = PlotSvg(
      "descendants",
      {{"Time, s", {{"a", {{10, 1}, {100, 5}}}, {"b", {{10, 2}, {100, 5}}}}}});
  const size_t a = svg.find(">a</text>");
  const size_t b = svg.find(">b</text>");
  ASSERT_NE(a, std::string::npos);
  ASSERT_NE(b, std::string::npos);
  const auto y_before = [&svg](size_t end) {
    const size_t start = svg.rfind("y=\"", end) + 3;
    return std::stod(svg.substr(start));
  };
  EXPECT_EQ(y_before(b) - y_before(a), 15);
}

TEST(PlotSvgTest, DrawsOneSizeAndCostsBelowOne) {
  const std::string svg =
      PlotSvg("descendants", {{"Time, s", {{"a", {{10, 0.25}}}}}});
  EXPECT_THAT(svg, HasSubstr(">0.1</text>"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

TEST(PlotSvgTest, NeedsNothingFromElsewhere) {
  const std::string svg = PlotSvg("descendants", {Panel(), Panel()});
  EXPECT_THAT(svg, Not(HasSubstr("href")));
  EXPECT_THAT(svg, HasSubstr("viewBox=\"0 0 920 380\""));
}

}  // namespace
}  // namespace pedigree

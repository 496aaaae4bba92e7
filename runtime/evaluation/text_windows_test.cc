#include "runtime/evaluation/text_windows.h"

#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

using ::testing::ElementsAre;

constexpr uint32_t kBos = 256;

TEST(TextWindowsTest, EveryTokenButTheFirstIsPredicted) {
  EXPECT_EQ(CountPositions({}), 0);
  EXPECT_EQ(CountPositions({kBos}), 0);
  EXPECT_EQ(CountPositions({kBos, 1, 2}), 2);
}

TEST(TextWindowsTest, EachWindowBeginsWithBos) {
  const std::vector<TextWindow> windows =
      CutIntoWindows({kBos, 1, 2, 3, 4, 5}, kBos, 2, 5);
  ASSERT_EQ(windows.size(), 3);
  EXPECT_THAT(windows[0].inputs, ElementsAre(kBos, 1));
  EXPECT_THAT(windows[0].targets, ElementsAre(1, 2));
  EXPECT_THAT(windows[1].inputs, ElementsAre(kBos, 3));
  EXPECT_THAT(windows[1].targets, ElementsAre(3, 4));
  EXPECT_THAT(windows[2].inputs, ElementsAre(kBos));
  EXPECT_THAT(windows[2].targets, ElementsAre(5));
}

TEST(TextWindowsTest, WithoutBosWindowsGoOnWhereTheLastEnded) {
  const std::vector<TextWindow> windows =
      CutIntoWindows({1, 2, 3, 4, 5}, kBos, 3, 4);
  ASSERT_EQ(windows.size(), 2);
  EXPECT_THAT(windows[0].inputs, ElementsAre(1, 2, 3));
  EXPECT_THAT(windows[0].targets, ElementsAre(2, 3, 4));
  EXPECT_THAT(windows[1].inputs, ElementsAre(4));
  EXPECT_THAT(windows[1].targets, ElementsAre(5));
}

TEST(TextWindowsTest, TakesAsManyPositionsAsAskedFor) {
  const std::vector<TextWindow> windows =
      CutIntoWindows({kBos, 1, 2, 3, 4, 5}, kBos, 4, 2);
  ASSERT_EQ(windows.size(), 1);
  EXPECT_THAT(windows[0].inputs, ElementsAre(kBos, 1));
  EXPECT_THAT(windows[0].targets, ElementsAre(1, 2));
}

}  // namespace
}  // namespace pedigree

#include "packager/training/data_order.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

std::vector<size_t> Take(uint64_t seed, size_t count, size_t times) {
  DataOrder order(seed, count);
  std::vector<size_t> taken(times);
  for (size_t& index : taken) index = order.Next();
  return taken;
}

TEST(DataOrderTest, EachEpochTakesEveryTextOnce) {
  const std::vector<size_t> taken = Take(7, 50, 150);
  std::vector<size_t> all(50);
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  for (size_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<size_t> part(taken.begin() + 50 * epoch,
                             taken.begin() + 50 * (epoch + 1));
    EXPECT_NE(part, all);
    std::sort(part.begin(), part.end());
    EXPECT_EQ(part, all);
  }
}

TEST(DataOrderTest, EpochsAndSeedsDiffer) {
  const std::vector<size_t> taken = Take(7, 50, 100);
  EXPECT_FALSE(std::equal(taken.begin(), taken.begin() + 50,
                          taken.begin() + 50));
  EXPECT_NE(Take(8, 50, 50), Take(7, 50, 50));
}

// Recorded: an order that changes is another version of training numerics.
TEST(DataOrderTest, OrderIsAsSpecified) {
  EXPECT_EQ(Take(1, 5, 10), std::vector<size_t>({0, 3, 4, 2, 1, 3, 4, 1, 0, 2}));
}

TEST(DataOrderTest, OneTextIsTakenAgainAndAgain) {
  EXPECT_EQ(Take(1, 1, 3), std::vector<size_t>({0, 0, 0}));
}

}  // namespace
}  // namespace pedigree

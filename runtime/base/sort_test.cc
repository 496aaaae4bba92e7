#include "runtime/base/sort.h"

#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(SortTest, Sorts) {
  std::vector<std::string> words = {"d", "a", "", "c", "b", "a"};
  Sort(words.begin(), words.end());
  EXPECT_EQ(words, (std::vector<std::string>{"", "a", "a", "b", "c", "d"}));
}

TEST(SortTest, SortsByAnOrderOfTheCaller) {
  std::vector<int> numbers = {3, 1, 2};
  Sort(numbers.begin(), numbers.end(), std::greater<>());
  EXPECT_EQ(numbers, (std::vector<int>{3, 2, 1}));
  Sort(numbers.begin(), numbers.begin());
  EXPECT_EQ(numbers, (std::vector<int>{3, 2, 1}));
}

}  // namespace
}  // namespace pedigree

#include "release/json_difference.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(JsonDifferenceTest, EqualDocumentsHaveNone) {
  const Json json = {{"a", {1, 2}}, {"b", "x"}};
  EXPECT_TRUE(DescribeDifferences(json, json).empty());
}

TEST(JsonDifferenceTest, NamesThePlaceAndBothValues) {
  const Json found = {{"a", {1, {{"x", "y"}}}}, {"b", true}};
  const Json expected = {{"a", {1, {{"x", "z"}}, 3}}, {"c", false}};
  EXPECT_EQ(DescribeDifferences(found, expected),
            (std::vector<std::string>{
                R"(a[1].x is "y" (expected "z"))",
                "a[2] is absent (expected 3)",
                "b is true (expected absent)",
                "c is absent (expected false)",
            }));
}

TEST(JsonDifferenceTest, DifferentTypesAreOneDifference) {
  EXPECT_EQ(DescribeDifferences(Json::array(), Json::object()),
            std::vector<std::string>{"document is [] (expected {})"});
}

TEST(JsonDifferenceTest, CutsLongValuesAndLongLists) {
  Json found = Json::array();
  Json expected = Json::array();
  for (int i = 0; i < 50; ++i) {
    found.push_back(std::string(500, 'x'));
    expected.push_back(i);
  }
  const auto differences = DescribeDifferences(found, expected, 3);
  ASSERT_EQ(differences.size(), 3u);
  EXPECT_LT(differences[0].size(), 200u);
}

}  // namespace
}  // namespace pedigree

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

std::vector<std::string> Places(const JsonDifferences& differences) {
  std::vector<std::string> places;
  for (const JsonDifference& change : differences.changes) {
    places.push_back(change.place + ": " + change.a + " -> " + change.b);
  }
  return places;
}

TEST(JsonDifferenceTest, MatchesElementsByTheirNames) {
  const Json a = {{"pins", Json::array({{{"name", "x"}, {"v", "1"}},
                                        {{"name", "z"}, {"v", "1"}}})}};
  const Json b = {{"pins", Json::array({{{"name", "y"}, {"v", "1"}},
                                        {{"name", "z"}, {"v", "2"}}})}};
  EXPECT_EQ(Places(ListDifferences(a, b)),
            (std::vector<std::string>{
                R"(pins[name=x]: {"name":"x","v":"1"} -> absent)",
                R"(pins[name=y]: absent -> {"name":"y","v":"1"})",
                R"(pins[name=z].v: "1" -> "2")",
            }));
}

TEST(JsonDifferenceTest, MatchesByPositionWhereNamesAreNone) {
  const Json a = Json::array({{{"name", "x"}}, {{"name", "x"}}});
  const Json b = Json::array({{{"name", "x"}}, {{"name", "y"}}});
  EXPECT_EQ(Places(ListDifferences(a, b)),
            std::vector<std::string>{R"([1].name: "x" -> "y")"});
}

TEST(JsonDifferenceTest, QuotesNamesThatMightMislead) {
  const Json a = {{"a.b c\n", 1}};
  EXPECT_EQ(Places(ListDifferences(a, Json::object())),
            std::vector<std::string>{R"("a.b c\n": 1 -> absent)"});
}

TEST(JsonDifferenceTest, SaysWhenThereAreMore) {
  const Json a = {1, 2, 3};
  const Json b = {2, 3, 4};
  EXPECT_FALSE(ListDifferences(a, b, 3).more);
  const JsonDifferences cut = ListDifferences(a, b, 2);
  EXPECT_TRUE(cut.more);
  EXPECT_EQ(cut.changes.size(), 2u);
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

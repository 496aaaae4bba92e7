#include "runtime/evaluation/scorer.h"

#include "gtest/gtest.h"

namespace pedigree {
namespace {

TEST(ScorerTest, JudgesByItsRule) {
  const struct {
    const char* output;
    const char* expected;
    bool exact;
    bool prefix;
    bool contains;
  } kRows[] = {
      {"Paris", "Paris", true, true, true},
      {"Paris.", "Paris", false, true, true},
      {"In Paris.", "Paris", false, false, true},
      {"paris", "Paris", false, false, false},
      {"Par", "Paris", false, false, false},
      {"", "", true, true, true},
      {"Paris", "", false, true, true},
      {"", "Paris", false, false, false},
      // A byte that is no UTF-8 is U+FFFD in the text, but not in the bytes.
      {"\xFFx", "\xEF\xBF\xBDx", false, true, true},
      {"a\xFF", "a", false, true, true},
      {"\xC3\xA9t\xC3\xA9", "t\xC3\xA9", false, false, true},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(Passes(Scorer::kExactMatch, row.output, row.expected), row.exact)
        << row.output << " / " << row.expected;
    EXPECT_EQ(Passes(Scorer::kPrefix, row.output, row.expected), row.prefix)
        << row.output << " / " << row.expected;
    EXPECT_EQ(Passes(Scorer::kContains, row.output, row.expected),
              row.contains)
        << row.output << " / " << row.expected;
  }
}

TEST(ScorerTest, IsFoundByItsName) {
  EXPECT_EQ(FindScorer("exact-match"), Scorer::kExactMatch);
  EXPECT_EQ(FindScorer("prefix"), Scorer::kPrefix);
  EXPECT_EQ(FindScorer("contains"), Scorer::kContains);
  EXPECT_EQ(FindScorer("choice"), Scorer::kChoice);
  EXPECT_EQ(FindScorer("choice-normalized"), Scorer::kChoiceNormalized);
  EXPECT_EQ(FindScorer("bits-per-byte"), Scorer::kBitsPerByte);
  for (const char* name : {"", "Prefix", "exact", "bits"}) {
    EXPECT_FALSE(FindScorer(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace pedigree

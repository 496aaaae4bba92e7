#include "runtime/tokenizer/merge_table.h"

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace pedigree {
namespace {

void Apply(const MergeTable& table, std::vector<uint32_t>& ids) {
  ids.resize(table.Apply(absl::MakeSpan(ids)));
}

// The rule as it reads: look at all pairs, merge the best, start again.
void ApplyNaively(const MergeTable& table, std::vector<uint32_t>& ids) {
  while (true) {
    const Merge* best = nullptr;
    size_t position = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      const Merge* merge = table.Find(ids[i], ids[i + 1]);
      if (merge == nullptr) continue;
      if (best != nullptr && merge->rank >= best->rank) continue;
      best = merge;
      position = i;
    }
    if (best == nullptr) return;
    ids[position] = best->output;
    ids.erase(ids.begin() + position + 1);
  }
}

TEST(MergeTableTest, MergesLowestRankFirst) {
  const MergeTable table({{1, 2, 12, 1}, {2, 3, 23, 0}, {1, 23, 123, 2}});
  std::vector<uint32_t> ids = {1, 2, 3, 1, 2};
  Apply(table, ids);
  EXPECT_EQ(ids, (std::vector<uint32_t>{123, 12}));
}

TEST(MergeTableTest, MergesLeftmostOnTies) {
  const MergeTable table({{1, 1, 11, 0}});
  std::vector<uint32_t> ids = {1, 1, 1};
  Apply(table, ids);
  EXPECT_EQ(ids, (std::vector<uint32_t>{11, 1}));
}

TEST(MergeTableTest, FindsRepeatedPairs) {
  EXPECT_EQ(MergeTable({{1, 2, 3, 0}, {4, 5, 6, 1}, {1, 2, 7, 2}})
                .FindRepeatedPair(),
            std::pair(1u, 2u));
  EXPECT_FALSE(
      MergeTable({{1, 2, 3, 0}, {2, 1, 3, 0}}).FindRepeatedPair().has_value());
}

TEST(MergeTableTest, AgreesWithTheRuleOnRandomTables) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    std::vector<Merge> merges;
    for (uint32_t left = 0; left < 8; ++left) {
      for (uint32_t right = 0; right < 8; ++right) {
        if (random() % 3 != 0) continue;
        merges.push_back({left, right, static_cast<uint32_t>(random() % 8),
                          static_cast<uint32_t>(random() % 5)});
      }
    }
    const MergeTable table(merges);
    std::vector<uint32_t> ids(random() % 100);
    for (uint32_t& id : ids) id = random() % 8;
    std::vector<uint32_t> expected = ids;
    ApplyNaively(table, expected);
    Apply(table, ids);
    EXPECT_EQ(ids, expected) << "round " << round;
  }
}

// A quadratic encoder would take minutes here, past the test's time limit.
TEST(MergeTableTest, TakesAMegabyteOfOneLetter) {
  std::vector<Merge> merges;
  for (uint32_t i = 0; i < 10; ++i) merges.push_back({i, i, i + 1, i});
  std::vector<uint32_t> ids(1 << 20, 0);
  Apply(MergeTable(merges), ids);
  EXPECT_EQ(ids, std::vector<uint32_t>(1 << 10, 10));
}

TEST(MergeTableTest, LeavesWhatNoMergeJoins) {
  std::vector<uint32_t> ids;
  Apply(MergeTable({}), ids);
  EXPECT_TRUE(ids.empty());
  ids = {5};
  Apply(MergeTable({{5, 5, 6, 0}}), ids);
  EXPECT_EQ(ids, std::vector<uint32_t>{5});
}

}  // namespace
}  // namespace pedigree

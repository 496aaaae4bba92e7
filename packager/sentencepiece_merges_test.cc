#include "packager/sentencepiece_merges.h"

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/bytes.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

bool operator==(const BpeMerge& a, const BpeMerge& b) {
  return a.left == b.left && a.right == b.right && a.output == b.output &&
         a.rank == b.rank;
}

TEST(SentencePieceMergesTest, JoinsEverySplitOfAPiece) {
  const std::vector<BpeMerge> merges =
      MergesFromScores({{260, "a", -9},
                        {261, "b", -8},
                        {262, "ab", -1},
                        {263, "ba", -3},
                        {264, "aba", -2}});
  ASSERT_EQ(merges.size(), 4u);
  EXPECT_TRUE(merges[0] == (BpeMerge{260, 261, 262, 0}));
  EXPECT_TRUE(merges[1] == (BpeMerge{260, 263, 264, 1}));
  EXPECT_TRUE(merges[2] == (BpeMerge{262, 260, 264, 1}));
  EXPECT_TRUE(merges[3] == (BpeMerge{261, 260, 263, 2}));
}

TEST(SentencePieceMergesTest, EqualScoresShareARank) {
  const std::vector<BpeMerge> merges = MergesFromScores(
      {{260, "a", 0}, {261, "b", 0}, {262, "ab", -5}, {263, "ba", -5}});
  ASSERT_EQ(merges.size(), 2u);
  EXPECT_EQ(merges[0].rank, merges[1].rank);
}

TEST(SentencePieceMergesTest, TheLowestIdOfRepeatedBytesCounts) {
  const std::vector<BpeMerge> merges = MergesFromScores(
      {{261, "a", 0}, {260, "a", 0}, {263, "aa", -2}, {262, "aa", -1}});
  ASSERT_EQ(merges.size(), 1u);
  EXPECT_TRUE(merges[0] == (BpeMerge{260, 260, 262, 1}));
}

// llama2.c's encode(): the best-scoring pair of adjacent pieces, the leftmost
// on ties, until no pair is a piece. ASCII text only.
std::vector<uint32_t> EncodeByScore(const std::vector<ScoredPiece>& pieces,
                                    const std::string& text) {
  std::map<std::string, const ScoredPiece*> index;
  for (const ScoredPiece& piece : pieces) index[piece.bytes] = &piece;
  std::vector<std::string> parts = {" "};
  for (const char c : text) parts.emplace_back(1, c);
  while (true) {
    const ScoredPiece* best = nullptr;
    size_t position = 0;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = index.find(parts[i] + parts[i + 1]);
      if (found == index.end()) continue;
      if (best != nullptr && found->second->score <= best->score) continue;
      best = found->second;
      position = i;
    }
    if (best == nullptr) break;
    parts[position] = best->bytes;
    parts.erase(parts.begin() + position + 1);
  }
  std::vector<uint32_t> ids = {256};
  for (const std::string& part : parts) {
    const auto found = index.find(part);
    ids.push_back(found == index.end() ? static_cast<uint8_t>(part[0])
                                       : found->second->id);
  }
  return ids;
}

TEST(SentencePieceMergesTest, EncodesAsScoresDo) {
  std::mt19937 random(11);
  for (int round = 0; round < 60; ++round) {
    std::map<std::string, float> vocabulary = {
        {" ", -20}, {"a", -20}, {"b", -20}, {"c", -20}};
    for (int i = 0; i < 25; ++i) {
      std::string piece;
      const size_t length = 2 + random() % 3;
      while (piece.size() < length) piece += " abc"[random() % 4];
      vocabulary[piece] = -static_cast<float>(random() % 12);
    }
    Bpe1V2Content content;
    std::vector<ScoredPiece> pieces;
    for (const auto& [bytes, score] : vocabulary) {
      const auto id = static_cast<uint32_t>(260 + pieces.size());
      pieces.push_back({id, bytes, score});
      content.tokens.push_back({id, bytes});
    }
    content.vocab_size = 260 + pieces.size();
    content.merges = MergesFromScores(pieces);
    const auto section = WriteBpe1V2(content);
    ASSERT_TRUE(section.ok()) << section.status();
    const auto tokenizer =
        Tokenizer::Parse(AsBytes(*section), content.vocab_size);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    for (int i = 0; i < 20; ++i) {
      std::string text;
      const size_t length = 1 + random() % 30;
      while (text.size() < length) text += " abcd"[random() % 5];
      EXPECT_EQ((*tokenizer)->Encode(text).value(),
                EncodeByScore(pieces, text))
          << '"' << text << '"';
    }
  }
}

}  // namespace
}  // namespace pedigree

#include "packager/sentencepiece_merges.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>
#include <tuple>

namespace pedigree {
namespace {

using PieceIndex = std::map<std::string_view, const ScoredPiece*>;

PieceIndex IndexPieces(const std::vector<ScoredPiece>& pieces) {
  PieceIndex index;
  for (const ScoredPiece& piece : pieces) {
    const auto [entry, inserted] = index.emplace(piece.bytes, &piece);
    if (!inserted && piece.id < entry->second->id) entry->second = &piece;
  }
  return index;
}

std::vector<float> DistinctScoresBestFirst(
    const std::vector<ScoredPiece>& pieces) {
  std::vector<float> scores;
  for (const ScoredPiece& piece : pieces) scores.push_back(piece.score);
  std::sort(scores.begin(), scores.end(), std::greater<float>());
  scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
  return scores;
}

uint32_t RankOf(float score, const std::vector<float>& scores) {
  const auto found = std::lower_bound(scores.begin(), scores.end(), score,
                                      std::greater<float>());
  return static_cast<uint32_t>(found - scores.begin());
}

}  // namespace

std::vector<BpeMerge> MergesFromScores(const std::vector<ScoredPiece>& pieces) {
  const PieceIndex index = IndexPieces(pieces);
  const std::vector<float> scores = DistinctScoresBestFirst(pieces);
  std::vector<BpeMerge> merges;
  for (const auto& [bytes, output] : index) {
    for (size_t split = 1; split < bytes.size(); ++split) {
      const auto left = index.find(bytes.substr(0, split));
      const auto right = index.find(bytes.substr(split));
      if (left == index.end() || right == index.end()) continue;
      merges.push_back({left->second->id, right->second->id, output->id,
                        RankOf(output->score, scores)});
    }
  }
  std::sort(merges.begin(), merges.end(),
            [](const BpeMerge& a, const BpeMerge& b) {
              return std::tuple(a.rank, a.left, a.right) <
                     std::tuple(b.rank, b.left, b.right);
            });
  return merges;
}

}  // namespace pedigree

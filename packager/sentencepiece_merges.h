// BPE merges of a vocabulary that has scores instead of merges, as
// SentencePiece and llama2.c vocabularies do.

#ifndef PEDIGREE_PACKAGER_SENTENCEPIECE_MERGES_H_
#define PEDIGREE_PACKAGER_SENTENCEPIECE_MERGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "packager/tokenizer_writer.h"

namespace pedigree {

// A piece and its score. Byte tokens and specials are not pieces: they take no
// part in merging.
struct ScoredPiece {
  uint32_t id = 0;
  std::string bytes;
  float score = 0;
};

// Every (left, right) pair of pieces whose bytes together are a piece. Merging
// by score means: the pair whose output scores best, the leftmost on ties. So
// the rank is the output's place among the distinct scores, best first.
// Ascending by (rank, left, right).
//
// Where two pieces have the same bytes, the one of lowest id counts. Scores
// must be finite.
std::vector<BpeMerge> MergesFromScores(const std::vector<ScoredPiece>& pieces);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_SENTENCEPIECE_MERGES_H_

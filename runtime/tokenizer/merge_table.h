// Byte-pair merging: the loop that every BPE section shares.

#ifndef PEDIGREE_RUNTIME_TOKENIZER_MERGE_TABLE_H_
#define PEDIGREE_RUNTIME_TOKENIZER_MERGE_TABLE_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace pedigree {

// One rule: the adjacent ids `left`, `right` become `output`.
struct Merge {
  uint32_t left = 0;
  uint32_t right = 0;
  uint32_t output = 0;
  uint32_t rank = 0;
};

// An immutable set of merges.
class MergeTable {
 public:
  // Memory grows with the largest `left`.
  explicit MergeTable(std::vector<Merge> merges);

  // A pair (left, right) that two merges share, if there is one. Apply needs
  // that there is none.
  std::optional<std::pair<uint32_t, uint32_t>> FindRepeatedPair() const;

  // The merge of this pair, or null.
  const Merge* Find(uint32_t left, uint32_t right) const;

  // Replaces the adjacent pair of lowest rank, the leftmost on ties, until no
  // merge applies; returns how many ids are left at the start of `ids`. At
  // most 2^32 - 2 ids; n ids take O(n log n) steps whatever the merges are.
  size_t Apply(absl::Span<uint32_t> ids) const;

  absl::Span<const Merge> merges() const { return merges_; }

  // Besides the object itself.
  uint64_t allocated_bytes() const {
    return merges_.capacity() * sizeof(Merge) +
           first_.capacity() * sizeof(uint32_t);
  }

 private:
  size_t ApplyToFew(absl::Span<uint32_t> ids) const;
  size_t ApplyToMany(absl::Span<uint32_t> ids) const;

  std::vector<Merge> merges_;  // ascending by (left, right)
  // Merges of left id i are those from first_[i] to first_[i + 1].
  std::vector<uint32_t> first_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TOKENIZER_MERGE_TABLE_H_

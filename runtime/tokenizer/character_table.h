// The pieces of one character, by code point.

#ifndef PEDIGREE_RUNTIME_TOKENIZER_CHARACTER_TABLE_H_
#define PEDIGREE_RUNTIME_TOKENIZER_CHARACTER_TABLE_H_

#include <array>
#include <cstdint>
#include <vector>

namespace pedigree {

class CharacterTable {
 public:
  static constexpr uint32_t kNoId = 0xffffffff;

  // Keeps the first id that a code point is given.
  void Add(uint32_t code_point, uint32_t id) {
    uint16_t& page = pages_[code_point / kPageSize];
    if (page == 0) {
      ids_.resize(ids_.size() + kPageSize, kNoId);
      page = static_cast<uint16_t>(ids_.size() / kPageSize - 1);
    }
    uint32_t& entry = ids_[page * kPageSize + code_point % kPageSize];
    if (entry == kNoId) entry = id;
  }

  // kNoId for a code point without a piece.
  uint32_t Find(uint32_t code_point) const {
    const uint32_t page = pages_[code_point / kPageSize];
    return ids_[page * kPageSize + code_point % kPageSize];
  }

  // Besides the object itself.
  uint64_t allocated_bytes() const {
    return ids_.capacity() * sizeof(uint32_t);
  }

 private:
  static constexpr uint32_t kPageSize = 256;

  // Page 0 of ids_ is empty, for all code points without a page of their own.
  std::array<uint16_t, 0x110000 / kPageSize> pages_{};
  std::vector<uint32_t> ids_ = std::vector<uint32_t>(kPageSize, kNoId);
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TOKENIZER_CHARACTER_TABLE_H_

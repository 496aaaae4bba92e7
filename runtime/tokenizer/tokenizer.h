// Text to token ids and back: BTOK and BPE1 sections of a `.slm` file.
// Specification: docs/formats/tokenizer.md.

#ifndef PEDIGREE_RUNTIME_TOKENIZER_TOKENIZER_H_
#define PEDIGREE_RUNTIME_TOKENIZER_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/tokenizer/utf8.h"  // IWYU pragma: export

namespace pedigree {

// Immutable once made; any number of threads may use it.
class Tokenizer {
 public:
  // Checks and copies a tokenizer section. `vocab_size` is the header's.
  //
  // Errors: code InvalidTokenizer with the rule that is broken, the place and
  // both values.
  static absl::StatusOr<std::unique_ptr<const Tokenizer>> Parse(
      ByteSpan section, uint32_t vocab_size);

  virtual ~Tokenizer() = default;

  // "btok", "bpe1" or "bpe1-v2".
  virtual std::string_view kind() const = 0;

  // The ids of `text` with the BOS and EOS that the section's rules add.
  // A version 2 section with a normaliser asks for UTF-8 (code InvalidUtf8);
  // any other takes any bytes.
  virtual absl::StatusOr<std::vector<uint32_t>> Encode(
      std::string_view text) const = 0;

  // As Encode, without the EOS that the rules add: what generation starts
  // from.
  absl::StatusOr<std::vector<uint32_t>> EncodePrompt(
      std::string_view text) const;

  // The raw bytes that `ids` stand for. BOS, EOS, PAD and special added tokens
  // give none, UNK gives "?". `previous` is the id before ids[0], or kNoToken; SentencePiece-style
  // sections drop the space that follows BOS.
  static constexpr uint32_t kNoToken = 0xffffffff;
  virtual std::string DecodeBytes(absl::Span<const uint32_t> ids,
                                  uint32_t previous = kNoToken) const = 0;

  // What it keeps in memory, a copy of the section among it.
  virtual uint64_t allocated_bytes() const {
    return stop_ids_.capacity() * sizeof(uint32_t) + excluded_.capacity() / 8;
  }

  uint32_t vocab_size() const { return vocab_size_; }
  uint32_t bos() const { return bos_; }
  uint32_t eos() const { return eos_; }
  uint32_t pad() const { return pad_; }
  uint32_t unk() const { return unk_; }
  // Ids that end generation, ascending.
  absl::Span<const uint32_t> stop_ids() const { return stop_ids_; }
  // excluded()[id] is true for ids that take no part in softmax, sampling or
  // log-likelihood: PAD, UNK, absent ones and copies.
  const std::vector<bool>& excluded() const { return excluded_; }

 protected:
  uint32_t vocab_size_ = 0;
  uint32_t bos_ = 0;
  uint32_t eos_ = 0;
  uint32_t pad_ = 0;
  uint32_t unk_ = 0;
  bool add_eos_ = true;
  std::vector<uint32_t> stop_ids_;
  std::vector<bool> excluded_;
};

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_TOKENIZER_TOKENIZER_H_

// Any bytes: Tokenizer::Parse refuses them or gives a tokenizer whose encoding
// of them decodes again.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const pedigree::ByteSpan bytes(data, size);
  const std::string_view text = pedigree::AsText(bytes);
  PEDIGREE_CHECK(pedigree::CompleteUtf8Prefix(text) + 3 >= size);
  PEDIGREE_CHECK(!pedigree::FindInvalidUtf8(pedigree::ReplaceInvalidUtf8(text))
                      .has_value());
  // The header's vocab_size is the section's own unless it is too short.
  const uint32_t vocab_size =
      size < 12 ? 260 : pedigree::LoadLittleEndian<uint32_t>(data + 8);
  const auto tokenizer = pedigree::Tokenizer::Parse(bytes, vocab_size);
  if (!tokenizer.ok()) return 0;
  const auto ids = (*tokenizer)->Encode(text);
  if (!ids.ok()) return 0;
  for (const uint32_t id : *ids) PEDIGREE_CHECK(id < vocab_size);
  // Normalising makes at most three bytes of one; each added token may bring a
  // space with it, and the section BOS and EOS.
  PEDIGREE_CHECK(ids->size() <= 4 * size + 3);
  (*tokenizer)->DecodeBytes(*ids);
  return 0;
}

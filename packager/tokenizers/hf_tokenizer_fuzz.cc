// Any bytes as tokenizer.json: they are refused, or give a section that encodes
// them and decodes again.

#include <cstddef>
#include <cstdint>

#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pedigree::HfTokenizerFiles files;
  files.tokenizer_json = {"tokenizer.json", pedigree::ByteSpan(data, size)};
  files.ids.eos = {2};
  const auto imported = pedigree::ImportHfTokenizer(files, 264);
  if (!imported.ok()) return 0;
  const size_t vocab_size = imported->source_row_of_id.size();
  const auto tokenizer = pedigree::Tokenizer::Parse(
      pedigree::AsBytes(imported->section), vocab_size);
  PEDIGREE_CHECK(tokenizer.ok());
  const auto ids =
      (*tokenizer)->Encode(pedigree::AsText(files.tokenizer_json.bytes));
  PEDIGREE_CHECK(ids.ok());
  for (const uint32_t id : *ids) {
    PEDIGREE_CHECK(id < vocab_size);
    PEDIGREE_CHECK(imported->source_row_of_id[id] != pedigree::kAbsentRow);
  }
  (*tokenizer)->DecodeBytes(*ids);
  return 0;
}

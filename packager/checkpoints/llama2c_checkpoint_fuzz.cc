// Any bytes as a llama2.c checkpoint or tokenizer: the import refuses them or
// writes a model that parses, a section that encodes and decodes. The first byte
// chooses: c(heckpoint), t(okenizer).

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "packager/byte_sink.h"
#include "packager/checkpoints/llama2c_checkpoint.h"
#include "packager/store_source.h"
#include "packager/tokenizer_writer.h"
#include "packager/tokenizers/llama2c_tokenizer.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/format/slm_reader.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

void ImportCheckpoint(ByteSpan file) {
  static const std::string& tokenizer = *new std::string(WriteBtok());
  const auto source = OpenLlama2cCheckpoint({"tiny.bin", file},
                                            {"btok.tok", AsBytes(tokenizer)});
  if (!source.ok()) return;
  StorageRequest request;
  request.as_source = true;
  std::string bytes;
  StringSink sink(&bytes);
  if (!StoreSource(*source, request, &sink).ok()) return;
  PEDIGREE_CHECK(SlmReader::Parse(AsBytes(bytes)).ok());
}

void ImportTokenizer(ByteSpan file) {
  // Of the seed: 259 that every vocabulary has, and 5 pieces.
  constexpr int64_t kSourceVocabSize = 264;
  const auto imported = ImportLlama2cTokenizer({"tok.bin", file},
                                               kSourceVocabSize);
  if (!imported.ok()) return;
  const uint32_t vocab_size = imported->source_row_of_id.size();
  const auto tokenizer =
      Tokenizer::Parse(AsBytes(imported->section), vocab_size);
  PEDIGREE_CHECK(tokenizer.ok());
  const auto ids = (*tokenizer)->Encode(AsText(file));
  if (!ids.ok()) return;
  for (const uint32_t id : *ids) PEDIGREE_CHECK(id < vocab_size);
  (*tokenizer)->DecodeBytes(*ids);
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::vector<uint8_t> file(data + 1, data + size);  // aligned
  if (data[0] == 'c') pedigree::ImportCheckpoint(file);
  if (data[0] == 't') pedigree::ImportTokenizer(file);
  return 0;
}

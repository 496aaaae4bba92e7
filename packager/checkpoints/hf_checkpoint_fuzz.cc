// Any bytes as one file of a Hugging Face checkpoint whose others are right:
// the import refuses them or writes a model that parses.

#include <cstddef>
#include <cstdint>
#include <string>

#include "packager/byte_sink.h"
#include "packager/checkpoints/hf_checkpoint.h"
#include "packager/store_source.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/file.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

std::string ReadFixture(const char* path) {
  const auto contents = ReadFile(path);
  PEDIGREE_CHECK(contents.ok());
  return *contents;
}

void Import(ByteSpan config, ByteSpan weights) {
  static const std::string& tokenizer = *new std::string(WriteBtok());
  HfFiles files;
  files.config = {"config.json", config};
  files.weights = {{"model.safetensors", weights}};
  files.tokenizer = {"btok.tok", AsBytes(tokenizer)};
  const auto source = OpenHfCheckpoint(files);
  if (!source.ok()) return;
  std::string bytes;
  StringSink sink(&bytes);
  if (!StoreSource(*source, {}, &sink).ok()) return;
  PEDIGREE_CHECK(SlmReader::Parse(AsBytes(bytes)).ok());
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string& config = *new std::string(
      pedigree::ReadFixture("fixtures/hf_config/valid/config.json"));
  static const std::string& weights = *new std::string(pedigree::ReadFixture(
      "fixtures/safetensors/valid/tiny-BF16.safetensors"));
  const pedigree::ByteSpan bytes(data, size);
  // A safetensors file begins with a length below 2^32.
  if (size >= 8 && data[7] == 0) {
    pedigree::Import(pedigree::AsBytes(config), bytes);
    return 0;
  }
  pedigree::Import(bytes, pedigree::AsBytes(weights));
  pedigree::IndexedFiles(pedigree::AsText(bytes)).IgnoreError();
  return 0;
}

// Any bytes as one file of a PEFT adapter whose other is right: the import
// refuses them or writes an adapter that fits its parent.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "packager/checkpoints/peft_adapter.h"
#include "runtime/adapters/adapter_reader.h"
#include "runtime/adapters/validate_adapter.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/file.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

std::string ReadFixture(const char* path) {
  const auto contents = ReadFile(path);
  PEDIGREE_CHECK(contents.ok());
  return *contents;
}

void Import(ByteSpan config, ByteSpan weights) {
  static const std::string& model =
      *new std::string(ReadFixture("fixtures/slm/valid/tiny-f32.slm"));
  static const SlmReader& parent =
      *new SlmReader(*SlmReader::Parse(AsBytes(model)));
  static const Digest digest = Sha256(model);
  const auto adapter =
      ImportPeft({{"adapter_config.json", config},
                  {"adapter_model.safetensors", weights}},
                 parent, digest, std::vector<TokenIdRange>());
  if (!adapter.ok()) return;
  const auto reader = AdapterReader::Parse(AsBytes(*adapter));
  PEDIGREE_CHECK(reader.ok());
  PEDIGREE_CHECK(ValidateAdapter(*reader, parent, digest).ok());
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string& config = *new std::string(
      pedigree::ReadFixture("fixtures/peft/valid/adapter_config.json"));
  static const std::string& weights = *new std::string(pedigree::ReadFixture(
      "fixtures/peft/valid/adapter_model.safetensors"));
  const pedigree::ByteSpan bytes(data, size);
  // A safetensors file begins with a length below 2^32.
  if (size >= 8 && data[7] == 0) {
    pedigree::Import(pedigree::AsBytes(config), bytes);
  } else {
    pedigree::Import(bytes, pedigree::AsBytes(weights));
  }
  return 0;
}

// Any bytes as a GGUF file: the import refuses them or writes a model that
// parses.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "packager/byte_sink.h"
#include "packager/checkpoints/gguf_checkpoint.h"
#include "packager/store_source.h"
#include "packager/tokenizer_writer.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/format/slm_reader.h"

namespace pedigree {
namespace {

void Import(ByteSpan file, const std::optional<SourceFile>& tokenizer) {
  const auto source = OpenGgufCheckpoint({"tiny.gguf", file}, tokenizer);
  if (!source.ok()) return;
  StorageRequest request;
  request.as_source = true;
  std::string bytes;
  StringSink sink(&bytes);
  if (!StoreSource(*source, request, &sink).ok()) return;
  PEDIGREE_CHECK(SlmReader::Parse(AsBytes(bytes)).ok());
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const pedigree::ByteSpan file(data, size);
  static const std::string& btok = *new std::string(pedigree::WriteBtok());
  pedigree::Import(
      file, pedigree::SourceFile{"btok.tok", pedigree::AsBytes(btok)});
  pedigree::Import(file, std::nullopt);
  return 0;
}

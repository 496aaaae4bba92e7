// Any bytes: AdapterReader refuses them or gives views that can be read.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/base/checksum.h"

namespace pedigree {
namespace {

void ReadAll(const std::vector<uint8_t>& file) {
  const auto adapter = AdapterReader::Parse(file);
  if (!adapter.ok()) return;
  for (const AdapterPayload& payload : adapter->payloads()) {
    for (const float delta : payload.deltas) {
      PEDIGREE_CHECK(delta - delta == 0);  // finite
    }
  }
}

}  // namespace
}  // namespace pedigree

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint8_t> file(data, data + size);  // aligned
  pedigree::ReadAll(file);
  if (size < pedigree::kAdapterHeaderBytes) return 0;
  // Once more with the right checksum, which would else hide what is behind.
  pedigree::StoreLittleEndian(
      pedigree::FileChecksum(file, pedigree::kAdapterChecksumOffset),
      &file[pedigree::kAdapterChecksumOffset]);
  pedigree::ReadAll(file);
  return 0;
}

// Any bytes: AdapterReader refuses them or gives views that can be read.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/adapters/adapter_reader.h"
#include "runtime/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<uint8_t> file(data, data + size);  // aligned
  const auto adapter = pedigree::AdapterReader::Parse(file);
  if (!adapter.ok()) return 0;
  for (const pedigree::AdapterPayload& payload : adapter->payloads()) {
    for (const float delta : payload.deltas) {
      PEDIGREE_CHECK(delta - delta == 0);  // finite
    }
  }
  return 0;
}

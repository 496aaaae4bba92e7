// Feeds bytes to the checker of bills of materials.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "release/bom/bom_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)pedigree::CheckBom(
      std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}

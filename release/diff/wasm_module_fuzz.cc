// Feeds bytes to the reader of WebAssembly modules.

#include <cstddef>
#include <cstdint>

#include "release/diff/wasm_difference.h"
#include "release/diff/wasm_module.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto module = pedigree::ParseWasmModule(pedigree::ByteSpan(data, size));
  if (!module.ok()) return 0;
  // Sections lie behind one another inside the module.
  uint64_t bytes = 8;
  for (const pedigree::WasmSection& section : module->sections) {
    bytes += 2 + section.size;
  }
  PEDIGREE_CHECK(bytes <= size);
  const auto difference = pedigree::CompareWasm(*module, *module);
  PEDIGREE_CHECK(difference.sections.empty() &&
                 difference.exports_added.empty() &&
                 difference.imports_removed.empty());
  return 0;
}

// What differs between two WebAssembly modules.

#ifndef PEDIGREE_RELEASE_DIFF_WASM_DIFFERENCE_H_
#define PEDIGREE_RELEASE_DIFF_WASM_DIFFERENCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "release/diff/wasm_module.h"

namespace pedigree {

// A section whose size is not the same, or that only one of them has.
struct WasmSectionChange {
  std::string name;
  std::optional<uint64_t> size_a;
  std::optional<uint64_t> size_b;
};

struct WasmDifference {
  std::vector<WasmSectionChange> sections;
  // "func generate", "memory env.memory": kind and name; ascending.
  std::vector<std::string> imports_removed;
  std::vector<std::string> imports_added;
  std::vector<std::string> exports_removed;
  std::vector<std::string> exports_added;
};

// Sections of one name count as one.
WasmDifference CompareWasm(const WasmModule& a, const WasmModule& b);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_WASM_DIFFERENCE_H_

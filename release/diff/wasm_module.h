// What a WebAssembly module says it needs and offers: sections, imports and
// exports. Code is not looked at. Specification: WebAssembly core, "Binary
// format".

#ifndef PEDIGREE_RELEASE_DIFF_WASM_MODULE_H_
#define PEDIGREE_RELEASE_DIFF_WASM_MODULE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"

namespace pedigree {

// Limits on what is kept of a module.
inline constexpr uint64_t kMaxWasmSections = 1000;
inline constexpr uint64_t kMaxWasmNames = 100000;
inline constexpr uint64_t kMaxWasmNameBytes = 4096;

struct WasmSection {
  // "code", "custom \"name\"".
  std::string name;
  uint64_t size = 0;
};

// Kinds are "func", "table", "memory", "global" and "tag".
struct WasmImport {
  std::string module;
  std::string name;
  std::string_view kind;
};

struct WasmExport {
  std::string name;
  std::string_view kind;
};

struct WasmModule {
  // In the order of the file.
  std::vector<WasmSection> sections;
  std::vector<WasmImport> imports;
  std::vector<WasmExport> exports;
};

// Reads a module of version 1.
//
// Errors: kInvalidArgument with the byte position, kUnimplemented for another
// version, kResourceExhausted past one of the limits.
absl::StatusOr<WasmModule> ParseWasmModule(ByteSpan bytes);

}  // namespace pedigree

#endif  // PEDIGREE_RELEASE_DIFF_WASM_MODULE_H_

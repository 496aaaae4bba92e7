#include "release/diff/wasm_module.h"

#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/json.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr std::string_view kMagic("\0asm", 4);
constexpr uint32_t kVersion = 1;
constexpr uint8_t kCustomSection = 0;
constexpr uint8_t kImportSection = 2;
constexpr uint8_t kExportSection = 7;
constexpr std::string_view kSectionNames[] = {
    "custom", "type",  "import",  "function", "table", "memory",     "global",
    "export", "start", "element", "code",     "data",  "data count", "tag"};
constexpr std::string_view kKinds[] = {"func", "table", "memory", "global",
                                       "tag"};
constexpr uint8_t kFunc = 0;
constexpr uint8_t kTable = 1;
constexpr uint8_t kMemory = 2;
constexpr uint8_t kGlobal = 3;
// Bits of a limit's flags.
constexpr uint8_t kHasMaximum = 1;
constexpr uint8_t kAllLimitFlags = 7;

// A part of the module, read front to back. Positions in errors are those of
// the file.
class WasmReader {
 public:
  WasmReader(ByteSpan bytes, uint64_t position)
      : bytes_(bytes), position_(position) {}

  bool done() const { return bytes_.empty(); }
  uint64_t size() const { return bytes_.size(); }
  uint64_t position() const { return position_; }

  absl::Status Invalid(std::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid WebAssembly module: ", what, ", at byte ", position_));
  }

  absl::StatusOr<uint8_t> Byte(std::string_view what) {
    if (bytes_.empty()) return Invalid(absl::StrCat(what, " is cut off"));
    return Take(1)[0];
  }

  // An unsigned LEB128 of at most `max_bits` bits.
  absl::StatusOr<uint64_t> Number(std::string_view what, int max_bits = 32) {
    uint64_t value = 0;
    for (int shift = 0; shift < max_bits; shift += 7) {
      PEDIGREE_ASSIGN_OR_RETURN(const uint8_t byte, Byte(what));
      const uint64_t bits = byte & 0x7f;
      if (max_bits - shift < 7 && bits >> (max_bits - shift) != 0) break;
      value |= bits << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return Invalid(absl::StrCat(what, " has more than ", max_bits, " bits"));
  }

  absl::StatusOr<WasmReader> Part(std::string_view what) {
    PEDIGREE_ASSIGN_OR_RETURN(const uint64_t size, Number(what));
    if (size > bytes_.size()) {
      return Invalid(absl::StrCat(what, " of ", size, " bytes is cut off (",
                                  bytes_.size(), " left)"));
    }
    const uint64_t position = position_;
    return WasmReader(Take(size), position);
  }

  absl::StatusOr<std::string> Name(std::string_view what) {
    PEDIGREE_ASSIGN_OR_RETURN(const WasmReader part, Part(what));
    if (part.size() > kMaxWasmNameBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("WebAssembly module: ", what, " has ", part.size(),
                       " bytes (at most ", kMaxWasmNameBytes, "), at byte ",
                       part.position()));
    }
    std::string name(AsText(part.bytes_));
    if (!IsValidUtf8(name))
      return part.Invalid(absl::StrCat(what, " is not UTF-8"));
    return name;
  }

 private:
  ByteSpan Take(size_t count) {
    const ByteSpan taken = bytes_.first(count);
    bytes_.remove_prefix(count);
    position_ += count;
    return taken;
  }

  ByteSpan bytes_;
  uint64_t position_;
};

// The number of entries of a list, each of which takes a byte at least.
absl::StatusOr<uint64_t> ReadCount(WasmReader& reader, std::string_view what) {
  PEDIGREE_ASSIGN_OR_RETURN(const uint64_t count, reader.Number(what));
  if (count > reader.size()) {
    return reader.Invalid(absl::StrCat(
        what, " is ", count, " (expected at most ", reader.size(), ")"));
  }
  if (count > kMaxWasmNames) {
    return absl::ResourceExhaustedError(
        absl::StrCat("WebAssembly module: ", what, " is ", count, " (at most ",
                     kMaxWasmNames, ")"));
  }
  return count;
}

absl::StatusOr<uint8_t> ReadKind(WasmReader& reader) {
  PEDIGREE_ASSIGN_OR_RETURN(const uint8_t kind, reader.Byte("kind"));
  if (kind < std::size(kKinds)) return kind;
  return reader.Invalid(absl::StrCat("kind is ", kind, " (expected 0 to ",
                                     std::size(kKinds) - 1, ")"));
}

absl::Status SkipLimits(WasmReader& reader) {
  PEDIGREE_ASSIGN_OR_RETURN(const uint8_t flags, reader.Byte("limits"));
  if (flags > kAllLimitFlags) {
    return reader.Invalid(absl::StrCat("flags of limits are ", flags,
                                       " (expected 0 to ", kAllLimitFlags,
                                       ")"));
  }
  PEDIGREE_RETURN_IF_ERROR(reader.Number("minimum", 64).status());
  if ((flags & kHasMaximum) == 0) return absl::OkStatus();
  return reader.Number("maximum", 64).status();
}

// Skips what an import says of the type of what it wants.
absl::Status SkipImportType(WasmReader& reader, uint8_t kind) {
  if (kind == kFunc) return reader.Number("type index").status();
  if (kind == kMemory) return SkipLimits(reader);
  // The type of elements or value, or a tag's attribute.
  PEDIGREE_RETURN_IF_ERROR(reader.Byte("type").status());
  if (kind == kTable) return SkipLimits(reader);
  if (kind == kGlobal) return reader.Byte("mutability").status();
  return reader.Number("type index").status();
}

absl::Status CheckAtEnd(const WasmReader& reader, std::string_view what) {
  if (reader.done()) return absl::OkStatus();
  return reader.Invalid(
      absl::StrCat(reader.size(), " bytes behind the last ", what));
}

absl::Status ReadImports(WasmReader reader, WasmModule& module) {
  PEDIGREE_ASSIGN_OR_RETURN(const uint64_t count,
                            ReadCount(reader, "number of imports"));
  for (uint64_t i = 0; i < count; ++i) {
    PEDIGREE_ASSIGN_OR_RETURN(std::string from, reader.Name("import's module"));
    PEDIGREE_ASSIGN_OR_RETURN(std::string name, reader.Name("import's name"));
    PEDIGREE_ASSIGN_OR_RETURN(const uint8_t kind, ReadKind(reader));
    PEDIGREE_RETURN_IF_ERROR(SkipImportType(reader, kind));
    module.imports.push_back({std::move(from), std::move(name), kKinds[kind]});
  }
  return CheckAtEnd(reader, "import");
}

absl::Status ReadExports(WasmReader reader, WasmModule& module) {
  PEDIGREE_ASSIGN_OR_RETURN(const uint64_t count,
                            ReadCount(reader, "number of exports"));
  for (uint64_t i = 0; i < count; ++i) {
    PEDIGREE_ASSIGN_OR_RETURN(std::string name, reader.Name("export's name"));
    PEDIGREE_ASSIGN_OR_RETURN(const uint8_t kind, ReadKind(reader));
    PEDIGREE_RETURN_IF_ERROR(reader.Number("export's index").status());
    module.exports.push_back({std::move(name), kKinds[kind]});
  }
  return CheckAtEnd(reader, "export");
}

absl::StatusOr<std::string> SectionName(uint8_t id, WasmReader section) {
  if (id >= std::size(kSectionNames)) {
    return section.Invalid(absl::StrCat("section id is ", id,
                                        " (expected 0 to ",
                                        std::size(kSectionNames) - 1, ")"));
  }
  if (id != kCustomSection) return std::string(kSectionNames[id]);
  PEDIGREE_ASSIGN_OR_RETURN(const std::string name,
                            section.Name("custom section's name"));
  return absl::StrCat("custom \"", name, "\"");
}

absl::Status ReadSection(WasmReader& reader, WasmModule& module) {
  if (module.sections.size() == kMaxWasmSections) {
    return absl::ResourceExhaustedError(
        absl::StrCat("WebAssembly module: more than ", kMaxWasmSections,
                     " sections, at byte ", reader.position()));
  }
  PEDIGREE_ASSIGN_OR_RETURN(const uint8_t id, reader.Byte("section id"));
  PEDIGREE_ASSIGN_OR_RETURN(const WasmReader section, reader.Part("section"));
  PEDIGREE_ASSIGN_OR_RETURN(std::string name, SectionName(id, section));
  module.sections.push_back({std::move(name), section.size()});
  if (id == kImportSection) return ReadImports(section, module);
  if (id == kExportSection) return ReadExports(section, module);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<WasmModule> ParseWasmModule(ByteSpan bytes) {
  constexpr size_t kHeaderBytes = 8;
  const std::string_view text = AsText(bytes);
  if (bytes.size() < kHeaderBytes || text.substr(0, 4) != kMagic) {
    return absl::InvalidArgumentError(
        "Invalid WebAssembly module: no magic, at byte 0");
  }
  const uint32_t version = LoadLittleEndian<uint32_t>(bytes.data() + 4);
  if (version != kVersion) {
    return absl::UnimplementedError(
        absl::StrCat("Unsupported WebAssembly version: ", version,
                     " (this build reads ", kVersion, ")"));
  }
  WasmModule module;
  WasmReader reader(bytes.subspan(kHeaderBytes), kHeaderBytes);
  while (!reader.done()) {
    PEDIGREE_RETURN_IF_ERROR(ReadSection(reader, module));
  }
  return module;
}

}  // namespace pedigree

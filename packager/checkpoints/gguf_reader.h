// Reading GGUF files, versions 2 and 3: typed metadata, then tensors. Source:
// docs/gguf.md of github.com/ggml-org/ggml.

#ifndef PEDIGREE_PACKAGER_CHECKPOINTS_GGUF_READER_H_
#define PEDIGREE_PACKAGER_CHECKPOINTS_GGUF_READER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "packager/model_source.h"
#include "runtime/base/bytes.h"

namespace pedigree {

// The type of a metadata value, as numbered in the file.
enum class GgufType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// "u32", "string".
std::string_view GgufTypeName(GgufType type);

// One metadata value, still as it lies in the file.
struct GgufValue {
  // Of an array, that of its elements.
  GgufType type = GgufType::kUint8;
  bool is_array = false;
  // Elements; 1 unless an array.
  uint64_t count = 1;
  ByteSpan bytes;
};

struct GgufTensor {
  SourceEncoding encoding = SourceEncoding::kF32;
  // From the innermost out: columns, rows.
  std::vector<uint64_t> dims;
  ByteSpan bytes;
};

// Names borrow the file's bytes.
struct GgufFile {
  uint32_t version = 0;
  std::map<std::string_view, GgufValue> metadata;
  std::map<std::string_view, GgufTensor> tensors;
};

// More metadata values or tensors than any file of a known model has.
inline constexpr uint64_t kMaxGgufEntries = 1 << 16;

// Checks that every value, name and tensor lies inside the file, that names are
// not repeated, and that tensors start at multiples of the file's alignment
// and do not overlap.
//
// Errors: kDataLoss for a file that is cut short; kInvalidArgument for one
// that breaks the format, with key or tensor, byte and both values;
// kUnimplemented for another version, byte order or tensor type.
absl::StatusOr<GgufFile> ParseGguf(ByteSpan file_bytes);

// `value` as what is asked for, or nothing when it is of another type.
// Integers of any width and sign are taken where their value fits.
std::optional<std::string_view> GgufString(const GgufValue& value);
std::optional<int64_t> GgufInteger(const GgufValue& value);
std::optional<double> GgufNumber(const GgufValue& value);
std::optional<bool> GgufBool(const GgufValue& value);
std::optional<std::vector<std::string_view>> GgufStrings(
    const GgufValue& value);
std::optional<std::vector<float>> GgufFloats(const GgufValue& value);
std::optional<std::vector<int64_t>> GgufIntegers(const GgufValue& value);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_CHECKPOINTS_GGUF_READER_H_

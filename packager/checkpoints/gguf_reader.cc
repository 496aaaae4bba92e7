#include "packager/checkpoints/gguf_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr uint64_t kDefaultAlignment = 32;
constexpr int64_t kMaxAlignment = int64_t{1} << 24;
constexpr uint64_t kMaxKeyBytes = 65535;
constexpr uint64_t kMaxTensorNameBytes = 256;
constexpr uint32_t kMaxRank = 4;

std::string Quoted(std::string_view text) {
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, 200)), "\"");
}

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid GGUF file: ", parts...));
}

// Bytes of one value; 0 for strings and arrays.
uint64_t TypeBytes(GgufType type) {
  switch (type) {
    case GgufType::kUint8:
    case GgufType::kInt8:
    case GgufType::kBool:
      return 1;
    case GgufType::kUint16:
    case GgufType::kInt16:
      return 2;
    case GgufType::kUint32:
    case GgufType::kInt32:
    case GgufType::kFloat32:
      return 4;
    case GgufType::kUint64:
    case GgufType::kInt64:
    case GgufType::kFloat64:
      return 8;
    case GgufType::kString:
    case GgufType::kArray:
      return 0;
  }
  return 0;
}

struct TensorType {
  uint32_t number;
  std::string_view name;
  // Nothing for types that are only known by name.
  std::optional<SourceEncoding> encoding;
};

constexpr TensorType kTensorTypes[] = {
    {0, "F32", SourceEncoding::kF32},
    {1, "F16", SourceEncoding::kF16},
    {2, "Q4_0", SourceEncoding::kQ4Blocks},
    {3, "Q4_1", std::nullopt},
    {6, "Q5_0", std::nullopt},
    {7, "Q5_1", std::nullopt},
    {8, "Q8_0", SourceEncoding::kQ8Blocks},
    {9, "Q8_1", std::nullopt},
    {10, "Q2_K", std::nullopt},
    {11, "Q3_K", std::nullopt},
    {12, "Q4_K", std::nullopt},
    {13, "Q5_K", std::nullopt},
    {14, "Q6_K", std::nullopt},
    {15, "Q8_K", std::nullopt},
    {16, "IQ2_XXS", std::nullopt},
    {17, "IQ2_XS", std::nullopt},
    {18, "IQ3_XXS", std::nullopt},
    {19, "IQ1_S", std::nullopt},
    {20, "IQ4_NL", std::nullopt},
    {21, "IQ3_S", std::nullopt},
    {22, "IQ2_S", std::nullopt},
    {23, "IQ4_XS", std::nullopt},
    {24, "I8", std::nullopt},
    {25, "I16", std::nullopt},
    {26, "I32", std::nullopt},
    {27, "I64", std::nullopt},
    {28, "F64", std::nullopt},
    {29, "IQ1_M", std::nullopt},
    {30, "BF16", SourceEncoding::kBF16},
    {34, "TQ1_0", std::nullopt},
    {35, "TQ2_0", std::nullopt},
    {39, "MXFP4", std::nullopt},
};

absl::StatusOr<SourceEncoding> FindEncoding(uint32_t type,
                                            std::string_view tensor) {
  std::string name = absl::StrCat("type ", type);
  for (const TensorType& known : kTensorTypes) {
    if (known.number != type) continue;
    if (known.encoding.has_value()) return *known.encoding;
    name = std::string(known.name);
  }
  return absl::UnimplementedError(
      absl::StrCat("Unsupported GGUF tensor type: ", name, " of tensor ",
                   Quoted(tensor), " (this build reads F32, F16, BF16, Q8_0 "
                   "and Q4_0)"));
}

// Walks the file's head.
class Cursor {
 public:
  explicit Cursor(ByteSpan bytes) : bytes_(bytes) {}

  uint64_t offset() const { return offset_; }
  ByteSpan Since(uint64_t begin) const {
    return bytes_.subspan(begin, offset_ - begin);
  }

  // `what` names what is read in the error.
  absl::Status Skip(uint64_t count, std::string_view what) {
    if (!RangeInside(offset_, count, bytes_.size())) {
      return absl::DataLossError(
          absl::StrCat("Corrupted GGUF file: ", what, " at byte ", offset_,
                       " takes ", count, " bytes, past file size ",
                       bytes_.size()));
    }
    offset_ += count;
    return absl::OkStatus();
  }

  template <typename T>
  absl::StatusOr<T> Number(std::string_view what) {
    PEDIGREE_RETURN_IF_ERROR(Skip(sizeof(T), what));
    return LoadLittleEndian<T>(bytes_.data() + offset_ - sizeof(T));
  }

  absl::StatusOr<std::string_view> String(std::string_view what) {
    PEDIGREE_ASSIGN_OR_RETURN(const auto length, Number<uint64_t>(what));
    PEDIGREE_RETURN_IF_ERROR(Skip(length, what));
    return AsText(bytes_.subspan(offset_ - length, length));
  }

 private:
  ByteSpan bytes_;
  uint64_t offset_ = 0;
};

absl::StatusOr<GgufType> ReadType(std::string_view key, Cursor& cursor) {
  const uint64_t offset = cursor.offset();
  PEDIGREE_ASSIGN_OR_RETURN(const auto type,
                            cursor.Number<uint32_t>("a value's type"));
  if (type > static_cast<uint32_t>(GgufType::kFloat64)) {
    return Invalid("key ", Quoted(key), " has type ", type,
                   " (expected 0 to 12), at byte ", offset);
  }
  return static_cast<GgufType>(type);
}

absl::Status CheckBools(std::string_view key, const GgufValue& value) {
  if (value.type != GgufType::kBool) return absl::OkStatus();
  for (const uint8_t byte : value.bytes) {
    if (byte > 1) {
      return Invalid("key ", Quoted(key), " has bool ", byte,
                     " (expected 0 or 1)");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<GgufValue> ReadValue(std::string_view key, Cursor& cursor) {
  GgufValue value;
  PEDIGREE_ASSIGN_OR_RETURN(value.type, ReadType(key, cursor));
  if (value.type == GgufType::kArray) {
    value.is_array = true;
    PEDIGREE_ASSIGN_OR_RETURN(value.type, ReadType(key, cursor));
    if (value.type == GgufType::kArray) {
      return absl::UnimplementedError(absl::StrCat(
          "Unsupported GGUF value: key ", Quoted(key), " is a list of lists"));
    }
    PEDIGREE_ASSIGN_OR_RETURN(value.count,
                              cursor.Number<uint64_t>("a list's length"));
  }
  const uint64_t begin = cursor.offset();
  const std::string what = absl::StrCat("value of key ", Quoted(key));
  if (value.type == GgufType::kString) {
    // Each string takes bytes of its own, so a false count soon meets the end.
    for (uint64_t i = 0; i < value.count; ++i) {
      PEDIGREE_RETURN_IF_ERROR(cursor.String(what).status());
    }
  } else {
    const uint64_t most = std::numeric_limits<uint64_t>::max();
    PEDIGREE_RETURN_IF_ERROR(cursor.Skip(
        CheckedMul(value.count, TypeBytes(value.type)).value_or(most), what));
  }
  value.bytes = cursor.Since(begin);
  PEDIGREE_RETURN_IF_ERROR(CheckBools(key, value));
  return value;
}

absl::Status ReadMetadata(uint64_t count, Cursor& cursor, GgufFile& file) {
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t offset = cursor.offset();
    PEDIGREE_ASSIGN_OR_RETURN(const std::string_view key,
                              cursor.String(absl::StrCat("key ", i)));
    if (key.empty() || key.size() > kMaxKeyBytes) {
      return Invalid("key ", i, " has ", key.size(), " bytes (expected 1 to ",
                     kMaxKeyBytes, "), at byte ", offset);
    }
    PEDIGREE_ASSIGN_OR_RETURN(const GgufValue value, ReadValue(key, cursor));
    if (!file.metadata.emplace(key, value).second) {
      return Invalid("key ", Quoted(key), " is there twice, at byte ", offset);
    }
  }
  return absl::OkStatus();
}

// A tensor as its entry says, before the data's place is known.
struct TensorInfo {
  std::string_view name;
  GgufTensor tensor;
  uint64_t offset = 0;
  uint64_t length = 0;
};

absl::StatusOr<TensorInfo> ReadTensorInfo(uint64_t index, Cursor& cursor) {
  TensorInfo info;
  const std::string what = absl::StrCat("entry of tensor ", index);
  const uint64_t begin = cursor.offset();
  PEDIGREE_ASSIGN_OR_RETURN(info.name, cursor.String(what));
  if (info.name.empty() || info.name.size() > kMaxTensorNameBytes) {
    return Invalid("tensor ", index, " has a name of ", info.name.size(),
                   " bytes (expected 1 to ", kMaxTensorNameBytes,
                   "), at byte ", begin);
  }
  PEDIGREE_ASSIGN_OR_RETURN(const auto rank, cursor.Number<uint32_t>(what));
  if (rank < 1 || rank > kMaxRank) {
    return Invalid("tensor ", Quoted(info.name), " has rank ", rank,
                   " (expected 1 to ", kMaxRank, ")");
  }
  std::optional<uint64_t> rows = 1;
  for (uint32_t i = 0; i < rank; ++i) {
    PEDIGREE_ASSIGN_OR_RETURN(const auto dim, cursor.Number<uint64_t>(what));
    if (dim == 0) {
      return Invalid("tensor ", Quoted(info.name), " has dimension ", i,
                     " of 0");
    }
    info.tensor.dims.push_back(dim);
    if (i > 0 && rows.has_value()) rows = CheckedMul(*rows, dim);
  }
  PEDIGREE_ASSIGN_OR_RETURN(const auto type, cursor.Number<uint32_t>(what));
  PEDIGREE_ASSIGN_OR_RETURN(info.tensor.encoding,
                            FindEncoding(type, info.name));
  PEDIGREE_ASSIGN_OR_RETURN(info.offset, cursor.Number<uint64_t>(what));
  const uint64_t columns = info.tensor.dims[0];
  // Keeps the bytes of a row in range; a row is in memory as a whole.
  if (columns > std::numeric_limits<uint32_t>::max()) {
    return Invalid("tensor ", Quoted(info.name), " has rows of ", columns,
                   " values (at most 2^32 - 1)");
  }
  const uint64_t row_bytes = EncodedBytes(info.tensor.encoding, columns);
  if (row_bytes == 0) {
    return Invalid("tensor ", Quoted(info.name), " has rows of ", columns,
                   " values (its type needs a multiple of 32)");
  }
  const std::optional<uint64_t> length =
      rows.has_value() ? CheckedMul(*rows, row_bytes) : std::nullopt;
  if (!length.has_value()) {
    return Invalid("tensor ", Quoted(info.name), " has more than 2^64 bytes");
  }
  info.length = *length;
  return info;
}

absl::StatusOr<uint64_t> ReadAlignment(const GgufFile& file) {
  const auto value = file.metadata.find("general.alignment");
  if (value == file.metadata.end()) return kDefaultAlignment;
  const std::optional<int64_t> alignment = GgufInteger(value->second);
  if (!alignment.has_value()) {
    return Invalid("general.alignment is no integer");
  }
  if (*alignment < 1 || *alignment > kMaxAlignment ||
      (*alignment & (*alignment - 1)) != 0) {
    return Invalid("general.alignment is ", *alignment,
                   " (expected a power of two up to ", kMaxAlignment, ")");
  }
  return static_cast<uint64_t>(*alignment);
}

absl::Status PlaceTensors(std::vector<TensorInfo> infos, ByteSpan data,
                          uint64_t alignment, GgufFile& file) {
  for (const TensorInfo& info : infos) {
    if (info.offset % alignment != 0) {
      return Invalid("tensor ", Quoted(info.name), " starts at ", info.offset,
                     " of the data (no multiple of ", alignment, ")");
    }
    if (!RangeInside(info.offset, info.length, data.size())) {
      return absl::DataLossError(absl::StrCat(
          "Corrupted GGUF file: tensor ", Quoted(info.name), " of ",
          info.length, " bytes starts at ", info.offset, " of ", data.size(),
          " data bytes"));
    }
  }
  std::sort(infos.begin(), infos.end(),
            [](const TensorInfo& a, const TensorInfo& b) {
              return a.offset < b.offset;
            });
  for (size_t i = 1; i < infos.size(); ++i) {
    const uint64_t end = infos[i - 1].offset + infos[i - 1].length;
    if (infos[i].offset >= end) continue;
    return Invalid("tensor ", Quoted(infos[i].name), " starts at ",
                   infos[i].offset, " of the data (", Quoted(infos[i - 1].name),
                   " ends at ", end, ")");
  }
  for (TensorInfo& info : infos) {
    info.tensor.bytes = data.subspan(info.offset, info.length);
    if (!file.tensors.emplace(info.name, std::move(info.tensor)).second) {
      return Invalid("tensor ", Quoted(info.name), " is there twice");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckVersion(uint32_t version) {
  if (version == 2 || version == 3) return absl::OkStatus();
  if ((version & 0xffff) == 0) {
    return absl::UnimplementedError(absl::StrCat(
        "Unsupported GGUF version: 0x", absl::Hex(version),
        " (a file of the other byte order; this build reads little-endian)"));
  }
  return absl::UnimplementedError(absl::StrCat(
      "Unsupported GGUF version: ", version, " (this build reads 2 and 3)"));
}

template <typename T>
int64_t LoadInteger(const uint8_t* bytes) {
  return static_cast<int64_t>(LoadLittleEndian<T>(bytes));
}

std::optional<int64_t> IntegerAt(GgufType type, const uint8_t* bytes) {
  switch (type) {
    case GgufType::kUint8:
      return LoadInteger<uint8_t>(bytes);
    case GgufType::kInt8:
      return LoadInteger<int8_t>(bytes);
    case GgufType::kUint16:
      return LoadInteger<uint16_t>(bytes);
    case GgufType::kInt16:
      return LoadInteger<int16_t>(bytes);
    case GgufType::kUint32:
      return LoadInteger<uint32_t>(bytes);
    case GgufType::kInt32:
      return LoadInteger<int32_t>(bytes);
    case GgufType::kInt64:
      return LoadInteger<int64_t>(bytes);
    case GgufType::kUint64: {
      const auto value = LoadLittleEndian<uint64_t>(bytes);
      if (value > std::numeric_limits<int64_t>::max()) return std::nullopt;
      return static_cast<int64_t>(value);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string_view GgufTypeName(GgufType type) {
  static constexpr std::string_view kNames[] = {
      "u8",   "i8",     "u16",  "i16", "u32", "i32", "f32",
      "bool", "string", "list", "u64", "i64", "f64"};
  return kNames[static_cast<uint32_t>(type)];
}

absl::StatusOr<GgufFile> ParseGguf(ByteSpan file_bytes) {
  Cursor cursor(file_bytes);
  PEDIGREE_RETURN_IF_ERROR(cursor.Skip(kMagic.size(), "the magic"));
  const std::string_view magic = AsText(file_bytes.first(kMagic.size()));
  if (magic != kMagic) {
    return Invalid("magic is ", Quoted(magic), " (expected \"GGUF\")");
  }
  GgufFile file;
  PEDIGREE_ASSIGN_OR_RETURN(file.version,
                            cursor.Number<uint32_t>("the version"));
  PEDIGREE_RETURN_IF_ERROR(CheckVersion(file.version));
  PEDIGREE_ASSIGN_OR_RETURN(const auto tensor_count,
                            cursor.Number<uint64_t>("the tensor count"));
  PEDIGREE_ASSIGN_OR_RETURN(const auto key_count,
                            cursor.Number<uint64_t>("the key count"));
  if (tensor_count > kMaxGgufEntries || key_count > kMaxGgufEntries) {
    return Invalid(tensor_count, " tensors and ", key_count,
                   " keys (at most ", kMaxGgufEntries, " each)");
  }
  PEDIGREE_RETURN_IF_ERROR(ReadMetadata(key_count, cursor, file));
  PEDIGREE_ASSIGN_OR_RETURN(const uint64_t alignment, ReadAlignment(file));
  std::vector<TensorInfo> infos;
  for (uint64_t i = 0; i < tensor_count; ++i) {
    PEDIGREE_ASSIGN_OR_RETURN(TensorInfo info, ReadTensorInfo(i, cursor));
    infos.push_back(std::move(info));
  }
  const uint64_t data_offset = std::min<uint64_t>(
      AlignUp(cursor.offset(), alignment), file_bytes.size());
  PEDIGREE_RETURN_IF_ERROR(PlaceTensors(
      std::move(infos), file_bytes.subspan(data_offset), alignment, file));
  return file;
}

std::optional<std::string_view> GgufString(const GgufValue& value) {
  if (value.is_array || value.type != GgufType::kString) return std::nullopt;
  return AsText(value.bytes.subspan(sizeof(uint64_t)));
}

std::optional<int64_t> GgufInteger(const GgufValue& value) {
  if (value.is_array) return std::nullopt;
  return IntegerAt(value.type, value.bytes.data());
}

std::optional<double> GgufNumber(const GgufValue& value) {
  if (value.is_array) return std::nullopt;
  if (value.type == GgufType::kFloat32) {
    return LoadLittleEndian<float>(value.bytes.data());
  }
  if (value.type == GgufType::kFloat64) {
    return LoadLittleEndian<double>(value.bytes.data());
  }
  const std::optional<int64_t> integer = GgufInteger(value);
  if (!integer.has_value()) return std::nullopt;
  return static_cast<double>(*integer);
}

std::optional<bool> GgufBool(const GgufValue& value) {
  if (value.is_array || value.type != GgufType::kBool) return std::nullopt;
  return value.bytes[0] != 0;
}

std::optional<std::vector<std::string_view>> GgufStrings(
    const GgufValue& value) {
  if (!value.is_array || value.type != GgufType::kString) return std::nullopt;
  std::vector<std::string_view> strings;
  strings.reserve(value.count);
  ByteSpan rest = value.bytes;
  for (uint64_t i = 0; i < value.count; ++i) {
    const auto length = LoadLittleEndian<uint64_t>(rest.data());
    strings.push_back(AsText(rest.subspan(sizeof(length), length)));
    rest = rest.subspan(sizeof(length) + length);
  }
  return strings;
}

std::optional<std::vector<float>> GgufFloats(const GgufValue& value) {
  if (!value.is_array || value.type != GgufType::kFloat32) return std::nullopt;
  std::vector<float> floats(value.count);
  for (uint64_t i = 0; i < value.count; ++i) {
    floats[i] =
        LoadLittleEndian<float>(value.bytes.data() + i * sizeof(float));
  }
  return floats;
}

std::optional<std::vector<int64_t>> GgufIntegers(const GgufValue& value) {
  if (!value.is_array) return std::nullopt;
  std::vector<int64_t> integers;
  const uint64_t size = TypeBytes(value.type);
  for (uint64_t i = 0; i < value.count; ++i) {
    const std::optional<int64_t> integer =
        IntegerAt(value.type, value.bytes.data() + i * size);
    if (!integer.has_value()) return std::nullopt;
    integers.push_back(*integer);
  }
  return integers;
}

}  // namespace pedigree

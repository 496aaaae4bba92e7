#include "runtime/adapters/adapter_reader.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "runtime/base/checksum.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/float_text.h"
#include "runtime/base/sort.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/file_layout.h"
#include "runtime/format/finite.h"
#include "runtime/model/low_rank.h"
#include "runtime/tensor/finite.h"

namespace pedigree {
namespace {

constexpr uint32_t kNoScale = 0x3f800000;  // the bits of 1.0f

struct Header {
  AdapterKind kind = AdapterKind::kDense;
  uint32_t header_length = 0;
  uint32_t payload_count = 0;
  uint64_t directory_offset = 0;
  uint64_t data_offset = 0;
};

// A directory entry as stored.
struct Entry {
  uint64_t name_hash = 0;
  uint32_t kind = 0;
  uint32_t rank = 0;
  std::array<uint32_t, 4> dims = {};
  uint32_t r = 0;
  uint32_t scale_bits = 0;
  uint64_t first_offset = 0;
  uint64_t first_length = 0;
  uint64_t second_offset = 0;
  uint64_t second_length = 0;
};

template <typename... Parts>
absl::Status AdapterError(const Parts&... parts) {
  return MakeError(ErrorCode::kInvalidAdapter, "Invalid adapter: ", parts...);
}

std::string Hex64(uint64_t value) { return Concat("0x", HexNumber{value, 16}); }

absl::StatusOr<AdapterKind> ParseMagic(ByteSpan file_bytes) {
  const std::string_view magic = AsText(file_bytes).substr(0, 4);
  if (const auto kind = FindAdapterFamily(magic); kind.has_value()) {
    return *kind;
  }
  return AdapterError("magic is \"", absl::CHexEscape(magic),
                      "\" (expected \"ADP1\", \"ASP1\" or \"ALR1\"), "
                      "at byte 0");
}

absl::StatusOr<Header> ParseHeader(ByteSpan file_bytes) {
  Header header;
  PEDIGREE_ASSIGN_OR_RETURN(header.kind, ParseMagic(file_bytes));
  if (file_bytes.size() < kAdapterHeaderBytes) {
    return AdapterError("file size ", file_bytes.size(),
                        " ends inside the header of ", kAdapterHeaderBytes,
                        " bytes");
  }
  const uint8_t* bytes = file_bytes.data();
  const auto u32 = [bytes](int offset) {
    return LoadLittleEndian<uint32_t>(bytes + offset);
  };
  if (u32(4) != kAdapterVersion) {
    return MakeError(ErrorCode::kInvalidAdapter,
                     absl::StatusCode::kUnimplemented,
                     "Unsupported adapter version: ", u32(4),
                     " (this build reads ", kAdapterVersion, ")");
  }
  header.header_length = u32(8);
  header.payload_count = u32(80);
  header.directory_offset = LoadLittleEndian<uint64_t>(bytes + 88);
  header.data_offset = LoadLittleEndian<uint64_t>(bytes + 96);
  if (header.header_length < kAdapterHeaderBytes) {
    return AdapterError("header_length is ", header.header_length,
                        " (must be at least ", kAdapterHeaderBytes, ")");
  }
  if (u32(12) != 0) {
    return AdapterError("flags are 0x", HexNumber{u32(12)}, " (expected 0)");
  }
  if (header.payload_count == 0) {
    return AdapterError("payload_count is 0 (must be at least 1)");
  }
  if (u32(84) != 0) {
    return AdapterError("reserved field is 0x", HexNumber{u32(84)},
                        " (expected 0), at byte 84");
  }
  if (LoadLittleEndian<uint64_t>(bytes + kAdapterChecksumOffset) == 0) {
    return AdapterError("checksum is 0 (must be nonzero), at byte ",
                        kAdapterChecksumOffset);
  }
  return header;
}

ParentIdentity LoadParent(const uint8_t* bytes) {
  ParentIdentity parent;
  parent.model_flags = LoadLittleEndian<uint32_t>(bytes + 16);
  parent.tensor_count = LoadLittleEndian<uint32_t>(bytes + 20);
  parent.parameter_count = LoadLittleEndian<uint64_t>(bytes + 24);
  parent.tensor_layout_checksum = LoadLittleEndian<uint64_t>(bytes + 32);
  parent.tokenizer_checksum = LoadLittleEndian<uint64_t>(bytes + 40);
  std::memcpy(parent.model_digest.bytes.data(), bytes + 48,
              parent.model_digest.bytes.size());
  return parent;
}

absl::Status WalkSections(const Header& header, FileLayout& layout) {
  constexpr ErrorCode kCode = ErrorCode::kInvalidAdapter;
  PEDIGREE_RETURN_IF_ERROR(
      layout.Next(kCode, "header", 0, header.header_length, 1));
  PEDIGREE_RETURN_IF_ERROR(layout.Next(
      kCode, "directory", header.directory_offset,
      uint64_t{header.payload_count} * kAdapterEntryBytes, kAdapterAlignment));
  return layout.Next(kCode, "data", header.data_offset, 0, kAdapterAlignment);
}

Entry LoadEntry(const uint8_t* bytes) {
  Entry entry;
  entry.name_hash = LoadLittleEndian<uint64_t>(bytes);
  entry.kind = LoadLittleEndian<uint32_t>(bytes + 8);
  entry.rank = LoadLittleEndian<uint32_t>(bytes + 12);
  for (int i = 0; i < 4; ++i) {
    entry.dims[i] = LoadLittleEndian<uint32_t>(bytes + 16 + 4 * i);
  }
  entry.r = LoadLittleEndian<uint32_t>(bytes + 32);
  entry.scale_bits = LoadLittleEndian<uint32_t>(bytes + 36);
  entry.first_offset = LoadLittleEndian<uint64_t>(bytes + 40);
  entry.first_length = LoadLittleEndian<uint64_t>(bytes + 48);
  entry.second_offset = LoadLittleEndian<uint64_t>(bytes + 56);
  entry.second_length = LoadLittleEndian<uint64_t>(bytes + 64);
  return entry;
}

absl::Status CheckKind(const std::string& name, const Entry& entry,
                       AdapterKind kind) {
  if (entry.kind == static_cast<uint32_t>(kind)) return absl::OkStatus();
  return AdapterError(name, " has kind ", entry.kind, " (expected ",
                      static_cast<uint32_t>(kind), " in ",
                      AdapterFamily(kind), ")");
}

absl::Status CheckReserved(const std::string& name, const uint8_t* stored) {
  for (uint32_t i = kAdapterReservedOffset; i < kAdapterEntryBytes; ++i) {
    if (stored[i] == 0) continue;
    return AdapterError(name, " has reserved byte ", i, " set to ", stored[i],
                        " (expected 0)");
  }
  return absl::OkStatus();
}

// Leaves a shape whose values, four bytes each, don't overflow 64 bits.
absl::Status CheckShape(const std::string& name, const Entry& entry) {
  if (entry.rank < 1 || entry.rank > 4) {
    return AdapterError(name, " has rank ", entry.rank, " (must be 1 to 4)");
  }
  std::optional<uint64_t> bytes = sizeof(float);
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t dim = entry.dims[i];
    if (i >= entry.rank && dim != 0) {
      return AdapterError(name, " has unused dim", i, " ", dim,
                          " (expected 0)");
    }
    if (i >= entry.rank) continue;
    if (dim == 0) return AdapterError(name, " has dim", i, " 0");
    if (bytes.has_value()) bytes = CheckedMul(*bytes, dim);
  }
  if (!bytes.has_value()) {
    return AdapterError(name, " has dims whose product overflows 64 bits");
  }
  return absl::OkStatus();
}

// What deltas, which are neither factors nor scaled, leave unused.
absl::Status CheckUnscaled(const std::string& name, const Entry& entry,
                           AdapterKind kind) {
  if (entry.r != 0) {
    return AdapterError(name, " is ", AdapterKindName(kind),
                        " and has low-rank r ", entry.r, " (expected 0)");
  }
  if (entry.scale_bits != kNoScale) {
    return AdapterError(name, " is ", AdapterKindName(kind),
                        " and has scale bits 0x",
                        HexNumber{entry.scale_bits, 8}, " (expected 0x",
                        HexNumber{kNoScale}, ", 1.0)");
  }
  return absl::OkStatus();
}

absl::Status CheckLength(const std::string& name, std::string_view field,
                         uint64_t length, uint64_t expected) {
  if (length == expected) return absl::OkStatus();
  return AdapterError(name, " has ", field, " ", length, " (expected ",
                      expected, ")");
}

// Takes ranges of 4-byte values off the front of the data.
class PayloadRanges {
 public:
  PayloadRanges(ByteSpan file_bytes, FileLayout& layout)
      : file_bytes_(file_bytes), layout_(&layout) {}

  template <typename T>
  absl::StatusOr<absl::Span<const T>> Next(const std::string& name,
                                           uint64_t offset, uint64_t length) {
    static_assert(sizeof(T) == 4, "every stored value has 4 bytes");
    PEDIGREE_RETURN_IF_ERROR(layout_->Next(ErrorCode::kInvalidAdapter, name,
                                           offset, length, kAdapterAlignment));
    return absl::MakeConstSpan(
        reinterpret_cast<const T*>(file_bytes_.data() + offset),
        static_cast<size_t>(length / sizeof(T)));
  }

 private:
  ByteSpan file_bytes_;
  FileLayout* layout_;
};

absl::Status ReadDense(const std::string& name, const Entry& entry,
                       PayloadRanges& ranges, AdapterPayload& payload) {
  PEDIGREE_RETURN_IF_ERROR(CheckUnscaled(name, entry, AdapterKind::kDense));
  if (entry.second_offset != 0 || entry.second_length != 0) {
    return AdapterError(name, " is dense and has a second range at ",
                        entry.second_offset, " of ", entry.second_length,
                        " bytes (expected 0 and 0)");
  }
  PEDIGREE_RETURN_IF_ERROR(CheckLength(name, "first_length",
                                       entry.first_length,
                                       payload.value_count() * sizeof(float)));
  PEDIGREE_ASSIGN_OR_RETURN(
      payload.deltas,
      ranges.Next<float>(name, entry.first_offset, entry.first_length));
  return absl::OkStatus();
}

absl::Status ReadSparse(const std::string& name, const Entry& entry,
                        PayloadRanges& ranges, AdapterPayload& payload) {
  PEDIGREE_RETURN_IF_ERROR(CheckUnscaled(name, entry, AdapterKind::kSparse));
  if (entry.first_length == 0 || entry.first_length % sizeof(uint32_t) != 0) {
    return AdapterError(name, " has first_length ", entry.first_length,
                        " (must be a positive multiple of 4)");
  }
  PEDIGREE_RETURN_IF_ERROR(CheckLength(
      name, "second_length", entry.second_length, entry.first_length));
  PEDIGREE_ASSIGN_OR_RETURN(
      payload.indices,
      ranges.Next<uint32_t>(Concat("indices of ", name), entry.first_offset,
                            entry.first_length));
  PEDIGREE_ASSIGN_OR_RETURN(
      payload.deltas,
      ranges.Next<float>(Concat("deltas of ", name), entry.second_offset,
                         entry.second_length));
  return absl::OkStatus();
}

// Neither factor is larger than the tensor, whose bytes don't overflow.
absl::Status ReadLowRank(const std::string& name, const Entry& entry,
                         PayloadRanges& ranges, AdapterPayload& payload) {
  if (entry.rank != 2) {
    return AdapterError(name, " is low-rank and has rank ", entry.rank,
                        " (expected 2, a matrix)");
  }
  const uint32_t rows = entry.dims[0];
  const uint32_t columns = entry.dims[1];
  if (entry.r < 1 || entry.r > std::min(rows, columns)) {
    return AdapterError(name, " has low-rank r ", entry.r, " (must be 1 to ",
                        std::min(rows, columns), ")");
  }
  LowRank& low_rank = payload.low_rank;
  low_rank.rank = entry.r;
  std::memcpy(&low_rank.scale, &entry.scale_bits, sizeof(low_rank.scale));
  if (!IsFinite(low_rank.scale) || low_rank.scale == 0) {
    return AdapterError(name, " has scale ", FloatText(low_rank.scale),
                        " (must be finite and not 0)");
  }
  PEDIGREE_RETURN_IF_ERROR(
      CheckLength(name, "first_length", entry.first_length,
                  sizeof(float) * entry.r * uint64_t{columns}));
  PEDIGREE_RETURN_IF_ERROR(
      CheckLength(name, "second_length", entry.second_length,
                  sizeof(float) * entry.r * uint64_t{rows}));
  PEDIGREE_ASSIGN_OR_RETURN(
      low_rank.a, ranges.Next<float>(Concat("A of ", name), entry.first_offset,
                                     entry.first_length));
  PEDIGREE_ASSIGN_OR_RETURN(
      low_rank.b, ranges.Next<float>(Concat("B of ", name), entry.second_offset,
                                     entry.second_length));
  return absl::OkStatus();
}

absl::Status CheckUniqueHashes(absl::Span<const AdapterPayload> payloads) {
  std::vector<std::pair<uint64_t, uint32_t>> hashes;
  for (uint32_t i = 0; i < payloads.size(); ++i) {
    hashes.emplace_back(payloads[i].name_hash, i);
  }
  Sort(hashes.begin(), hashes.end());
  for (size_t i = 1; i < hashes.size(); ++i) {
    if (hashes[i - 1].first != hashes[i].first) continue;
    return AdapterError("payloads ", hashes[i - 1].second, " and ",
                        hashes[i].second, " have the same name hash ",
                        Hex64(hashes[i].first));
  }
  return absl::OkStatus();
}

absl::StatusOr<AdapterPayload> ReadPayload(AdapterKind kind,
                                           const uint8_t* stored,
                                           uint32_t index,
                                           PayloadRanges& ranges) {
  const Entry entry = LoadEntry(stored);
  const std::string name = Concat("payload ", index);
  PEDIGREE_RETURN_IF_ERROR(CheckKind(name, entry, kind));
  PEDIGREE_RETURN_IF_ERROR(CheckReserved(name, stored));
  PEDIGREE_RETURN_IF_ERROR(CheckShape(name, entry));
  AdapterPayload payload;
  payload.name_hash = entry.name_hash;
  payload.kind = kind;
  payload.rank = entry.rank;
  payload.dims = entry.dims;
  switch (kind) {
    case AdapterKind::kDense:
      PEDIGREE_RETURN_IF_ERROR(ReadDense(name, entry, ranges, payload));
      break;
    case AdapterKind::kSparse:
      PEDIGREE_RETURN_IF_ERROR(ReadSparse(name, entry, ranges, payload));
      break;
    case AdapterKind::kLowRank:
      PEDIGREE_RETURN_IF_ERROR(ReadLowRank(name, entry, ranges, payload));
      break;
  }
  return payload;
}

absl::Status CheckChecksum(ByteSpan file_bytes, uint64_t stored) {
  const uint64_t computed = FileChecksum(file_bytes, kAdapterChecksumOffset);
  if (computed == stored) return absl::OkStatus();
  return MakeError(ErrorCode::kChecksumMismatch,
                   "Corrupted adapter: checksum mismatch (computed ",
                   Hex64(computed), ", stored ", Hex64(stored), ")");
}

template <typename... Parts>
absl::Status PayloadError(uint32_t index, const Parts&... parts) {
  return MakeError(ErrorCode::kAdapterPayloadInvalid,
                   "Invalid adapter: payload ", index, parts...);
}

// `what` a value is called.
absl::Status CheckFinite(uint32_t index, std::string_view what,
                         absl::Span<const float> values) {
  const std::optional<uint64_t> found = FindNonFinite(
      ByteSpan(reinterpret_cast<const uint8_t*>(values.data()),
               values.size() * sizeof(float)));
  if (!found.has_value()) return absl::OkStatus();
  return PayloadError(index, " has ", what, " ", FloatText(values[*found]),
                      " at index ", *found, " (must be finite)");
}

absl::Status CheckIndices(uint32_t index, const AdapterPayload& payload) {
  const absl::Span<const uint32_t> indices = payload.indices;
  for (size_t i = 1; i < indices.size(); ++i) {
    if (indices[i] > indices[i - 1]) continue;
    return PayloadError(index, " has index ", indices[i], " at ", i,
                        ", behind ", indices[i - 1], " (must ascend)");
  }
  if (indices.empty() || indices.back() < payload.value_count()) {
    return absl::OkStatus();
  }
  return PayloadError(index, " has index ", indices.back(), " at ",
                      indices.size() - 1, " (must be less than ",
                      payload.value_count(), ")");
}

absl::Status CheckValues(uint32_t index, const AdapterPayload& payload) {
  PEDIGREE_RETURN_IF_ERROR(CheckIndices(index, payload));
  PEDIGREE_RETURN_IF_ERROR(CheckFinite(index, "delta", payload.deltas));
  PEDIGREE_RETURN_IF_ERROR(
      CheckFinite(index, "A value", payload.low_rank.a));
  return CheckFinite(index, "B value", payload.low_rank.b);
}

}  // namespace

uint64_t AdapterPayload::value_count() const {
  uint64_t count = 1;
  for (uint32_t i = 0; i < rank; ++i) count *= dims[i];
  return count;
}

std::string_view AdapterKindName(AdapterKind kind) {
  constexpr std::string_view kNames[] = {"dense", "sparse", "low-rank"};
  return kNames[static_cast<uint32_t>(kind) - 1];
}

std::string_view AdapterFamily(AdapterKind kind) {
  constexpr std::string_view kFamilies[] = {"ADP1", "ASP1", "ALR1"};
  return kFamilies[static_cast<uint32_t>(kind) - 1];
}

std::optional<AdapterKind> FindAdapterFamily(std::string_view magic) {
  for (const AdapterKind kind : {AdapterKind::kDense, AdapterKind::kSparse,
                                 AdapterKind::kLowRank}) {
    if (magic == AdapterFamily(kind)) return kind;
  }
  return std::nullopt;
}

absl::StatusOr<AdapterReader> AdapterReader::Parse(ByteSpan file_bytes) {
  if (reinterpret_cast<uintptr_t>(file_bytes.data()) % alignof(float) != 0) {
    return MakeError(
        ErrorCode::kNullPointer,
        "Invalid adapter buffer: its address is not a multiple of 4");
  }
  PEDIGREE_ASSIGN_OR_RETURN(const Header header, ParseHeader(file_bytes));
  FileLayout layout(file_bytes, "adapter");
  PEDIGREE_RETURN_IF_ERROR(WalkSections(header, layout));

  AdapterReader reader;
  reader.file_bytes_ = file_bytes;
  reader.kind_ = header.kind;
  reader.parent_ = LoadParent(file_bytes.data());
  reader.checksum_ = LoadLittleEndian<uint64_t>(file_bytes.data() +
                                                kAdapterChecksumOffset);
  const uint8_t* directory = file_bytes.data() + header.directory_offset;
  PayloadRanges ranges(file_bytes, layout);
  for (uint32_t i = 0; i < header.payload_count; ++i) {
    PEDIGREE_ASSIGN_OR_RETURN(
        const AdapterPayload payload,
        ReadPayload(header.kind, directory + uint64_t{i} * kAdapterEntryBytes,
                    i, ranges));
    reader.payloads_.push_back(payload);
  }
  PEDIGREE_RETURN_IF_ERROR(
      layout.Finish(ErrorCode::kInvalidAdapter, kAdapterAlignment));
  PEDIGREE_RETURN_IF_ERROR(CheckUniqueHashes(reader.payloads_));
  PEDIGREE_RETURN_IF_ERROR(CheckChecksum(file_bytes, reader.checksum_));
  for (uint32_t i = 0; i < reader.payloads_.size(); ++i) {
    PEDIGREE_RETURN_IF_ERROR(CheckValues(i, reader.payloads_[i]));
  }
  return reader;
}

}  // namespace pedigree

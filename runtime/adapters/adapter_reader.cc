#include "runtime/adapters/adapter_reader.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/checksum.h"
#include "runtime/base/error_code.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/file_layout.h"
#include "runtime/format/finite.h"

namespace pedigree {
namespace {

constexpr uint32_t kNoScale = 0x3f800000;  // the bits of 1.0f

struct Header {
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
  uint32_t low_rank = 0;
  uint32_t scale_bits = 0;
  uint64_t first_offset = 0;
  uint64_t first_length = 0;
  uint64_t second_offset = 0;
  uint64_t second_length = 0;
};

template <typename... Parts>
absl::Status AdapterError(const Parts&... parts) {
  return MakeError(ErrorCode::kInvalidAdapter,
                   absl::StrCat("Invalid adapter: ", parts...));
}

template <typename... Parts>
absl::Status UnsupportedError(const Parts&... parts) {
  return MakeError(ErrorCode::kInvalidAdapter,
                   absl::StatusCode::kUnimplemented,
                   absl::StrCat("Unsupported adapter ", parts...));
}

std::string Hex64(uint64_t value) {
  return absl::StrCat("0x", absl::Hex(value, absl::kZeroPad16));
}

absl::Status CheckMagic(ByteSpan file_bytes) {
  const std::string_view magic = AsText(file_bytes).substr(0, 4);
  if (magic == kAdp1Magic) return absl::OkStatus();
  if (magic == "ASP1" || magic == "ALR1") {
    return UnsupportedError("family: ", magic, " (this build reads ",
                            kAdp1Magic, ")");
  }
  return AdapterError("magic is \"", absl::CHexEscape(magic),
                      "\" (expected \"", kAdp1Magic, "\"), at byte 0");
}

absl::StatusOr<Header> ParseHeader(ByteSpan file_bytes) {
  PEDIGREE_RETURN_IF_ERROR(CheckMagic(file_bytes));
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
    return UnsupportedError("version: ", u32(4), " (this build reads ",
                            kAdapterVersion, ")");
  }
  Header header;
  header.header_length = u32(8);
  header.payload_count = u32(80);
  header.directory_offset = LoadLittleEndian<uint64_t>(bytes + 88);
  header.data_offset = LoadLittleEndian<uint64_t>(bytes + 96);
  if (header.header_length < kAdapterHeaderBytes) {
    return AdapterError("header_length is ", header.header_length,
                        " (must be at least ", kAdapterHeaderBytes, ")");
  }
  if (u32(12) != 0) {
    return AdapterError("flags are 0x", absl::Hex(u32(12)), " (expected 0)");
  }
  if (header.payload_count == 0) {
    return AdapterError("payload_count is 0 (must be at least 1)");
  }
  if (u32(84) != 0) {
    return AdapterError("reserved field is 0x", absl::Hex(u32(84)),
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
  entry.low_rank = LoadLittleEndian<uint32_t>(bytes + 32);
  entry.scale_bits = LoadLittleEndian<uint32_t>(bytes + 36);
  entry.first_offset = LoadLittleEndian<uint64_t>(bytes + 40);
  entry.first_length = LoadLittleEndian<uint64_t>(bytes + 48);
  entry.second_offset = LoadLittleEndian<uint64_t>(bytes + 56);
  entry.second_length = LoadLittleEndian<uint64_t>(bytes + 64);
  return entry;
}

// What a dense payload leaves unused.
absl::Status CheckDense(const std::string& name, const Entry& entry,
                        const uint8_t* stored) {
  if (entry.kind != kAdapterKindDense) {
    return AdapterError(name, " has kind ", entry.kind, " (expected ",
                        kAdapterKindDense, " in ", kAdp1Magic, ")");
  }
  if (entry.low_rank != 0) {
    return AdapterError(name, " is dense and has low-rank r ", entry.low_rank,
                        " (expected 0)");
  }
  if (entry.scale_bits != kNoScale) {
    return AdapterError(name, " is dense and has scale bits 0x",
                        absl::Hex(entry.scale_bits, absl::kZeroPad8),
                        " (expected 0x", absl::Hex(kNoScale), ", 1.0)");
  }
  if (entry.second_offset != 0 || entry.second_length != 0) {
    return AdapterError(name, " is dense and has a second range at ",
                        entry.second_offset, " of ", entry.second_length,
                        " bytes (expected 0 and 0)");
  }
  for (uint32_t i = kAdapterReservedOffset; i < kAdapterEntryBytes; ++i) {
    if (stored[i] == 0) continue;
    return AdapterError(name, " has reserved byte ", i, " set to ", stored[i],
                        " (expected 0)");
  }
  return absl::OkStatus();
}

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
  if (entry.first_length != *bytes) {
    return AdapterError(name, " has first_length ", entry.first_length,
                        " (expected ", *bytes, ")");
  }
  return absl::OkStatus();
}

absl::Status CheckUniqueHashes(absl::Span<const AdapterPayload> payloads) {
  std::vector<std::pair<uint64_t, uint32_t>> hashes;
  for (uint32_t i = 0; i < payloads.size(); ++i) {
    hashes.emplace_back(payloads[i].name_hash, i);
  }
  std::sort(hashes.begin(), hashes.end());
  for (size_t i = 1; i < hashes.size(); ++i) {
    if (hashes[i - 1].first != hashes[i].first) continue;
    return AdapterError("payloads ", hashes[i - 1].second, " and ",
                        hashes[i].second, " have the same name hash ",
                        Hex64(hashes[i].first));
  }
  return absl::OkStatus();
}

absl::StatusOr<AdapterPayload> ReadPayload(ByteSpan file_bytes,
                                           const uint8_t* stored,
                                           uint32_t index,
                                           FileLayout& layout) {
  const Entry entry = LoadEntry(stored);
  const std::string name = absl::StrCat("payload ", index);
  PEDIGREE_RETURN_IF_ERROR(CheckDense(name, entry, stored));
  PEDIGREE_RETURN_IF_ERROR(CheckShape(name, entry));
  PEDIGREE_RETURN_IF_ERROR(
      layout.Next(ErrorCode::kInvalidAdapter, name, entry.first_offset,
                  entry.first_length, kAdapterAlignment));
  const auto* deltas =
      reinterpret_cast<const float*>(file_bytes.data() + entry.first_offset);
  return AdapterPayload{
      entry.name_hash, entry.rank, entry.dims,
      absl::MakeConstSpan(deltas, entry.first_length / sizeof(float))};
}

absl::Status CheckChecksum(ByteSpan file_bytes, uint64_t stored) {
  const uint64_t computed = FileChecksum(file_bytes, kAdapterChecksumOffset);
  if (computed == stored) return absl::OkStatus();
  return MakeError(
      ErrorCode::kChecksumMismatch,
      absl::StrCat("Corrupted adapter: checksum mismatch (computed ",
                   Hex64(computed), ", stored ", Hex64(stored), ")"));
}

absl::Status CheckValues(uint32_t index, const AdapterPayload& payload) {
  const std::optional<uint64_t> found = FindNonFinite(ByteSpan(
      reinterpret_cast<const uint8_t*>(payload.deltas.data()),
      payload.deltas.size() * sizeof(float)));
  if (!found.has_value()) return absl::OkStatus();
  return MakeError(
      ErrorCode::kAdapterPayloadInvalid,
      absl::StrCat("Invalid adapter: payload ", index, " has delta ",
                   payload.deltas[*found], " at index ", *found,
                   " (must be finite)"));
}

}  // namespace

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
  reader.parent_ = LoadParent(file_bytes.data());
  reader.checksum_ = LoadLittleEndian<uint64_t>(file_bytes.data() +
                                                kAdapterChecksumOffset);
  const uint8_t* directory = file_bytes.data() + header.directory_offset;
  for (uint32_t i = 0; i < header.payload_count; ++i) {
    PEDIGREE_ASSIGN_OR_RETURN(
        const AdapterPayload payload,
        ReadPayload(file_bytes, directory + uint64_t{i} * kAdapterEntryBytes,
                    i, layout));
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

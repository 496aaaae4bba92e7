#include "packager/adapter_writer.h"

#include <string_view>

#include "absl/status/status.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

// One directory entry and its ranges, borrowed; `second` may be empty.
struct Payload {
  const TensorSpec* tensor;
  uint32_t r;
  float scale;
  std::string_view first;
  std::string_view second;
};

template <typename T>
std::string_view BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()),
          values.size() * sizeof(T)};
}

void AppendHeader(const ParentIdentity& parent, AdapterKind kind,
                  uint32_t payload_count, uint64_t directory_offset,
                  uint64_t data_offset, std::string& out) {
  out.append(AdapterFamily(kind));
  AppendLittleEndian(kAdapterVersion, out);
  AppendLittleEndian(kAdapterHeaderBytes, out);
  AppendLittleEndian(uint32_t{0}, out);
  AppendLittleEndian(parent.model_flags, out);
  AppendLittleEndian(parent.tensor_count, out);
  AppendLittleEndian(parent.parameter_count, out);
  AppendLittleEndian(parent.tensor_layout_checksum, out);
  AppendLittleEndian(parent.tokenizer_checksum, out);
  out.append(AsText(parent.model_digest.bytes));
  AppendLittleEndian(payload_count, out);
  AppendLittleEndian(uint32_t{0}, out);
  AppendLittleEndian(directory_offset, out);
  AppendLittleEndian(data_offset, out);
  AppendLittleEndian(uint64_t{0}, out);
}

// A range's place, which moves `offset` behind it; zeros for an empty one.
void AppendPlace(std::string_view range, uint64_t& offset, std::string& out) {
  AppendLittleEndian(range.empty() ? uint64_t{0} : offset, out);
  AppendLittleEndian(uint64_t{range.size()}, out);
  offset = AlignUp(offset + range.size(), kAdapterAlignment);
}

void AppendEntry(const Payload& payload, AdapterKind kind, uint64_t& offset,
                 std::string& out) {
  AppendLittleEndian(TensorNameHash(payload.tensor->name), out);
  AppendLittleEndian(static_cast<uint32_t>(kind), out);
  AppendLittleEndian(payload.tensor->rank, out);
  for (const uint32_t dim : payload.tensor->dims) AppendLittleEndian(dim, out);
  AppendLittleEndian(payload.r, out);
  AppendLittleEndian(payload.scale, out);
  AppendPlace(payload.first, offset, out);
  AppendPlace(payload.second, offset, out);
  out.append(kAdapterEntryBytes - kAdapterReservedOffset, '\0');
}

absl::StatusOr<std::string> WriteAdapter(const ParentIdentity& parent,
                                         AdapterKind kind,
                                         const std::vector<Payload>& payloads) {
  const uint64_t directory_offset =
      AlignUp(kAdapterHeaderBytes, kAdapterAlignment);
  const uint64_t data_offset =
      AlignUp(directory_offset + payloads.size() * kAdapterEntryBytes,
              kAdapterAlignment);
  std::string file;
  AppendHeader(parent, kind, static_cast<uint32_t>(payloads.size()),
               directory_offset, data_offset, file);
  PadTo(kAdapterAlignment, file);
  uint64_t offset = data_offset;
  for (const Payload& payload : payloads) {
    AppendEntry(payload, kind, offset, file);
  }
  for (const Payload& payload : payloads) {
    for (const std::string_view range : {payload.first, payload.second}) {
      PadTo(kAdapterAlignment, file);
      file.append(range);
    }
  }
  PadTo(kAdapterAlignment, file);
  StoreLittleEndian(FileChecksum(AsBytes(file), kAdapterChecksumOffset),
                    reinterpret_cast<uint8_t*>(&file[kAdapterChecksumOffset]));
  // Payloads are the reader's to judge, so that the two cannot disagree.
  PEDIGREE_RETURN_IF_ERROR(AdapterReader::Parse(AsBytes(file)).status());
  return file;
}

}  // namespace

absl::StatusOr<std::string> WriteAdp1(const ParentIdentity& parent,
                                      const std::vector<DenseDelta>& deltas) {
  std::vector<Payload> payloads;
  for (const DenseDelta& delta : deltas) {
    payloads.push_back({&delta.tensor, 0, 1, BytesOf(delta.values), ""});
  }
  return WriteAdapter(parent, AdapterKind::kDense, payloads);
}

absl::StatusOr<std::string> WriteAsp1(const ParentIdentity& parent,
                                      const std::vector<SparseDelta>& deltas) {
  std::vector<Payload> payloads;
  for (const SparseDelta& delta : deltas) {
    payloads.push_back({&delta.tensor, 0, 1, BytesOf(delta.indices),
                        BytesOf(delta.values)});
  }
  return WriteAdapter(parent, AdapterKind::kSparse, payloads);
}

absl::StatusOr<std::string> WriteAlr1(const ParentIdentity& parent,
                                      const std::vector<LowRankDelta>& deltas) {
  std::vector<Payload> payloads;
  for (const LowRankDelta& delta : deltas) {
    payloads.push_back({&delta.tensor, delta.rank, delta.scale,
                        BytesOf(delta.a), BytesOf(delta.b)});
  }
  return WriteAdapter(parent, AdapterKind::kLowRank, payloads);
}

}  // namespace pedigree

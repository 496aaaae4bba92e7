#include "packager/adapter_writer.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/status_macros.h"

namespace pedigree {
namespace {

absl::Status CheckDeltas(const std::vector<DenseDelta>& deltas) {
  if (deltas.empty()) {
    return absl::InvalidArgumentError(
        "Invalid adapter: it has no deltas (must be at least 1)");
  }
  for (const DenseDelta& delta : deltas) {
    if (delta.values.size() == delta.tensor.element_count()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid adapter: tensor \"", delta.tensor.name, "\" has ",
                     delta.values.size(), " deltas (expected ",
                     delta.tensor.element_count(), ")"));
  }
  return absl::OkStatus();
}

uint64_t PayloadBytes(const DenseDelta& delta) {
  return delta.values.size() * sizeof(float);
}

void AppendHeader(const ParentIdentity& parent, uint32_t payload_count,
                  uint64_t directory_offset, uint64_t data_offset,
                  std::string& out) {
  out.append(kAdp1Magic);
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

void AppendEntry(const DenseDelta& delta, uint64_t offset, std::string& out) {
  AppendLittleEndian(TensorNameHash(delta.tensor.name), out);
  AppendLittleEndian(kAdapterKindDense, out);
  AppendLittleEndian(delta.tensor.rank, out);
  for (const uint32_t dim : delta.tensor.dims) AppendLittleEndian(dim, out);
  AppendLittleEndian(uint32_t{0}, out);
  AppendLittleEndian(1.0f, out);
  AppendLittleEndian(offset, out);
  AppendLittleEndian(PayloadBytes(delta), out);
  out.append(kAdapterEntryBytes - 56, '\0');
}

}  // namespace

absl::StatusOr<std::string> WriteAdp1(const ParentIdentity& parent,
                                      const std::vector<DenseDelta>& deltas) {
  PEDIGREE_RETURN_IF_ERROR(CheckDeltas(deltas));
  const uint64_t directory_offset =
      AlignUp(kAdapterHeaderBytes, kAdapterAlignment);
  const uint64_t data_offset =
      AlignUp(directory_offset + deltas.size() * kAdapterEntryBytes,
              kAdapterAlignment);
  std::string file;
  AppendHeader(parent, static_cast<uint32_t>(deltas.size()), directory_offset,
               data_offset, file);
  PadTo(kAdapterAlignment, file);
  uint64_t offset = data_offset;
  for (const DenseDelta& delta : deltas) {
    AppendEntry(delta, offset, file);
    offset = AlignUp(offset + PayloadBytes(delta), kAdapterAlignment);
  }
  for (const DenseDelta& delta : deltas) {
    PadTo(kAdapterAlignment, file);
    file.append(reinterpret_cast<const char*>(delta.values.data()),
                PayloadBytes(delta));
  }
  PadTo(kAdapterAlignment, file);
  StoreLittleEndian(FileChecksum(AsBytes(file), kAdapterChecksumOffset),
                    reinterpret_cast<uint8_t*>(&file[kAdapterChecksumOffset]));
  // Repeated tensors and values are the reader's to judge, so that the two
  // cannot disagree.
  PEDIGREE_RETURN_IF_ERROR(AdapterReader::Parse(AsBytes(file)).status());
  return file;
}

}  // namespace pedigree

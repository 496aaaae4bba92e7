#include "packager/slm_writer.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_header.h"
#include "runtime/format/slm_reader.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

absl::Status CheckTensor(const TensorSpec& spec, const TensorData& tensor) {
  const std::optional<StorageSize> size = TensorStorage(
      tensor.dtype, spec.rows(), spec.columns(), tensor.block_size);
  const std::string prefix =
      absl::StrCat("Invalid model: tensor \"", spec.name, "\" (",
                   DTypeName(tensor.dtype), ") has ");
  if (!size.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat(prefix, "block_size ", tensor.block_size,
                     ", which its ", spec.columns(),
                     " columns do not allow"));
  }
  if (tensor.payload.size() != size->payload_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(prefix, tensor.payload.size(), " payload bytes (expected ",
                     size->payload_bytes, ")"));
  }
  if (tensor.scales.size() != size->scale_count) {
    return absl::InvalidArgumentError(
        absl::StrCat(prefix, tensor.scales.size(), " scales (expected ",
                     size->scale_count, ")"));
  }
  return absl::OkStatus();
}

absl::Status CheckContent(const SlmContent& content) {
  PEDIGREE_RETURN_IF_ERROR(CheckModelShape(content.shape));
  const uint64_t expected = TensorCount(content.shape);
  if (content.tensors.size() != expected) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid model: ", content.tensors.size(),
                     " tensors (expected ", expected, ")"));
  }
  return absl::OkStatus();
}

void AppendHeader(const SlmContent& content, uint64_t directory_offset,
                  uint64_t data_offset, std::string& out) {
  const ModelShape& shape = content.shape;
  out.append(kSlmMagic);
  for (const uint32_t field :
       {kSlmVersion, kSlmHeaderBytes, kModelTypeTransformer,
        shape.tied_output ? kFlagTiedOutput : 0, shape.vocab_size,
        shape.special_token_count, shape.hidden_size, shape.layer_count,
        shape.head_count, shape.kv_head_count, shape.head_dim, shape.ffn_size,
        shape.max_context}) {
    AppendLittleEndian(field, out);
  }
  AppendLittleEndian(shape.rope_theta, out);
  AppendLittleEndian(shape.rms_norm_epsilon, out);
  AppendLittleEndian(uint64_t{kSlmHeaderBytes}, out);
  AppendLittleEndian(uint64_t{content.tokenizer_section.size()}, out);
  AppendLittleEndian(directory_offset, out);
  AppendLittleEndian(static_cast<uint32_t>(content.tensors.size()), out);
  AppendLittleEndian(data_offset, out);
  AppendLittleEndian(uint64_t{0}, out);
}

// Appends the entry of one tensor whose payload starts at `offset`, and moves
// `offset` behind its scales.
void AppendEntry(const TensorSpec& spec, const TensorData& tensor,
                 uint64_t& offset, std::string& out) {
  const uint64_t payload_end = offset + tensor.payload.size();
  const bool has_scales = tensor.dtype != DType::kF32;
  const uint64_t scale_offset = AlignUp(payload_end, kSectionAlignment);
  AppendLittleEndian(TensorNameHash(spec.name), out);
  AppendLittleEndian(static_cast<uint32_t>(tensor.dtype), out);
  AppendLittleEndian(spec.rank, out);
  for (const uint32_t dim : spec.dims) AppendLittleEndian(dim, out);
  AppendLittleEndian(offset, out);
  AppendLittleEndian(uint64_t{tensor.payload.size()}, out);
  AppendLittleEndian(has_scales ? scale_offset : 0, out);
  AppendLittleEndian(tensor.block_size, out);
  AppendLittleEndian(uint32_t{0}, out);
  offset = AlignUp(scale_offset + tensor.scales.size() * sizeof(float),
                   kSectionAlignment);
}

void AppendData(const TensorData& tensor, std::string& out) {
  PadTo(kSectionAlignment, out);
  out.append(tensor.payload);
  PadTo(kSectionAlignment, out);
  out.append(reinterpret_cast<const char*>(tensor.scales.data()),
             tensor.scales.size() * sizeof(float));
}

}  // namespace

absl::StatusOr<std::string> WriteSlm(const SlmContent& content) {
  PEDIGREE_RETURN_IF_ERROR(CheckContent(content));
  const std::vector<TensorSpec> specs = CanonicalTensors(content.shape);
  const uint64_t directory_offset = AlignUp(
      kSlmHeaderBytes + content.tokenizer_section.size(), kSectionAlignment);
  const uint64_t data_offset =
      directory_offset + specs.size() * kTensorEntryBytes;

  std::string file;
  AppendHeader(content, directory_offset, data_offset, file);
  file.append(content.tokenizer_section);
  PadTo(kSectionAlignment, file);
  uint64_t offset = data_offset;
  for (size_t i = 0; i < specs.size(); ++i) {
    PEDIGREE_RETURN_IF_ERROR(CheckTensor(specs[i], content.tensors[i]));
    AppendEntry(specs[i], content.tensors[i], offset, file);
  }
  file.reserve(offset);
  for (const TensorData& tensor : content.tensors) AppendData(tensor, file);
  PadTo(kSectionAlignment, file);
  StoreLittleEndian(FileChecksum(AsBytes(file), kSlmChecksumOffset),
                    reinterpret_cast<uint8_t*>(&file[kSlmChecksumOffset]));

  // The values are the reader's to judge, so that the two cannot disagree.
  PEDIGREE_RETURN_IF_ERROR(SlmReader::Parse(AsBytes(file)).status());
  PEDIGREE_RETURN_IF_ERROR(Tokenizer::Parse(AsBytes(content.tokenizer_section),
                                            content.shape.vocab_size)
                               .status());
  return file;
}

}  // namespace pedigree

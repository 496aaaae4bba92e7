#include "packager/slm_writer.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/slm_header.h"
#include "runtime/format/slm_values.h"
#include "runtime/tokenizer/tokenizer.h"

namespace pedigree {
namespace {

ByteSpan ScaleBytes(absl::Span<const float> scales) {
  return ByteSpan(reinterpret_cast<const uint8_t*>(scales.data()),
                  scales.size() * sizeof(float));
}

template <typename... Parts>
absl::Status TensorError(const TensorSpec& spec, DType dtype,
                         const Parts&... parts) {
  return absl::InvalidArgumentError(
      absl::StrCat("Invalid model: tensor \"", spec.name, "\" (",
                   DTypeName(dtype), ") has ", parts...));
}

// The entries of tensors whose data start at `offset`, which then is where they
// end.
absl::StatusOr<std::vector<TensorEntry>> PlaceTensors(
    absl::Span<const TensorSpec> specs, absl::Span<const TensorForm> forms,
    uint64_t& offset) {
  std::vector<TensorEntry> entries;
  entries.reserve(specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    const TensorSpec& spec = specs[i];
    const TensorForm& form = forms[i];
    const std::optional<StorageSize> size = TensorStorage(
        form.dtype, spec.rows(), spec.columns(), form.block_size);
    if (!size.has_value()) {
      return TensorError(spec, form.dtype, "block_size ", form.block_size,
                         ", which its ", spec.columns(),
                         " columns do not allow");
    }
    TensorEntry entry;
    entry.name_hash = TensorNameHash(spec.name);
    entry.dtype = form.dtype;
    entry.rank = spec.rank;
    entry.dims = spec.dims;
    entry.byte_offset = offset;
    entry.byte_length = size->payload_bytes;
    entry.block_size = form.block_size;
    const uint64_t behind_payload =
        AlignUp(offset + size->payload_bytes, kSectionAlignment);
    if (form.dtype != DType::kF32) entry.scale_offset = behind_payload;
    offset = AlignUp(behind_payload + size->scale_count * sizeof(float),
                     kSectionAlignment);
    entries.push_back(entry);
  }
  return entries;
}

void AppendHeader(const ModelFacts& facts, uint64_t directory_offset,
                  uint64_t data_offset, uint64_t checksum, std::string& out) {
  const ModelShape& shape = facts.shape;
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
  AppendLittleEndian(uint64_t{facts.tokenizer_section.size()}, out);
  AppendLittleEndian(directory_offset, out);
  AppendLittleEndian(static_cast<uint32_t>(facts.entries.size()), out);
  AppendLittleEndian(data_offset, out);
  AppendLittleEndian(checksum, out);
}

void AppendEntry(const TensorEntry& entry, std::string& out) {
  AppendLittleEndian(entry.name_hash, out);
  AppendLittleEndian(static_cast<uint32_t>(entry.dtype), out);
  AppendLittleEndian(entry.rank, out);
  for (const uint32_t dim : entry.dims) AppendLittleEndian(dim, out);
  AppendLittleEndian(entry.byte_offset, out);
  AppendLittleEndian(entry.byte_length, out);
  AppendLittleEndian(entry.scale_offset, out);
  AppendLittleEndian(entry.block_size, out);
  AppendLittleEndian(uint32_t{0}, out);
}

}  // namespace

SlmWriter::SlmWriter(const ModelShape& shape,
                     std::string_view tokenizer_section, ByteSink* sink,
                     uint64_t checksum)
    : sink_(*sink), checksum_(checksum) {
  facts_.shape = shape;
  facts_.tokenizer_section = std::string(tokenizer_section);
}

absl::StatusOr<std::unique_ptr<SlmWriter>> SlmWriter::Create(
    const ModelShape& shape, std::string_view tokenizer_section,
    absl::Span<const TensorForm> forms, ByteSink* sink, uint64_t checksum) {
  PEDIGREE_RETURN_IF_ERROR(CheckModelShape(shape));
  if (forms.size() != TensorCount(shape)) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid model: ", forms.size(), " tensors (expected ",
                     TensorCount(shape), ")"));
  }
  std::unique_ptr<SlmWriter> writer(
      new SlmWriter(shape, tokenizer_section, sink, checksum));
  writer->specs_ = CanonicalTensors(shape);
  const uint64_t directory_offset =
      AlignUp(kSlmHeaderBytes + tokenizer_section.size(), kSectionAlignment);
  writer->facts_.file_bytes =
      directory_offset + forms.size() * kTensorEntryBytes;
  PEDIGREE_ASSIGN_OR_RETURN(
      writer->facts_.entries,
      PlaceTensors(writer->specs_, forms, writer->facts_.file_bytes));
  PEDIGREE_RETURN_IF_ERROR(
      Tokenizer::Parse(AsBytes(tokenizer_section), shape.vocab_size).status());
  PEDIGREE_RETURN_IF_ERROR(writer->WriteHead());
  return writer;
}

absl::Status SlmWriter::WriteHead() {
  const uint64_t directory_offset = AlignUp(
      kSlmHeaderBytes + facts_.tokenizer_section.size(), kSectionAlignment);
  const uint64_t data_offset =
      directory_offset + facts_.entries.size() * kTensorEntryBytes;
  std::string head;
  AppendHeader(facts_, directory_offset, data_offset, checksum_, head);
  head.append(facts_.tokenizer_section);
  PadTo(kSectionAlignment, head);
  for (const TensorEntry& entry : facts_.entries) AppendEntry(entry, head);
  PEDIGREE_RETURN_IF_ERROR(sink_.Append(AsBytes(head)));
  written_ = head.size();
  // The checksum counts as zero in itself.
  head.replace(kSlmChecksumOffset, sizeof(uint64_t), sizeof(uint64_t), '\0');
  checksum_stream_.Update(AsBytes(head));
  return absl::OkStatus();
}

absl::Status SlmWriter::Emit(ByteSpan bytes) {
  checksum_stream_.Update(bytes);
  written_ += bytes.size();
  return sink_.Append(bytes);
}

absl::Status SlmWriter::Pad() {
  static constexpr uint8_t kZeros[kSectionAlignment] = {};
  return Emit(ByteSpan(kZeros).first(AlignUp(written_, kSectionAlignment) -
                                     written_));
}

uint64_t SlmWriter::ScaleCount() const {
  const TensorEntry& entry = facts_.entries[tensor_];
  return TensorStorage(entry.dtype, entry.rows(), entry.columns(),
                       entry.block_size)
      ->scale_count;
}

absl::Status SlmWriter::Append(ByteSpan payload,
                               absl::Span<const float> scales) {
  if (tensor_ == specs_.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid model: more than ", specs_.size(), " tensors"));
  }
  const TensorSpec& spec = specs_[tensor_];
  const TensorEntry& entry = facts_.entries[tensor_];
  if (payload.size() > entry.byte_length - payload_bytes_) {
    return TensorError(spec, entry.dtype, payload_bytes_ + payload.size(),
                       " payload bytes (expected ", entry.byte_length, ")");
  }
  const uint64_t scale_count = ScaleCount();
  if (scales.size() > scale_count - scales_.size()) {
    return TensorError(spec, entry.dtype, scales_.size() + scales.size(),
                       " scales (expected ", scale_count, ")");
  }
  if (entry.dtype == DType::kF32) {
    PEDIGREE_RETURN_IF_ERROR(
        CheckF32Values(spec.name, payload, payload_bytes_ / sizeof(float)));
  } else {
    PEDIGREE_RETURN_IF_ERROR(
        CheckScales(spec.name, entry.dtype, scales, scales_.size()));
  }
  PEDIGREE_RETURN_IF_ERROR(Emit(payload));
  tensor_digest_.Update(payload);
  payload_bytes_ += payload.size();
  scales_.reserve(scale_count);
  scales_.insert(scales_.end(), scales.begin(), scales.end());
  if (payload_bytes_ < entry.byte_length || scales_.size() < scale_count) {
    return absl::OkStatus();
  }
  return EmitScales();
}

absl::Status SlmWriter::EmitScales() {
  PEDIGREE_RETURN_IF_ERROR(Pad());
  PEDIGREE_RETURN_IF_ERROR(Emit(ScaleBytes(scales_)));
  PEDIGREE_RETURN_IF_ERROR(Pad());
  tensor_digest_.Update(ScaleBytes(scales_));
  facts_.tensor_digests.push_back(tensor_digest_.Finish());
  tensor_digest_ = Sha256Stream();
  payload_bytes_ = 0;
  scales_ = {};
  ++tensor_;
  return absl::OkStatus();
}

absl::StatusOr<ModelFacts> SlmWriter::Finish() {
  if (tensor_ < specs_.size()) {
    const TensorEntry& entry = facts_.entries[tensor_];
    if (payload_bytes_ < entry.byte_length) {
      return TensorError(specs_[tensor_], entry.dtype, payload_bytes_,
                         " payload bytes (expected ", entry.byte_length, ")");
    }
    return TensorError(specs_[tensor_], entry.dtype, scales_.size(),
                       " scales (expected ", ScaleCount(), ")");
  }
  const uint64_t checksum = StoredChecksum(checksum_stream_.Finish());
  if (checksum_ == 0) {
    checksum_ = checksum;
    uint8_t field[sizeof(checksum)];
    StoreLittleEndian(checksum, field);
    PEDIGREE_RETURN_IF_ERROR(sink_.Overwrite(kSlmChecksumOffset, field));
  } else if (checksum_ != checksum) {
    return absl::DataLossError(absl::StrCat(
        "Corrupted input: it changed between two readings (checksums 0x",
        absl::Hex(checksum_), ", 0x", absl::Hex(checksum), ")"));
  }
  PEDIGREE_CHECK(written_ == facts_.file_bytes);
  return std::move(facts_);
}

absl::StatusOr<std::string> WriteSlm(const SlmContent& content) {
  std::vector<TensorForm> forms;
  for (const TensorData& tensor : content.tensors) {
    forms.push_back({tensor.dtype, tensor.block_size});
  }
  std::string file;
  StringSink sink(&file);
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::unique_ptr<SlmWriter> writer,
      SlmWriter::Create(content.shape, content.tokenizer_section, forms,
                        &sink));
  file.reserve(writer->file_bytes());
  for (size_t i = 0; i < content.tensors.size(); ++i) {
    const TensorData& tensor = content.tensors[i];
    PEDIGREE_RETURN_IF_ERROR(
        writer->Append(AsBytes(tensor.payload), tensor.scales));
    if (writer->tensor() == i) break;  // too little; Finish says what
  }
  PEDIGREE_RETURN_IF_ERROR(writer->Finish().status());
  return file;
}

}  // namespace pedigree

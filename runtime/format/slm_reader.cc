#include "runtime/format/slm_reader.h"

#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/checksum.h"
#include "runtime/base/concat.h"
#include "runtime/base/error_code.h"
#include "runtime/base/sort.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/file_layout.h"
#include "runtime/format/slm_header.h"
#include "runtime/format/slm_values.h"

namespace pedigree {
namespace {

constexpr ErrorCode kDirectoryError = ErrorCode::kInvalidTensorDirectory;

template <typename... Parts>
absl::Status SlmError(ErrorCode code, const Parts&... parts) {
  return MakeError(code, "Invalid .slm file: ", parts...);
}

std::string Hex64(uint64_t value) { return Concat("0x", HexNumber{value, 16}); }

std::string ShapeText(uint32_t rank, const std::array<uint32_t, 4>& dims) {
  std::string text = "[";
  for (uint32_t i = 0; i < rank && i < dims.size(); ++i) {
    Append(text, {i == 0 ? "" : ", ", dims[i]});
  }
  return text + "]";
}

std::string Quoted(const TensorSpec& spec) {
  return Concat("tensor \"", spec.name, "\"");
}

absl::Status WalkSections(const SlmHeader& header, FileLayout& layout) {
  constexpr ErrorCode kCode = ErrorCode::kInvalidHeader;
  PEDIGREE_RETURN_IF_ERROR(
      layout.Next(kCode, "header", 0, header.header_length, 1));
  PEDIGREE_RETURN_IF_ERROR(layout.Next(kCode, "tokenizer section",
                                       header.tokenizer_offset,
                                       header.tokenizer_length, 1));
  PEDIGREE_RETURN_IF_ERROR(layout.Next(
      kCode, "tensor directory", header.tensor_directory_offset,
      uint64_t{header.tensor_count} * kTensorEntryBytes, kSectionAlignment));
  return layout.Next(kCode, "tensor data", header.tensor_data_offset, 0,
                     kSectionAlignment);
}

absl::Status CheckTensorCount(const SlmHeader& header) {
  const uint64_t expected = TensorCount(header.shape);
  if (header.tensor_count == expected) return absl::OkStatus();
  return SlmError(
      header.tensor_count < expected ? ErrorCode::kMissingTensor
                                     : kDirectoryError,
      "tensor_count is ", header.tensor_count, " (expected ", expected,
      " for layer_count ", header.shape.layer_count, " with ",
      header.shape.tied_output ? "tied" : "untied", " output)");
}

TensorEntry LoadEntry(const uint8_t* bytes) {
  TensorEntry entry;
  entry.name_hash = LoadLittleEndian<uint64_t>(bytes);
  entry.dtype = static_cast<DType>(LoadLittleEndian<uint32_t>(bytes + 8));
  entry.rank = LoadLittleEndian<uint32_t>(bytes + 12);
  for (int i = 0; i < 4; ++i) {
    entry.dims[i] = LoadLittleEndian<uint32_t>(bytes + 16 + 4 * i);
  }
  entry.byte_offset = LoadLittleEndian<uint64_t>(bytes + 32);
  entry.byte_length = LoadLittleEndian<uint64_t>(bytes + 40);
  entry.scale_offset = LoadLittleEndian<uint64_t>(bytes + 48);
  entry.block_size = LoadLittleEndian<uint32_t>(bytes + 56);
  return entry;
}

absl::Status CheckReserved(const uint8_t* entry, const TensorSpec& spec) {
  const auto reserved = LoadLittleEndian<uint32_t>(entry + 60);
  if (reserved == 0) return absl::OkStatus();
  return SlmError(kDirectoryError, Quoted(spec), " has reserved field 0x",
                  HexNumber{reserved}, " (expected 0)");
}

// Names are hashed, so two entries of one hash would be one tensor twice.
absl::Status CheckUniqueHashes(absl::Span<const TensorEntry> entries) {
  std::vector<std::pair<uint64_t, uint32_t>> hashes;
  hashes.reserve(entries.size());
  for (uint32_t i = 0; i < entries.size(); ++i) {
    hashes.emplace_back(entries[i].name_hash, i);
  }
  Sort(hashes.begin(), hashes.end());
  for (size_t i = 1; i < hashes.size(); ++i) {
    if (hashes[i - 1].first != hashes[i].first) continue;
    return SlmError(kDirectoryError, "tensor directory entries ",
                    hashes[i - 1].second, " and ", hashes[i].second,
                    " have the same name hash ", Hex64(hashes[i].first));
  }
  return absl::OkStatus();
}

absl::Status CheckShape(const TensorSpec& spec, uint32_t index,
                        const TensorEntry& entry) {
  if (const uint64_t expected = TensorNameHash(spec.name);
      entry.name_hash != expected) {
    return SlmError(ErrorCode::kMissingTensor, "tensor directory entry ",
                    index, " has name hash ", Hex64(entry.name_hash),
                    " (expected ", Hex64(expected), " of \"", spec.name,
                    "\")");
  }
  if (entry.rank < 1 || entry.rank > 4) {
    return SlmError(kDirectoryError, Quoted(spec), " has rank ", entry.rank,
                    " (must be 1 to 4)");
  }
  for (uint32_t i = entry.rank; i < 4; ++i) {
    if (entry.dims[i] == 0) continue;
    return SlmError(kDirectoryError, Quoted(spec), " has unused dim", i, " ",
                    entry.dims[i], " (expected 0)");
  }
  if (entry.rank != spec.rank || entry.dims != spec.dims) {
    return SlmError(ErrorCode::kShapeMismatch, Quoted(spec), " has shape ",
                    ShapeText(entry.rank, entry.dims), " (expected ",
                    ShapeText(spec.rank, spec.dims), ")");
  }
  return absl::OkStatus();
}

absl::Status CheckStorage(const TensorSpec& spec, const TensorEntry& entry) {
  if (DTypeName(entry.dtype) == "unknown") {
    return MakeError(ErrorCode::kUnsupportedDType, "Unsupported .slm dtype: ",
                     static_cast<uint32_t>(entry.dtype), " of ", Quoted(spec),
                     " (this build reads 1 f32, 2 q8_0, 3 q4_0)");
  }
  const std::optional<StorageSize> size = TensorStorage(
      entry.dtype, entry.rows(), entry.columns(), entry.block_size);
  if (!size.has_value()) {
    return SlmError(kDirectoryError, Quoted(spec), " has block_size ",
                    entry.block_size, ", which ", DTypeName(entry.dtype),
                    " with ", entry.columns(), " columns does not allow");
  }
  if (entry.byte_length != size->payload_bytes) {
    return SlmError(kDirectoryError, Quoted(spec), " has byte_length ",
                    entry.byte_length, " (expected ", size->payload_bytes,
                    ")");
  }
  if (entry.dtype == DType::kF32 && entry.scale_offset != 0) {
    return SlmError(kDirectoryError, Quoted(spec), " is f32 and has ",
                    "scale_offset ", entry.scale_offset, " (expected 0)");
  }
  return absl::OkStatus();
}

uint64_t ScaleCount(const TensorEntry& entry) {
  return TensorStorage(entry.dtype, entry.rows(), entry.columns(),
                       entry.block_size)
      ->scale_count;
}

absl::Status WalkTensor(const TensorSpec& spec, const TensorEntry& entry,
                        FileLayout& layout) {
  PEDIGREE_RETURN_IF_ERROR(
      layout.Next(kDirectoryError, Concat("payload of ", Quoted(spec)),
                  entry.byte_offset, entry.byte_length, kSectionAlignment));
  if (entry.dtype == DType::kF32) return absl::OkStatus();
  return layout.Next(kDirectoryError, Concat("scales of ", Quoted(spec)),
                     entry.scale_offset, ScaleCount(entry) * sizeof(float),
                     kSectionAlignment);
}

}  // namespace

uint64_t TensorLayoutChecksum(absl::Span<const TensorEntry> entries) {
  std::string layout;
  for (const TensorEntry& entry : entries) {
    AppendLittleEndian(entry.name_hash, layout);
    AppendLittleEndian(entry.rank, layout);
    for (const uint32_t dim : entry.dims) AppendLittleEndian(dim, layout);
  }
  return Checksum(AsBytes(layout));
}

absl::StatusOr<SlmReader> SlmReader::ParseStructure(ByteSpan file_bytes) {
  if (reinterpret_cast<uintptr_t>(file_bytes.data()) % alignof(float) != 0) {
    return MakeError(ErrorCode::kNullPointer,
                     "Invalid .slm buffer: its address is not a multiple of 4");
  }
  PEDIGREE_ASSIGN_OR_RETURN(const SlmHeader header,
                            ParseSlmHeader(file_bytes));
  FileLayout layout(file_bytes, ".slm file");
  PEDIGREE_RETURN_IF_ERROR(WalkSections(header, layout));
  // The directory lies in the file, so its length bounds what follows.
  PEDIGREE_RETURN_IF_ERROR(CheckTensorCount(header));

  SlmReader reader;
  reader.file_bytes_ = file_bytes;
  reader.shape_ = header.shape;
  reader.flags_ = header.flags;
  reader.checksum_ = header.checksum;
  reader.tokenizer_section_ =
      file_bytes.subspan(header.tokenizer_offset, header.tokenizer_length);
  PEDIGREE_RETURN_IF_ERROR(
      reader.ReadDirectory(header.tensor_directory_offset, layout));
  reader.DeriveIdentity();
  return reader;
}

absl::StatusOr<SlmReader> SlmReader::Parse(ByteSpan file_bytes) {
  PEDIGREE_ASSIGN_OR_RETURN(SlmReader reader, ParseStructure(file_bytes));
  PEDIGREE_RETURN_IF_ERROR(
      reader.CheckChecksum(FileChecksum(file_bytes, kSlmChecksumOffset)));
  PEDIGREE_RETURN_IF_ERROR(reader.CheckValues());
  return reader;
}

absl::Status SlmReader::ReadDirectory(uint64_t offset, FileLayout& layout) {
  specs_ = CanonicalTensors(shape_);
  const uint8_t* directory = file_bytes_.data() + offset;
  entries_.reserve(specs_.size());
  for (size_t i = 0; i < specs_.size(); ++i) {
    entries_.push_back(LoadEntry(directory + i * kTensorEntryBytes));
  }
  PEDIGREE_RETURN_IF_ERROR(CheckUniqueHashes(entries_));
  for (size_t i = 0; i < specs_.size(); ++i) {
    PEDIGREE_RETURN_IF_ERROR(CheckShape(specs_[i], i, entries_[i]));
    PEDIGREE_RETURN_IF_ERROR(
        CheckReserved(directory + i * kTensorEntryBytes, specs_[i]));
    PEDIGREE_RETURN_IF_ERROR(CheckStorage(specs_[i], entries_[i]));
    PEDIGREE_RETURN_IF_ERROR(WalkTensor(specs_[i], entries_[i], layout));
  }
  return layout.Finish(kDirectoryError, kSectionAlignment);
}

absl::Status SlmReader::CheckChecksum(uint64_t computed) const {
  if (computed == checksum_) return absl::OkStatus();
  return MakeError(ErrorCode::kChecksumMismatch,
                   "Corrupted .slm file: checksum mismatch (computed ",
                   Hex64(computed), ", stored ", Hex64(checksum_), ")");
}

absl::Status SlmReader::CheckValues() const {
  for (size_t i = 0; i < entries_.size(); ++i) {
    const DType dtype = entries_[i].dtype;
    PEDIGREE_RETURN_IF_ERROR(
        dtype == DType::kF32
            ? CheckF32Values(specs_[i].name, payload(i))
            : CheckScales(specs_[i].name, dtype, scales(i)));
  }
  return absl::OkStatus();
}

void SlmReader::DeriveIdentity() {
  for (const TensorSpec& spec : specs_) {
    parameter_count_ += spec.element_count();
  }
  tensor_layout_checksum_ = TensorLayoutChecksum(entries_);
  tokenizer_checksum_ = Checksum(tokenizer_section_);
}

int SlmReader::FindTensor(uint64_t name_hash) const {
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].name_hash == name_hash) return static_cast<int>(i);
  }
  return -1;
}

ByteSpan SlmReader::payload(int index) const {
  const TensorEntry& entry = entries_[index];
  return file_bytes_.subspan(entry.byte_offset, entry.byte_length);
}

absl::Span<const float> SlmReader::scales(int index) const {
  const TensorEntry& entry = entries_[index];
  if (entry.dtype == DType::kF32) return {};
  return absl::MakeConstSpan(
      reinterpret_cast<const float*>(file_bytes_.data() + entry.scale_offset),
      ScaleCount(entry));
}

}  // namespace pedigree

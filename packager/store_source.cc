#include "packager/store_source.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "packager/slm_writer.h"
#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/base/check.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/finite.h"
#include "runtime/tensor/half.h"
#include "runtime/threads/thread_pool.h"

namespace pedigree {
namespace {

constexpr uint64_t kBlock = kQuantBlockColumns;
// f32 bytes of the rows that are worked on at a time.
constexpr uint64_t kPieceBytes = uint64_t{4} << 20;

// One tensor on its way from the source to the file.
struct Tensor {
  const TensorSpec* spec = nullptr;
  const SourceTensor* source = nullptr;
  TensorStorageChoice choice;
  // The largest |value|; set when rows are read and NeedsLargest.
  float largest = 0;
};

// Some of its rows, as they are stored.
struct Piece {
  absl::Status status;
  TensorData data;
};

bool KeepsBits(const Tensor& tensor) {
  const SourceEncoding encoding = tensor.source->encoding;
  if (tensor.choice.dtype == DType::kQ4_0) {
    return encoding == SourceEncoding::kQ4Blocks;
  }
  if (tensor.choice.dtype != DType::kQ8_0) return false;
  const uint32_t block_size = tensor.choice.block_size;
  return (encoding == SourceEncoding::kQ8Blocks && block_size == kBlock) ||
         (encoding == SourceEncoding::kQ8Groups &&
          tensor.source->group_size % block_size == 0);
}

absl::Status ValueError(const Tensor& tensor, std::string_view what,
                        int64_t source_row, uint64_t column) {
  const uint64_t index =
      static_cast<uint64_t>(source_row) * tensor.spec->columns() + column;
  const absl::Status status = absl::InvalidArgumentError(
      absl::StrCat("Invalid model: tensor \"", tensor.source->name,
                   "\" value ", index, " ", what));
  const std::string& path = tensor.source->file.path;
  return path.empty() ? status : AnnotateWithPath(status, path);
}

// Converted to f32 and from there to the storage asked for.
Piece ConvertRows(const Tensor& tensor, uint64_t first, uint64_t count) {
  const uint64_t columns = tensor.spec->columns();
  std::vector<float> values(count * columns);
  ReadRows(*tensor.source, columns, first, count, values.data());
  const ByteSpan bytes(reinterpret_cast<const uint8_t*>(values.data()),
                       values.size() * sizeof(float));
  Piece piece;
  if (const auto index = FindNonFinite(bytes); index.has_value()) {
    piece.status = ValueError(
        tensor, "is not finite",
        SourceRow(*tensor.source, first + *index / columns), *index % columns);
    return piece;
  }
  piece.data = StoreRows(values, columns, tensor.choice.dtype,
                         tensor.choice.block_size, tensor.largest);
  return piece;
}

// Adds a group of `q` values whose scale is `scale`. A scale of 0, which makes
// its values 0, can't be stored: zeros with scale 1 are the same values.
absl::Status AddQ8Group(const uint8_t* q, uint64_t count, float scale,
                        TensorData& data) {
  if (scale == 0) {
    data.payload.append(count, '\0');
    data.scales.push_back(1.0f);
    return absl::OkStatus();
  }
  if (!(scale > 0) || !std::isfinite(scale)) {
    return absl::InvalidArgumentError(
        absl::StrCat("has scale ", scale, " (expected finite and positive)"));
  }
  data.payload.append(reinterpret_cast<const char*>(q), count);
  data.scales.push_back(scale);
  return absl::OkStatus();
}

// The same for a block of kQ4Blocks, whose nibbles change places.
absl::Status AddQ4Block(const uint8_t* q, float scale, TensorData& data) {
  if (scale == 0) {
    data.payload.append(kBlock / 2, '\0');
    data.scales.push_back(1.0f);
    return absl::OkStatus();
  }
  if (!std::isfinite(scale)) {
    return absl::InvalidArgumentError(
        absl::StrCat("has scale ", scale, " (expected finite)"));
  }
  char nibbles[kBlock];
  for (uint64_t i = 0; i < kBlock / 2; ++i) {
    nibbles[i] = static_cast<char>((q[i] & 15) ^ 8);
    nibbles[i + kBlock / 2] = static_cast<char>((q[i] >> 4) ^ 8);
  }
  for (uint64_t i = 0; i < kBlock; i += 2) {
    data.payload.push_back(
        static_cast<char>(nibbles[i] | (nibbles[i + 1] << 4)));
  }
  data.scales.push_back(scale);
  return absl::OkStatus();
}

// The block of the source that starts at `column` of `row`.
absl::Status AddSourceBlock(const Tensor& tensor, uint64_t row,
                            uint64_t column, TensorData& data) {
  const SourceTensor& source = *tensor.source;
  const uint64_t columns = tensor.spec->columns();
  const uint8_t* at = source.values.data() +
                      row * EncodedBytes(source.encoding, columns) +
                      EncodedBytes(source.encoding, column);
  if (source.encoding == SourceEncoding::kQ8Groups) {
    const uint64_t group = (row * columns + column) / source.group_size;
    const auto scale = LoadLittleEndian<float>(source.scales.data() +
                                               group * sizeof(float));
    return AddQ8Group(at, tensor.choice.block_size, scale, data);
  }
  const float scale = HalfToFloat(LoadLittleEndian<uint16_t>(at));
  return source.encoding == SourceEncoding::kQ8Blocks
             ? AddQ8Group(at + 2, kBlock, scale, data)
             : AddQ4Block(at + 2, scale, data);
}

// The source's own values and scales.
Piece CopyRows(const Tensor& tensor, uint64_t first, uint64_t count) {
  const uint64_t columns = tensor.spec->columns();
  const uint32_t block_size = tensor.choice.block_size;
  Piece piece;
  for (uint64_t row = first; row < first + count; ++row) {
    const int64_t source_row = SourceRow(*tensor.source, row);
    if (source_row == kAbsentRow) {
      piece.data.payload.append(
          tensor.choice.dtype == DType::kQ4_0 ? columns / 2 : columns, '\0');
      piece.data.scales.insert(piece.data.scales.end(), columns / block_size,
                               1.0f);
      continue;
    }
    for (uint64_t column = 0; column < columns; column += block_size) {
      const absl::Status status =
          AddSourceBlock(tensor, source_row, column, piece.data);
      if (!status.ok()) {
        piece.status =
            ValueError(tensor, status.message(), source_row, column);
        return piece;
      }
    }
  }
  return piece;
}

// Gives back what was mapped of the source to read these rows.
void ReleaseRows(const Tensor& tensor, uint64_t first, uint64_t count) {
  const SourceTensor& source = *tensor.source;
  if (source.file.mapped == nullptr) return;
  int64_t begin = -1;
  int64_t end = -1;
  for (uint64_t row = first; row < first + count; ++row) {
    const int64_t source_row = SourceRow(source, row);
    if (source_row == kAbsentRow) continue;
    if (begin < 0 || source_row < begin) begin = source_row;
    end = std::max(end, source_row + 1);
  }
  if (begin < 0) return;
  const uint64_t row_bytes =
      EncodedBytes(source.encoding, tensor.spec->columns());
  source.file.mapped->Release(
      source.values.subspan(begin * row_bytes, (end - begin) * row_bytes));
  if (first + count == tensor.spec->rows() && !source.scales.empty()) {
    source.file.mapped->Release(source.scales);
  }
}

Piece ReadPiece(const Tensor& tensor, uint64_t first, uint64_t count) {
  Piece piece = KeepsBits(tensor) ? CopyRows(tensor, first, count)
                                  : ConvertRows(tensor, first, count);
  ReleaseRows(tensor, first, count);
  return piece;
}

// Rows that make a piece.
uint64_t PieceRows(const Tensor& tensor) {
  const uint64_t row_bytes = tensor.spec->columns() * sizeof(float);
  return std::max<uint64_t>(1, kPieceBytes / row_bytes);
}

// The largest |value| of the rows that are stored. Reads the tensor once more,
// most often from the system's cache.
float FindLargest(const Tensor& tensor) {
  const uint64_t rows = tensor.spec->rows();
  const uint64_t columns = tensor.spec->columns();
  std::vector<float> values;
  float largest = 0;
  for (uint64_t row = 0; row < rows; row += PieceRows(tensor)) {
    const uint64_t count = std::min(rows - row, PieceRows(tensor));
    values.resize(count * columns);
    ReadRows(*tensor.source, columns, row, count, values.data());
    largest = std::max(largest, LargestMagnitude(values));
    ReleaseRows(tensor, row, count);
  }
  return largest;
}

// The pieces of all tensors, one after the other.
class PieceReader {
 public:
  explicit PieceReader(std::vector<Tensor> tensors)
      : tensors_(std::move(tensors)) {}

  bool AtEnd() const { return tensor_ == tensors_.size(); }

  // Not at the end.
  Piece Next() {
    Tensor& tensor = tensors_[tensor_];
    if (row_ == 0 && !KeepsBits(tensor) &&
        NeedsLargest(tensor.spec->columns(), tensor.choice.dtype,
                     tensor.choice.block_size)) {
      tensor.largest = FindLargest(tensor);
    }
    const uint64_t rows = tensor.spec->rows();
    const uint64_t count = std::min(rows - row_, PieceRows(tensor));
    Piece piece = ReadPiece(tensor, row_, count);
    row_ += count;
    if (row_ == rows) {
      row_ = 0;
      ++tensor_;
    }
    return piece;
  }

 private:
  std::vector<Tensor> tensors_;
  size_t tensor_ = 0;
  uint64_t row_ = 0;
};

// Reads a piece while the one before it is checksummed and written.
absl::Status WritePieces(PieceReader& reader, SlmWriter& writer,
                         const Progress& progress) {
  // A small model is not worth a thread.
  const bool large = writer.file_bytes() > 4 * kPieceBytes;
  ThreadPool pool(large ? std::min(2, AvailableThreads()) : 1);
  Piece piece = reader.Next();
  while (true) {
    PEDIGREE_RETURN_IF_ERROR(piece.status);
    Piece next;
    const bool at_end = reader.AtEnd();
    absl::Status written;
    const auto write = [&] {
      written = writer.Append(AsBytes(piece.data.payload), piece.data.scales);
    };
    const auto read = [&] {
      if (!at_end) next = reader.Next();
    };
    if (pool.size() < 2) {
      write();
      read();
    } else {
      pool.Run(2, [&](int i) { i == 0 ? write() : read(); });
    }
    PEDIGREE_RETURN_IF_ERROR(written);
    if (progress) progress(writer.written_bytes(), writer.file_bytes());
    if (at_end) return absl::OkStatus();
    piece = std::move(next);
  }
}

}  // namespace

TensorStorageChoice ChooseSourceStorage(const TensorSpec& spec,
                                        const SourceTensor& tensor,
                                        const StorageRequest& request) {
  if (!request.as_source) return ChooseStorage(spec, request);
  if (spec.rank == 1) return {};
  const auto columns = static_cast<uint32_t>(spec.columns());
  switch (tensor.encoding) {
    case SourceEncoding::kQ8Blocks:
      return {DType::kQ8_0, kQuantBlockColumns, ""};
    case SourceEncoding::kQ4Blocks:
      return {DType::kQ4_0, kQuantBlockColumns, ""};
    case SourceEncoding::kQ8Groups:
      if (tensor.group_size == columns) return {DType::kQ8_0, columns, ""};
      if (tensor.group_size % kQuantBlockColumns == 0 &&
          columns % kQuantBlockColumns == 0) {
        return {DType::kQ8_0, kQuantBlockColumns, ""};
      }
      return {DType::kF32, 0,
              absl::StrCat("groups of ", tensor.group_size,
                           " are no blocks of 32 in rows of ", columns)};
    default:
      return {};
  }
}

absl::StatusOr<StoredSource> StoreSource(const ModelSource& source,
                                         const StorageRequest& request,
                                         ByteSink* sink, uint64_t checksum,
                                         const Progress& progress) {
  const std::vector<TensorSpec> specs = CanonicalTensors(source.shape);
  PEDIGREE_CHECK(specs.size() == source.tensors.size());
  std::vector<Tensor> tensors;
  std::vector<TensorForm> forms;
  StoredSource stored;
  for (size_t i = 0; i < specs.size(); ++i) {
    TensorStorageChoice choice =
        ChooseSourceStorage(specs[i], source.tensors[i], request);
    if (!choice.reason.empty()) {
      stored.exceptions.push_back({specs[i].name, choice.dtype, choice.reason});
    }
    forms.push_back({choice.dtype, choice.block_size});
    tensors.push_back({&specs[i], &source.tensors[i], std::move(choice)});
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::unique_ptr<SlmWriter> writer,
      SlmWriter::Create(source.shape, source.tokenizer_section, forms, sink,
                        checksum));
  PieceReader reader(std::move(tensors));
  PEDIGREE_RETURN_IF_ERROR(WritePieces(reader, *writer, progress));
  PEDIGREE_ASSIGN_OR_RETURN(stored.facts, writer->Finish());
  stored.checksum = writer->checksum();
  return stored;
}

}  // namespace pedigree

#include "packager/store_source.h"

#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "packager/slm_writer.h"
#include "packager/tokenizers/tokenizer_import.h"
#include "runtime/base/check.h"
#include "runtime/base/file.h"
#include "runtime/base/status_macros.h"
#include "runtime/format/finite.h"
#include "runtime/tensor/half.h"

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
  StorageErrorMeter error;
};

// Some of its rows, as they are stored.
struct Piece {
  absl::Status status;
  TensorData data;
};

// Whether the source's values are `dtype` in groups of which a scale of the
// file covers no more than one, so that they can stay as they are.
bool KeepsBits(const Tensor& tensor) {
  const SourceTensor& source = *tensor.source;
  const uint32_t block_size = tensor.choice.block_size;
  switch (source.encoding) {
    case SourceEncoding::kQ4Blocks:
      return tensor.choice.dtype == DType::kQ4_0 && block_size == kBlock;
    case SourceEncoding::kQ8Blocks:
      return tensor.choice.dtype == DType::kQ8_0 && block_size == kBlock;
    case SourceEncoding::kQ4Groups:
      return tensor.choice.dtype == DType::kQ4_0 &&
             source.group_size % block_size == 0;
    case SourceEncoding::kQ8Groups:
      return tensor.choice.dtype == DType::kQ8_0 &&
             source.group_size % block_size == 0;
    default:
      return false;
  }
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

// The values of some rows in f32: where the source has them so, in place.
class RowValues {
 public:
  RowValues(const Tensor& tensor, uint64_t first, uint64_t count) {
    const SourceTensor& source = *tensor.source;
    const uint64_t columns = tensor.spec->columns();
    const uint8_t* const in_place =
        source.values.data() + first * columns * sizeof(float);
    if (source.encoding == SourceEncoding::kF32 && source.rows == nullptr &&
        reinterpret_cast<uintptr_t>(in_place) % alignof(float) == 0) {
      values_ = absl::MakeConstSpan(reinterpret_cast<const float*>(in_place),
                                    count * columns);
      return;
    }
    owned_.resize(count * columns);
    ReadRows(source, columns, first, count, owned_.data());
    values_ = owned_;
  }
  RowValues(const RowValues&) = delete;
  RowValues& operator=(const RowValues&) = delete;

  absl::Span<const float> Get() const { return values_; }

 private:
  std::vector<float> owned_;
  absl::Span<const float> values_;
};

// Converted to f32 and from there to the storage asked for.
Piece ConvertRows(Tensor& tensor, uint64_t first, uint64_t count) {
  const uint64_t columns = tensor.spec->columns();
  const RowValues rows(tensor, first, count);
  const absl::Span<const float> values = rows.Get();
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
  tensor.error.Add(values, columns, piece.data);
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
  if (source.encoding == SourceEncoding::kQ4Groups) {
    // From a file of this format: scales are checked already.
    const uint64_t group = (row * columns + column) / source.group_size;
    data.payload.append(reinterpret_cast<const char*>(at),
                        tensor.choice.block_size / 2);
    data.scales.push_back(LoadLittleEndian<float>(source.scales.data() +
                                                  group * sizeof(float)));
    return absl::OkStatus();
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

// The part of the source's values that these rows were read from.
ByteSpan SourceBytes(const Tensor& tensor, uint64_t first, uint64_t count) {
  const SourceTensor& source = *tensor.source;
  int64_t begin = -1;
  int64_t end = -1;
  for (uint64_t row = first; row < first + count; ++row) {
    const int64_t source_row = SourceRow(source, row);
    if (source_row == kAbsentRow) continue;
    if (begin < 0 || source_row < begin) begin = source_row;
    end = std::max(end, source_row + 1);
  }
  if (begin < 0) return {};
  const uint64_t row_bytes =
      EncodedBytes(source.encoding, tensor.spec->columns());
  return source.values.subspan(begin * row_bytes, (end - begin) * row_bytes);
}

// Tells `check`, which may be null, what was read, and gives back what was
// mapped for it.
void FinishBytes(const SourceTensor& source, ByteSpan bytes,
                 SourceCheck* check) {
  if (bytes.empty()) return;
  if (check != nullptr) check->Read(bytes);
  if (source.file.mapped != nullptr) source.file.mapped->Release(bytes);
}

Piece ReadPiece(Tensor& tensor, uint64_t first, uint64_t count,
                SourceCheck* check) {
  Piece piece = KeepsBits(tensor) ? CopyRows(tensor, first, count)
                                  : ConvertRows(tensor, first, count);
  FinishBytes(*tensor.source, SourceBytes(tensor, first, count), check);
  if (first + count == tensor.spec->rows()) {
    FinishBytes(*tensor.source, tensor.source->scales, check);
  }
  return piece;
}

// Rows that make a piece.
uint64_t PieceRows(const Tensor& tensor) {
  const uint64_t row_bytes = tensor.spec->columns() * sizeof(float);
  return std::max<uint64_t>(1, kPieceBytes / row_bytes);
}

// The largest |value| of the rows that are stored. What it maps stays until the
// rows are read again: at most a tensor.
float FindLargest(const Tensor& tensor) {
  const uint64_t rows = tensor.spec->rows();
  float largest = 0;
  for (uint64_t row = 0; row < rows; row += PieceRows(tensor)) {
    const uint64_t count = std::min(rows - row, PieceRows(tensor));
    const RowValues values(tensor, row, count);
    largest = std::max(largest, LargestMagnitude(values.Get()));
  }
  return largest;
}

// The pieces of all tensors, one after the other.
class PieceReader {
 public:
  // `check` may be null.
  PieceReader(std::vector<Tensor> tensors, SourceCheck* check)
      : tensors_(std::move(tensors)), check_(check) {}

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
    Piece piece = ReadPiece(tensor, row_, count, check_);
    row_ += count;
    if (row_ == rows) {
      row_ = 0;
      ++tensor_;
    }
    return piece;
  }

  // At the end: of tensors that were quantised.
  std::vector<StoredTensorError> Errors() const {
    std::vector<StoredTensorError> errors;
    for (const Tensor& tensor : tensors_) {
      if (tensor.choice.dtype == DType::kF32 || KeepsBits(tensor)) continue;
      errors.push_back({tensor.spec->name, tensor.choice.dtype,
                        tensor.error.Result()});
    }
    return errors;
  }

 private:
  std::vector<Tensor> tensors_;
  SourceCheck* check_;
  size_t tensor_ = 0;
  uint64_t row_ = 0;
};

// A few pieces between the thread that reads and the one that writes.
class PieceQueue {
 public:
  // Waits while the queue is full.
  void Push(Piece piece) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return pieces_.size() < kMaxPieces; });
    pieces_.push_back(std::move(piece));
    changed_.notify_all();
  }

  // No piece comes after those that are in it.
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  // Waits for a piece; nothing when the queue is closed and empty.
  std::optional<Piece> Pop() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !pieces_.empty(); });
    if (pieces_.empty()) return std::nullopt;
    Piece piece = std::move(pieces_.front());
    pieces_.pop_front();
    changed_.notify_all();
    return piece;
  }

 private:
  static constexpr size_t kMaxPieces = 2;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> pieces_;
  bool closed_ = false;
};

// Checksums and writes pieces, on a thread of its own where the system gives
// one. Threads here wait for each other asleep, since another may be hashing
// the input.
class PieceWriter {
 public:
  // Borrows both; `progress` may be null.
  PieceWriter(SlmWriter* writer, const Progress& progress, bool threaded)
      : writer_(*writer), progress_(progress) {
    threaded_ = threaded &&
                pthread_create(&thread_, nullptr, &PieceWriter::Run, this) == 0;
  }
  ~PieceWriter() { Finish().IgnoreError(); }
  PieceWriter(const PieceWriter&) = delete;
  PieceWriter& operator=(const PieceWriter&) = delete;

  void Write(Piece piece) {
    if (threaded_) {
      queue_.Push(std::move(piece));
    } else {
      WriteNow(piece);
    }
  }

  // Waits until all is written. Errors: the first one's, after which no piece
  // was written.
  absl::Status Finish() {
    if (threaded_) {
      queue_.Close();
      pthread_join(thread_, nullptr);
      threaded_ = false;
    }
    return status_;
  }

 private:
  static void* Run(void* self) {
    PieceWriter& writer = *static_cast<PieceWriter*>(self);
    while (const std::optional<Piece> piece = writer.queue_.Pop()) {
      writer.WriteNow(*piece);
    }
    return nullptr;
  }

  void WriteNow(const Piece& piece) {
    if (!status_.ok()) return;
    status_ = writer_.Append(AsBytes(piece.data.payload), piece.data.scales);
    if (progress_ && status_.ok()) {
      progress_(writer_.written_bytes(), writer_.file_bytes());
    }
  }

  SlmWriter& writer_;
  const Progress& progress_;
  absl::Status status_;
  PieceQueue queue_;
  pthread_t thread_;
  bool threaded_ = false;
};

// Reads a piece while those before it are written.
absl::Status WritePieces(PieceReader& reader, SlmWriter& slm_writer,
                         const Progress& progress) {
  // A small model is not worth a thread.
  const bool large = slm_writer.file_bytes() > 4 * kPieceBytes;
  PieceWriter writer(&slm_writer, progress, large);
  while (!reader.AtEnd()) {
    Piece piece = reader.Next();
    if (!piece.status.ok()) return piece.status;
    writer.Write(std::move(piece));
  }
  return writer.Finish();
}

// The values of a computed model's tensor, as `choice` stores them.
absl::StatusOr<TensorData> StoreChecked(const TensorSpec& spec,
                                        const TensorStorageChoice& choice,
                                        const std::vector<float>& values) {
  if (values.size() != spec.element_count()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid model: tensor \"", spec.name, "\" has ", values.size(),
        " values (expected ", spec.element_count(), ")"));
  }
  const ByteSpan bytes(reinterpret_cast<const uint8_t*>(values.data()),
                       values.size() * sizeof(float));
  if (const auto index = FindNonFinite(bytes); index.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid model: tensor \"", spec.name, "\" value ",
                     *index, " is not finite"));
  }
  return StoreTensor(values, spec.columns(), choice.dtype, choice.block_size);
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
    case SourceEncoding::kQ4Groups:
      return {DType::kQ4_0, tensor.group_size, ""};
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
  PEDIGREE_RETURN_IF_ERROR(CheckOverrides(specs, request));
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
    tensors.push_back(
        {&specs[i], &source.tensors[i], std::move(choice), 0, {}});
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::unique_ptr<SlmWriter> writer,
      SlmWriter::Create(source.shape, source.tokenizer_section, forms, sink,
                        checksum));
  const std::unique_ptr<SourceCheck> check =
      source.make_check == nullptr ? nullptr : source.make_check();
  PieceReader reader(std::move(tensors), check.get());
  const absl::Status written = WritePieces(reader, *writer, progress);
  // A corrupted source is named as such, whatever came of its values.
  if (check != nullptr) PEDIGREE_RETURN_IF_ERROR(check->Finish());
  PEDIGREE_RETURN_IF_ERROR(written);
  PEDIGREE_ASSIGN_OR_RETURN(stored.facts, writer->Finish());
  stored.checksum = writer->checksum();
  stored.errors = reader.Errors();
  return stored;
}

absl::StatusOr<StoredSource> StoreComputed(const ComputedModel& model,
                                           const StorageRequest& request,
                                           ByteSink* sink, uint64_t checksum,
                                           const Progress& progress) {
  const std::vector<TensorSpec> specs = CanonicalTensors(model.shape);
  PEDIGREE_RETURN_IF_ERROR(CheckOverrides(specs, request));
  std::vector<TensorStorageChoice> choices;
  std::vector<TensorForm> forms;
  StoredSource stored;
  for (const TensorSpec& spec : specs) {
    choices.push_back(ChooseStorage(spec, request));
    const TensorStorageChoice& choice = choices.back();
    forms.push_back({choice.dtype, choice.block_size});
    if (!choice.reason.empty()) {
      stored.exceptions.push_back({spec.name, choice.dtype, choice.reason});
    }
  }
  PEDIGREE_ASSIGN_OR_RETURN(
      const std::unique_ptr<SlmWriter> writer,
      SlmWriter::Create(model.shape, model.tokenizer_section, forms, sink,
                        checksum));
  for (size_t i = 0; i < specs.size(); ++i) {
    const std::vector<float> values = model.values(i);
    PEDIGREE_ASSIGN_OR_RETURN(const TensorData data,
                              StoreChecked(specs[i], choices[i], values));
    PEDIGREE_RETURN_IF_ERROR(
        writer->Append(AsBytes(data.payload), data.scales));
    if (choices[i].dtype != DType::kF32) {
      StorageErrorMeter error;
      error.Add(values, specs[i].columns(), data);
      stored.errors.push_back(
          {specs[i].name, choices[i].dtype, error.Result()});
    }
    if (progress) progress(writer->written_bytes(), writer->file_bytes());
  }
  PEDIGREE_ASSIGN_OR_RETURN(stored.facts, writer->Finish());
  stored.checksum = writer->checksum();
  return stored;
}

}  // namespace pedigree

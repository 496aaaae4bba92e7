// The canonical writer of `.slm` files: equal content, equal bytes.
// Specification: docs/formats/slm.md.

#ifndef PEDIGREE_PACKAGER_SLM_WRITER_H_
#define PEDIGREE_PACKAGER_SLM_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "packager/byte_sink.h"
#include "packager/model_facts.h"
#include "runtime/base/bytes.h"
#include "runtime/base/checksum.h"
#include "runtime/base/sha256.h"
#include "runtime/format/slm_format.h"

namespace pedigree {

// How a tensor is stored: what its place in the file depends on.
struct TensorForm {
  DType dtype = DType::kF32;
  uint32_t block_size = 0;
};

// Writes a model tensor by tensor and piece by piece, so that none need be in
// memory as a whole. Checks all that SlmReader and Tokenizer would refuse, so
// what it finishes always parses.
class SlmWriter {
 public:
  // Writes all that precedes the values. `forms` are in the order of
  // CanonicalTensors(shape). `sink` is borrowed.
  //
  // The file holds a checksum of all its bytes near its start. Finish puts it
  // there by ByteSink::Overwrite; `checksum` spares that where an earlier run
  // told it.
  //
  // Errors: kInvalidArgument, naming the tensor or field and both values;
  // those of Tokenizer::Parse and of the sink.
  static absl::StatusOr<std::unique_ptr<SlmWriter>> Create(
      const ModelShape& shape, std::string_view tokenizer_section,
      absl::Span<const TensorForm> forms, ByteSink* sink,
      uint64_t checksum = 0);

  // The next values of the tensor at hand, which is the first one that is not
  // complete: a part of its payload and, in their own order, some of its
  // scales. Pieces need not fit each other.
  //
  // Errors: kInvalidArgument for more than the tensor holds, values or scales
  // that no file may hold; those of the sink.
  absl::Status Append(ByteSpan payload, absl::Span<const float> scales);

  // What was written; `digest` is left for who has all bytes.
  //
  // Errors: kInvalidArgument when a tensor is not complete; those of the sink.
  absl::StatusOr<ModelFacts> Finish();

  // Index of the tensor at hand.
  size_t tensor() const { return tensor_; }
  // So far, and of the whole file.
  uint64_t written_bytes() const { return written_; }
  uint64_t file_bytes() const { return facts_.file_bytes; }
  // The checksum that the file holds, after Finish.
  uint64_t checksum() const { return checksum_; }

 private:
  SlmWriter(const ModelShape& shape, std::string_view tokenizer_section,
            ByteSink* sink, uint64_t checksum);

  absl::Status WriteHead();
  absl::Status Emit(ByteSpan bytes);
  absl::Status Pad();
  absl::Status EmitScales();
  uint64_t ScaleCount() const;

  ByteSink& sink_;
  uint64_t checksum_;
  ModelFacts facts_;
  std::vector<TensorSpec> specs_;
  ChecksumStream checksum_stream_;
  uint64_t written_ = 0;
  // The tensor at hand: its index, payload bytes so far, scales so far, and
  // the digest of both.
  size_t tensor_ = 0;
  uint64_t payload_bytes_ = 0;
  std::vector<float> scales_;
  Sha256Stream tensor_digest_;
};

// The stored values of one tensor.
struct TensorData {
  DType dtype = DType::kF32;
  uint32_t block_size = 0;
  std::string payload;        // as docs/formats/slm.md "Storage types" says
  std::vector<float> scales;  // empty for f32
};

// A whole model. `tensors` are in the order of CanonicalTensors(shape).
struct SlmContent {
  ModelShape shape;
  std::string tokenizer_section;
  std::vector<TensorData> tensors;
};

// The bytes that an SlmWriter makes of `content`. Errors: its.
absl::StatusOr<std::string> WriteSlm(const SlmContent& content);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_SLM_WRITER_H_

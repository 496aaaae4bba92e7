// Reading `.slm` files. Specification: docs/formats/slm.md.

#ifndef PEDIGREE_RUNTIME_FORMAT_SLM_READER_H_
#define PEDIGREE_RUNTIME_FORMAT_SLM_READER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/base/bytes.h"
#include "runtime/format/slm_format.h"

namespace pedigree {

class FileLayout;

// A checked view of one `.slm` file. Borrows the bytes and never copies a
// payload. Immutable, so any number of threads may read it.
class SlmReader {
 public:
  // Checks, in this order: header, section ranges, tensor directory (names,
  // shapes, storage, no overlap, canonical layout, zero padding), the stored
  // checksum, and every payload and scale value. The tokenizer section is
  // only located: Tokenizer::Parse reads it. `file_bytes` must be 4-byte
  // aligned and outlive the reader.
  //
  // Errors carry the ABI's error codes 4 to 10 and 21; messages name the
  // field or tensor, the place and both values.
  static absl::StatusOr<SlmReader> Parse(ByteSpan file_bytes);

  // The part of Parse that comes before the checksum and touches no payload. What
  // it gives must not be computed with before CheckChecksum and CheckValues have
  // passed: for callers that read the payloads once for that and for more.
  static absl::StatusOr<SlmReader> ParseStructure(ByteSpan file_bytes);
  // `computed` is the file's FileChecksum.
  absl::Status CheckChecksum(uint64_t computed) const;
  absl::Status CheckValues() const;

  ByteSpan file_bytes() const { return file_bytes_; }
  const ModelShape& shape() const { return shape_; }
  uint32_t flags() const { return flags_; }
  uint64_t checksum() const { return checksum_; }
  ByteSpan tokenizer_section() const { return tokenizer_section_; }

  // Canonical names and shapes, and the entries in the same order.
  absl::Span<const TensorSpec> specs() const { return specs_; }
  absl::Span<const TensorEntry> entries() const { return entries_; }
  // Index of the tensor with this name hash, or -1.
  int FindTensor(uint64_t name_hash) const;

  // Raw payload and scales (empty for f32) of tensor `index`.
  ByteSpan payload(int index) const;
  absl::Span<const float> scales(int index) const;

  // Derived identity, docs/formats/slm.md "Derived identity".
  uint64_t parameter_count() const { return parameter_count_; }
  uint64_t tensor_layout_checksum() const { return tensor_layout_checksum_; }
  uint64_t tokenizer_checksum() const { return tokenizer_checksum_; }

 private:
  SlmReader() = default;

  absl::Status ReadDirectory(uint64_t offset, FileLayout& layout);
  void DeriveIdentity();

  ByteSpan file_bytes_;
  ModelShape shape_;
  uint32_t flags_ = 0;
  uint64_t checksum_ = 0;
  ByteSpan tokenizer_section_;
  std::vector<TensorSpec> specs_;
  std::vector<TensorEntry> entries_;
  uint64_t parameter_count_ = 0;
  uint64_t tensor_layout_checksum_ = 0;
  uint64_t tokenizer_checksum_ = 0;
};

// XXH3-64 over what makes up a model's tensor layout, docs/formats/slm.md
// "Derived identity".
uint64_t TensorLayoutChecksum(absl::Span<const TensorEntry> entries);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_FORMAT_SLM_READER_H_

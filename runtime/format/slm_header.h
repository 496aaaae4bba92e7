// The header of `.slm` files. Specification: docs/formats/slm.md "Header".

#ifndef PEDIGREE_RUNTIME_FORMAT_SLM_HEADER_H_
#define PEDIGREE_RUNTIME_FORMAT_SLM_HEADER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"
#include "runtime/format/slm_format.h"

namespace pedigree {

// The header's fields, in the order of the file.
struct SlmHeader {
  uint32_t header_length = 0;
  uint32_t flags = 0;
  ModelShape shape;
  uint64_t tokenizer_offset = 0;
  uint64_t tokenizer_length = 0;
  uint64_t tensor_directory_offset = 0;
  uint32_t tensor_count = 0;
  uint64_t tensor_data_offset = 0;
  uint64_t checksum = 0;
};

// Checks every rule that the header has for the model's shape, and that the
// products of dimensions fit in a directory entry.
//
// Errors: code InvalidHeader, naming the field and both values.
absl::Status CheckModelShape(const ModelShape& shape);

// Reads the header and checks its fields one by one. Offsets are not checked
// against the file here: SlmReader walks all ranges in order.
//
// Errors: codes InvalidModelMagic, UnsupportedModelVersion and InvalidHeader.
absl::StatusOr<SlmHeader> ParseSlmHeader(ByteSpan file_bytes);

}  // namespace pedigree

#endif  // PEDIGREE_RUNTIME_FORMAT_SLM_HEADER_H_

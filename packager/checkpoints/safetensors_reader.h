// Reading safetensors files: a length, a JSON header, and tensors behind it.
// Source: the format's description at github.com/huggingface/safetensors.

#ifndef PEDIGREE_PACKAGER_CHECKPOINTS_SAFETENSORS_READER_H_
#define PEDIGREE_PACKAGER_CHECKPOINTS_SAFETENSORS_READER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/base/bytes.h"

namespace pedigree {

struct SafetensorsTensor {
  // As the file writes it: "F32", "BF16".
  std::string dtype;
  std::vector<uint64_t> shape;
  // Row-major; of any alignment.
  ByteSpan bytes;
};

// The longest header, which is also that of the reference implementation.
inline constexpr uint64_t kMaxSafetensorsHeaderBytes = 100000000;

// Every tensor of `file_bytes` by name; borrows the bytes. Checks that each
// has as many bytes as dtype and shape ask for, and that together they cover
// what follows the header, without overlap or gap. `__metadata__` is checked
// and left out.
//
// Errors: kDataLoss for a file that is cut short; kInvalidArgument for one
// that breaks the format, with the tensor and both values; kUnimplemented for
// a dtype that is unknown here.
absl::StatusOr<std::map<std::string, SafetensorsTensor>> ParseSafetensors(
    ByteSpan file_bytes);

}  // namespace pedigree

#endif  // PEDIGREE_PACKAGER_CHECKPOINTS_SAFETENSORS_READER_H_
